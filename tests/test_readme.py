"""The code of the README and of the user guide runs, block after block."""

import pytest

from tests._pages import run_python_blocks

PAGES = ("README.md", "docs/index.md", "docs/user_guide.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_python_block_runs_in_order(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    run_python_blocks(page)

"""The code of the README and of the user guide runs, block after block."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/index.md", "docs/user_guide.md")


@pytest.fixture
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "MPLBACKEND", "Agg")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("_in_a_folder_of_its_own")
def test_every_python_block_runs_in_order(page):
    text = (ROOT / page).read_text("utf-8")
    found = re.findall(r"^```python[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} shows how to use the library"
    namespace = {"__name__": "page"}
    for number, block in enumerate(found, 1):
        exec(compile(block, f"{page}, block {number}", "exec"), namespace)

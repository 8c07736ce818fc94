"""Every example runs, prints a table of finite numbers, and saves a picture that is not blank."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|nan|inf", re.IGNORECASE)


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_prints_a_table_and_saves_a_picture(path, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [numbers for line in done.stdout.splitlines() if len(numbers := numbers_of(line)) > 1]
    assert len(rows) >= 2, f"a table:\n{done.stdout}"
    assert all(math.isfinite(number) for row in rows for number in row), done.stdout
    (saved,) = re.findall(r"^saved (.+\.png)$", done.stdout, re.MULTILINE)
    picture = imread(tmp_path / saved)[..., :3]
    assert min(picture.shape[:2]) > 200
    drawn = (abs(picture - picture[0, 0]) > 0.1).any(-1)
    assert 0.01 < drawn.mean() < 0.9, "neither blank nor filled"
    assert len(set(map(tuple, picture[drawn].round(1)))) > 3, "curves or bars in colour"


def numbers_of(line):
    """The numbers that stand alone in a line."""
    return [float(word) for word in re.split(r"[\s:,{}()']+", line) if NUMBER.fullmatch(word)]

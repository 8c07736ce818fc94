"""The code of a page of documentation, run as a test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_python_blocks(page):
    """Run the page's blocks in order, with one namespace for all of them; it is returned."""
    text = (ROOT / page).read_text("utf-8")
    found = re.findall(r"^```python[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has code"
    namespace = {"__name__": "page"}
    for number, block in enumerate(found, 1):
        exec(compile(block, f"{page}, block {number}", "exec"), namespace)
    return namespace

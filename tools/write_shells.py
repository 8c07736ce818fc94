"""Write the signatures and docstrings of the shells from the table of parameters.

In each file of a shell it replaces ``__init__`` and the sections Parameters and Attributes of the
class's docstring. Everything else is written by hand, also the imports that annotations need
(``make lint`` finds missing ones). Run it by ``make shells``. With ``--check`` it writes nothing,
and fails if a file would change.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from sklearn_3mtl.settings.parameters import (
    FAMILIES,
    Entry,
    Family,
    Kinds,
    Parameter,
    attributes_of,
    parameters_of,
)

ROOT = Path(__file__).parents[1]
SHELLS = ROOT / "sklearn_3mtl" / "estimators"
KINDS_OF_FILE: dict[str, Kinds] = {"regressor": "regression", "classifier": "classification"}
WIDTH = 100
INDENT = " " * 4
# With one parameter per line these files would be longer than 300 lines.
PACKED: tuple[Family, ...] = ("three_mtl",)


def shell_files() -> list[tuple[Path, Family, Kinds]]:
    """The file of each shell, its family, and the kinds of targets that it takes."""
    return [
        (path, family, KINDS_OF_FILE.get(path.stem, "mixed"))
        for family in FAMILIES
        for path in sorted((SHELLS / family).glob("[!_]*.py"))
    ]


def section(title: str, entries: Sequence[Entry]) -> str:
    """A numpydoc section, indented as in a class."""
    lines = [title, "-" * len(title)]
    for entry in entries:
        lines.append(entry.heading)
        text = " ".join(entry.text.split())
        lines += textwrap.wrap(
            text, WIDTH - len(INDENT), initial_indent=INDENT, subsequent_indent=INDENT,
            break_on_hyphens=False, break_long_words=False,
        )  # fmt: skip
    return textwrap.indent("\n".join(lines), INDENT)


def signature(parameters: Sequence[Parameter], packed: bool) -> list[str]:
    """The lines of the parameters in the signature."""
    parts = [f"{p.name}: {p.annotation} = {p.default_code}," for p in parameters]
    if packed:
        # A part must not be broken: its blanks are replaced while the lines are filled.
        text = " ".join(part.replace(" ", "\0") for part in parts)
        parts = textwrap.wrap(
            text, WIDTH - 2 * len(INDENT), break_on_hyphens=False, break_long_words=False
        )
    return [2 * INDENT + part.replace("\0", " ") for part in parts]


def constructor(parameters: Sequence[Parameter], packed: bool) -> list[str]:
    """The lines of ``__init__``."""
    return [
        f"{INDENT}def __init__(",
        *(2 * INDENT + line for line in (["self, *,"] if packed else ["self,", "*,"])),
        *signature(parameters, packed),
        f"{INDENT}) -> None:" + ("  # fmt: skip" if packed else ""),
        *assignments([p.name for p in parameters], packed),
    ]


def assignments(names: Sequence[str], packed: bool) -> list[str]:
    """The lines that set the attributes: one each, or as many as fit into a line."""
    groups: list[list[str]] = []
    for name in names:
        if packed and groups and len(assignment([*groups[-1], name])) <= WIDTH:
            groups[-1].append(name)
        else:
            groups.append([name])
    return [assignment(group) for group in groups]


def assignment(names: Sequence[str]) -> str:
    """Set the attributes of these names in one statement."""
    targets = ", ".join(f"self.{name}" for name in names)
    return f"{2 * INDENT}{targets} = {', '.join(names)}"


def with_sections(docstring: str, sections: dict[str, str]) -> str:
    """The text of a docstring with some of its sections replaced."""
    for title, new in sections.items():
        pattern = rf"(?ms)^    {title}\n    -+\n.*?(?=\n\n    \w+\n    -+\n|\n    \"\"\")"
        docstring, n_found = re.subn(pattern, lambda _, new=new: new, docstring, count=1)
        if not n_found:
            raise ValueError(f"The docstring should have a section {title}.")
    return docstring


def rewritten(source: str, family: Family, kinds: Kinds) -> str:
    """The source of a shell as the table says."""
    parameters = parameters_of(family, kinds)
    lines = source.splitlines()
    [shell] = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    docstring = shell.body[0]
    old = [n for n in shell.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    new = constructor(parameters, family in PACKED)
    if old:
        lines[old[0].lineno - 1 : old[0].end_lineno] = new
    else:
        lines[docstring.end_lineno : docstring.end_lineno] = ["", *new]
    start, end = docstring.lineno - 1, docstring.end_lineno
    sections = {
        "Parameters": section("Parameters", parameters),
        "Attributes": section("Attributes", attributes_of(family, kinds)),
    }
    lines[start:end] = with_sections("\n".join(lines[start:end]), sections).splitlines()
    return "\n".join(lines) + "\n"


def outdated() -> dict[Path, str]:
    """The files that differ from the table, with the text that they should have."""
    found = {}
    for path, family, kinds in shell_files():
        source = path.read_text(encoding="utf-8")
        new = rewritten(source, family, kinds)
        if new != source:
            found[path] = new
    return found


def main() -> int:
    """Write what differs; with ``--check`` only say it."""
    found = outdated()
    check = "--check" in sys.argv[1:]
    for path, text in found.items():
        print(f"{'outdated' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())

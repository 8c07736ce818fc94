"""What the benchmarks share: the data's place, and tables printed as Markdown."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
from scipy import stats


def data_folder(name: str) -> Path:
    """A folder of the shared data sets; ends the program with a message where it is absent."""
    root = Path(
        os.environ.get("SKLEARN_3MTL_DATA", Path(__file__).parents[1] / ".." / "shared" / "data")
    )
    folder = root / name
    if not folder.is_dir():
        print(f"skipped: no folder {name!r} of data sets; set SKLEARN_3MTL_DATA to their parent.")
        sys.exit(0)
    return folder


def print_table(table: pd.DataFrame, digits: int = 3) -> None:
    """Print a frame as a Markdown table."""
    cells = [[str(table.index.name or ""), *map(str, table.columns)]]
    for name, *row in table.itertuples():
        cells.append([str(name), *(_cell(value, digits) for value in row)])
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for number, row in enumerate(cells):
        print("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")


def _cell(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def paired(differences: pd.Series) -> str:
    """A mean difference with its 95 % interval over paired repetitions."""
    half = stats.t.ppf(0.975, len(differences) - 1) * differences.sem()
    mean = differences.mean()
    return f"{mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]"


def paired_median(differences: pd.Series) -> str:
    """How many are above 0, and the median with the interval of the sign test where there is one.

    The interval's ends are two of the differences, and hold it in at least 95 % of all cases
    whatever the differences' distribution; fewer than six have none.
    """
    n, ordered = len(differences), differences.sort_values()
    ahead = f"ahead in {(differences > 0).sum()} of {n}"
    outside = int(stats.binom.ppf(0.025, n, 0.5))
    if outside == 0:
        return ahead
    low, high = ordered.iloc[outside - 1], ordered.iloc[n - outside]
    return f"{ahead}, median {differences.median():+.3f} [{low:+.3f}, {high:+.3f}]"

"""Where the time of `fit` goes: the parts of a fit with the defaults, on three tables.

Seconds by cProfile, which makes Python's own share look up to a tenth larger than it is. One
thread. Run as ``python benchmarks/fit_profile.py`` with ``OMP_NUM_THREADS=1``.
"""

from __future__ import annotations

import cProfile
import pstats
import time
import warnings

import pandas as pd
import torch
from _baselines import boosting
from _tables import data_folder, print_table

from sklearn_3mtl import MultiTaskClassifier, MultiTaskRegressor

TABLES = {"housing": False, "sick": True, "cal_housing": False}
# The file and the name of each function whose time, with all that it calls, is counted.
PARTS = {
    "prior: linear": ("prior/linear.py", "fit"),
    "prior: boosting": ("prior/boosting.py", "fit"),
    "prior: forest": ("ensemble/_forest.py", "fit"),
    "prior": ("prior/cross_fit.py", "cross_fit"),
    "forward and loss": ("objective/single_level.py", "step"),
    "backward": ("torch/_tensor.py", "backward"),
    "step": ("training/net.py", "train_step"),
    "validation": ("training/validation.py", "_validate"),
}


def seconds_of(stats: pstats.Stats, file: str, name: str) -> float:
    """The seconds of a function and of all that it calls."""
    return sum(
        cumulative
        for (path, _, function), (*_, cumulative, _) in stats.stats.items()  # type: ignore[attr-defined]
        if path.endswith(file) and function == name
    )


def profile(name: str, is_classification: bool) -> dict[str, object]:
    """The seconds of each part, for one table."""
    table = pd.read_parquet(data_folder("uci_tabular") / f"{name}.parquet")
    X, y = table.drop(columns="target"), table["target"]
    start = time.perf_counter()
    boosting(X, is_classification, 0).fit(X, y)
    alone = time.perf_counter() - start
    cls = MultiTaskClassifier if is_classification else MultiTaskRegressor
    profiler = cProfile.Profile()
    start = time.perf_counter()
    profiler.runcall(cls(random_state=0).fit, X, y)
    total = time.perf_counter() - start
    stats = pstats.Stats(profiler)
    found = {part: seconds_of(stats, *where) for part, where in PARTS.items()}
    models = [part for part in found if part.startswith("prior:")]
    found["prior: predictions, weights"] = found.pop("prior") - sum(found[m] for m in models)
    step = found.pop("step")
    found["optimizer"] = step - found["forward and loss"] - found["backward"]
    found["the rest"] = total - sum(found.values())
    title = f"{name}, {len(X):,} x {X.shape[1]}"
    return {"table": title, **found, "sum": total, "boosting alone": alone}


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    # The first fit of a process imports parts of torch.
    MultiTaskRegressor(max_epochs=1).fit([[0.0], [1.0], [2.0]] * 9, [0.0, 1.0, 2.0] * 9)
    rows = [profile(name, kind) for name, kind in TABLES.items()]
    print("seconds\n")
    print_table(pd.DataFrame(rows).set_index("table").T.rename_axis("part"))


if __name__ == "__main__":
    main()

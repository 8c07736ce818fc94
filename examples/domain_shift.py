"""Labels in one domain, none in the other: what a domain loss does to the features.

Two moons with labels, and two that are turned by 35 degrees, without. A net that only learns the
labels cuts through the turned moons; with ``domain_loss="dann"`` its features are those of which
another net can't tell the domains. Prints accuracies and saves a picture. Run as
``python examples/domain_shift.py``; it takes about half a minute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.decomposition import PCA

from sklearn_3mtl import TransferClassifier
from sklearn_3mtl.transfer import DANN

N_ROWS = 150
COMMON: dict[str, Any] = {
    "hidden_layer_sizes": (64, 64), "numeric_embedding": None, "dropout": 0.0, "lr": 0.01,
    "weight_decay": 0.0, "batch_size": N_ROWS, "max_epochs": 600, "early_stopping": False,
    "n_estimators": 16, "random_state": 0,
}  # fmt: skip
WAYS: dict[str, dict[str, Any]] = {
    "labels of the source alone": {},
    "with a domain loss (DANN)": {
        "domain_loss": DANN(hidden_layer_sizes=(100, 100)),
        "domain_loss_weight": 0.3,
    },
}
COLOURS = np.array(["#1b6ca8", "#c98a2b"])


def moons() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, labels and domains, the source's first."""
    X, y = make_moons(2 * N_ROWS, noise=0.05, random_state=0)
    angle, centre = np.deg2rad(35), X.mean(0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    X[N_ROWS:] = (X[N_ROWS:] - centre) @ turn.T + centre
    return X, y, np.repeat(["source", "target"], N_ROWS)


def main(folder: Path = Path()) -> None:
    """Print the accuracies and save the picture in `folder`."""
    X, y, domain = moons()
    target = domain == "target"
    known = np.where(target, np.nan, y)  # labels of the target are never seen
    figure, panels = plt.subplots(2, 2, figsize=(8, 6.6), layout="constrained")
    for row, (name, options) in zip(panels, WAYS.items(), strict=True):
        est = TransferClassifier(**COMMON, **options).fit(X, known, domain=domain)
        accuracies = {d: (est.predict(X[domain == d]) == y[domain == d]).mean() for d in
                      ("source", "target")}  # fmt: skip
        print(name, {d: round(float(a), 3) for d, a in accuracies.items()})

        grid = np.stack(np.meshgrid(np.linspace(-1.7, 2.7, 150), np.linspace(-1.4, 1.9, 150)), -1)
        sure = est.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(150, 150)
        row[0].contourf(grid[..., 0], grid[..., 1], sure, 20, cmap="PuOr_r", alpha=0.35)
        row[0].contour(grid[..., 0], grid[..., 1], sure, [0.5], colors="black", linewidths=1)
        features = PCA(2).fit_transform(est.transform(X))
        for panel, points in zip(row, (X, features), strict=True):
            for rows, marker, size in ((~target, "o", 12), (target, "^", 20)):
                colour = COLOURS[y[rows]]
                face = colour if marker == "^" else "none"
                panel.scatter(
                    *points[rows].T, s=size, marker=marker, facecolors=face, edgecolors=colour, lw=1
                )
            panel.set(xticks=[], yticks=[])
        row[0].set_title(f"{name}\ntarget accuracy {accuracies['target']:.2f}", fontsize=10)
        row[1].set_title("its features, two principal components", fontsize=10)
    figure.supxlabel(
        "colour: class; rings: source, with labels; triangles: target, without", fontsize=9
    )
    path = folder / "domain_shift.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()

"""Plot the losses of each task over the epochs."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_3mtl.data.extras import needs

__all__ = ["LossCurveDisplay"]


class LossCurveDisplay:
    """Plot of the training and validation loss of each task by epoch.

    Make it with `from_estimator`.

    Parameters
    ----------
    losses : DataFrame of shape (n_epochs, n_tasks * n_parts)
        Columns (part, task), the parts being ``"train"`` and, with early stopping, ``"valid"``.
    best_epoch : int or None
        The epoch, counted from 1, whose weights were kept. None: those of the last epoch.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, set by `plot`.
    axes_ : ndarray of matplotlib Axes
        A panel for each task.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> from sklearn_3mtl.inspection import LossCurveDisplay
    >>> est = MultiTaskRegressor(max_epochs=3, random_state=0)
    >>> est = est.fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0])
    >>> len(LossCurveDisplay.from_estimator(est).losses)
    3
    """

    def __init__(self, losses: pd.DataFrame, best_epoch: int | None) -> None:
        self.losses = losses
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator: BaseEstimator, **kwargs: Any) -> Self:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator with `history_`, or Pipeline that ends in one
            A fitted estimator.
        **kwargs
            Passed to `plot`.

        Returns
        -------
        display : LossCurveDisplay
        """
        estimator = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        check_is_fitted(estimator)
        history = estimator.history_
        names = {f"{part}_loss/{task}": (part, task)
                 for part in ("train", "valid") for task in estimator.tasks_}  # fmt: skip
        table = pd.DataFrame([{key: epoch.get(key) for key in names} for epoch in history])
        table = table.dropna(axis=1, how="all")
        pairs = [names[key] for key in table.columns]
        table.columns = pd.MultiIndex.from_tuples(pairs, names=["part", "task"])
        table.index = pd.RangeIndex(1, len(table) + 1, name="epoch")
        best = [i for i, epoch in enumerate(history, 1) if epoch.get("valid_loss_best")]
        return cls(table, best[-1] if best else None).plot(**kwargs)

    def plot(self, *, axes: object = None, log: bool = True) -> Self:
        """Draw a panel for each task.

        Parameters
        ----------
        axes : array of matplotlib Axes or None, default=None
            One for each task. None: a new figure is made.
        log : bool, default=True
            Whether the losses have a logarithmic axis.

        Returns
        -------
        display : LossCurveDisplay
        """
        plt = needs("matplotlib.pyplot", "LossCurveDisplay", extra="plot")
        tasks = list(dict.fromkeys(self.losses.columns.get_level_values("task")))
        if axes is None:
            n_columns = min(len(tasks), 3)
            n_rows = -(-len(tasks) // n_columns)
            size = (3.4 * n_columns, 2.7 * n_rows)
            _, axes = plt.subplots(
                n_rows, n_columns, figsize=size, squeeze=False, sharex=True, layout="constrained"
            )
        self.axes_ = np.asarray(axes, dtype=object).ravel()
        if len(self.axes_) < len(tasks):
            raise ValueError(
                f"`axes` should have one for each of the {len(tasks)} tasks. "
                f"Found {len(self.axes_)}."
            )
        for ax, task in zip(self.axes_, tasks, strict=False):
            for part, style in (("train", "-"), ("valid", "--")):
                if (part, task) in self.losses:
                    ax.plot(self.losses[part, task], style, label=part)
            if self.best_epoch is not None:
                ax.axvline(self.best_epoch, color="0.6", linewidth=1, label="kept")
            ax.set(title=str(task), xlabel="epoch", yscale="log" if log else "linear")
        for ax in self.axes_[len(tasks) :]:
            ax.set_visible(False)
        self.axes_[0].set_ylabel("loss")
        self.axes_[0].legend(frameon=False)
        self.figure_ = self.axes_[0].figure
        return self

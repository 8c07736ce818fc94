"""Plot the score of each task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import pandas as pd
from numpy.typing import ArrayLike

from sklearn_3mtl.data.extras import needs
from sklearn_3mtl.metrics import task_scores
from sklearn_3mtl.metrics.reading import Predictor, tasks_of_estimator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TaskScoreDisplay"]


class TaskScoreDisplay:
    """Plot of the scores of one or several models, with a row of points for each task.

    Make it with `from_estimator` or `from_predictions`, or from a table of your own.

    Parameters
    ----------
    scores : DataFrame of shape (n_tasks, n_models)
        The scores.
    metric : str, default="accuracy or R²"
        Label of the axis of the scores.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, set by `plot`.
    ax_ : matplotlib Axes
        The axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_3mtl.inspection import TaskScoreDisplay
    >>> truth = pd.DataFrame({"price": [1.5, 2.0, 4.0], "sold": ["no", "yes", None]})
    >>> guess = pd.DataFrame({"price": [1.5, 2.0, 3.0], "sold": ["no", "no", "no"]})
    >>> TaskScoreDisplay.from_predictions(truth, {"guess": guess}).scores.round(2)
           guess
    task
    price   0.71
    sold    0.50
    """

    def __init__(self, scores: pd.DataFrame, metric: str = "accuracy or R²") -> None:
        self.scores = scores
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        estimator: Predictor | Mapping[str, Predictor],
        X: ArrayLike,
        Y: ArrayLike,
        *,
        metric: str = "score",
        **kwargs: Axes | None,
    ) -> Self:
        """Score one fitted estimator, or several by name, and draw.

        Parameters
        ----------
        estimator : fitted estimator, or mapping of name to fitted estimator
            What to score.
        X : DataFrame or array-like of shape (n_samples, n_features)
            Inputs.
        Y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels; missing ones are ignored.
        metric : str, default="score"
            A column of :func:`~sklearn_3mtl.metrics.task_scores`; ``"score"`` is accuracy or R2.
        **kwargs
            Passed to `plot`.

        Returns
        -------
        display : TaskScoreDisplay
        """
        models = (
            estimator if isinstance(estimator, Mapping) else {type(estimator).__name__: estimator}
        )
        columns = {}
        for name, model in models.items():
            proba = model.predict_proba(X) if hasattr(model, "predict_proba") else None
            table = task_scores(
                Y, model.predict(X), y_proba=proba, tasks=tasks_of_estimator(model) or None
            )
            columns[name] = _column(table, metric)
        return cls(pd.DataFrame(columns), _label(metric)).plot(**kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike | Mapping[str, ArrayLike],
        *,
        metric: str = "score",
        **kwargs: Axes | None,
    ) -> Self:
        """Score the predictions of one model, or of several by name, and draw.

        Parameters
        ----------
        y_true : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels; missing ones are ignored.
        y_pred : the same shape, or mapping of name to predictions
            Predictions.
        metric : str, default="score"
            A column of :func:`~sklearn_3mtl.metrics.task_scores`.
        **kwargs
            Passed to `plot`.

        Returns
        -------
        display : TaskScoreDisplay
        """
        predictions = y_pred if isinstance(y_pred, Mapping) else {"model": y_pred}
        columns = {n: _column(task_scores(y_true, p), metric) for n, p in predictions.items()}
        return cls(pd.DataFrame(columns), _label(metric)).plot(**kwargs)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw. None: a new figure is made.

        Returns
        -------
        display : TaskScoreDisplay
        """
        plt = needs("matplotlib.pyplot", "TaskScoreDisplay", extra="plot")
        if ax is None:
            height = 0.9 + 0.32 * len(self.scores)
            _, ax = plt.subplots(figsize=(5.4, height), layout="constrained")
        places = range(len(self.scores))
        for name, marker in zip(self.scores, "osD^vPX*" * len(self.scores.columns), strict=False):
            ax.plot(self.scores[name], places, marker, label=str(name), alpha=0.85)
        low, high = self.scores.min(axis=1), self.scores.max(axis=1)
        ax.hlines(places, low, high, color="0.8", linewidth=1, zorder=0)
        ax.set_yticks(places, [str(task) for task in self.scores.index])
        ax.invert_yaxis()
        ax.set_xlabel(self.metric)
        ax.grid(axis="x", alpha=0.3)
        if len(self.scores.columns) > 1:
            ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _column(table: pd.DataFrame, metric: str) -> pd.Series:
    if metric not in table.columns[2:]:
        raise ValueError(
            f"`metric` should be one of {table.columns[2:].tolist()!r}. Found {metric!r}."
        )
    return table[metric]


def _label(metric: str) -> str:
    return "accuracy or R²" if metric == "score" else metric

"""Plot a comparison of paradigms and baselines."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd

from sklearn_3mtl.data.extras import needs

__all__ = ["ParadigmDisplay"]


class ParadigmDisplay:
    """Plot of the methods' scores with their intervals, with a panel for each target.

    Make it with `from_comparison`.

    Parameters
    ----------
    table : DataFrame
        Columns `target`, `method`, `score`, `low`, `high`, `xlabel`.
    baseline : float or None, default=None
        Score at which a vertical line is drawn. None: no line.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, set by `plot`.
    axes_ : ndarray of matplotlib Axes
        A panel for each target.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_3mtl.inspection import ParadigmDisplay
    >>> found = pd.DataFrame(
    ...     {
    ...         "target": "price",
    ...         "method": ["single-task", "mtl"],
    ...         "metric": "r2",
    ...         "score": [0.5, 0.7],
    ...         "low": [0.4, 0.6],
    ...         "high": [0.6, 0.8],
    ...     }
    ... )
    >>> ParadigmDisplay.from_comparison(found).methods
    ['mtl', 'single-task']
    """

    def __init__(self, table: pd.DataFrame, baseline: float | None = None) -> None:
        self.table = table
        self.baseline = baseline

    @classmethod
    def from_comparison(
        cls, comparison: pd.DataFrame, *, difference: bool = False, **kwargs: object
    ) -> Self:
        """Plot the result of :func:`~sklearn_3mtl.model_selection.compare_paradigms`.

        Parameters
        ----------
        comparison : DataFrame
            The summary that `compare_paradigms` returns.
        difference : bool, default=False
            Whether to draw the paired differences from the reference instead of the scores.
        **kwargs
            Passed to `plot`.

        Returns
        -------
        display : ParadigmDisplay
        """
        names = ["score", "low", "high"]
        wanted = ["difference", "difference_low", "difference_high"] if difference else names
        missing = [c for c in ["target", "method", "metric", *wanted] if c not in comparison]
        if missing:
            raise ValueError(
                "`comparison` should be the summary that compare_paradigms returns. "
                f"It lacks the columns {missing!r}."
            )
        table = comparison[["target", "method"]].assign(
            **{name: comparison[column] for name, column in zip(names, wanted, strict=True)},
            xlabel=comparison["metric"] + (" gained" if difference else ""),
        )
        return cls(table.dropna(subset="score"), 0.0 if difference else None).plot(**kwargs)

    @property
    def methods(self) -> list[str]:
        """The methods, best first: by the score of target ``"all"``, or else the mean score."""
        overall = self.table[self.table["target"] == "all"]
        means = self.table.groupby("method", sort=False)["score"].mean()
        means.update(overall.set_index("method")["score"])
        return means.sort_values(ascending=False, kind="stable").index.tolist()

    def plot(self, *, axes: object = None) -> Self:
        """Draw a panel for each target.

        Parameters
        ----------
        axes : matplotlib Axes, array of them or None, default=None
            One for each target. None: a new figure is made.

        Returns
        -------
        display : ParadigmDisplay
        """
        plt = needs("matplotlib.pyplot", "ParadigmDisplay", extra="plot")
        targets, methods = list(dict.fromkeys(self.table["target"])), self.methods
        if axes is None:
            n_columns = max(min(len(targets), 4), 1)
            n_rows = max(-(-len(targets) // n_columns), 1)
            size = (1.4 + 2.3 * n_columns, n_rows * (0.9 + 0.28 * len(methods)))
            _, axes = plt.subplots(
                n_rows, n_columns, figsize=size, squeeze=False, sharey=True, layout="constrained"
            )
        self.axes_ = np.asarray(axes, dtype=object).ravel()
        if len(self.axes_) < len(targets):
            raise ValueError(
                f"`axes` should have one for each of the {len(targets)} targets. "
                f"Found {len(self.axes_)}."
            )
        for ax, target in zip(self.axes_, targets, strict=False):
            rows = self.table[self.table["target"] == target].set_index("method")
            places = [methods.index(name) for name in rows.index]
            ax.hlines(places, rows["low"], rows["high"], color="C0", alpha=0.5, linewidth=2)
            ax.plot(rows["score"], places, "o", color="C0")
            if self.baseline is not None:
                ax.axvline(self.baseline, color="0.6", linewidth=1, zorder=0)
            ax.set(title=str(target), xlabel=rows["xlabel"].iloc[0])
            ax.set_yticks(range(len(methods)), methods)
            ax.set_ylim(len(methods) - 0.5, -0.5)
            ax.grid(axis="x", alpha=0.3)
        for ax in self.axes_[len(targets) :]:
            ax.set_visible(False)
        self.figure_ = self.axes_[0].figure
        return self

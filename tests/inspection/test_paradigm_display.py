"""The drawn comparison."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl.inspection import ParadigmDisplay


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def comparison():
    score = np.array([0.5, 0.7, 0.4, 0.9, 0.45, 0.8, 0.6])
    gap = np.array([np.nan, 0.2, np.nan, 0.5, np.nan, 0.35, -0.1])
    return pd.DataFrame(
        {
            "target": ["price"] * 2 + ["sold"] * 2 + ["all"] * 2 + ["price"],
            "method": ["single-task", "mtl"] * 3 + ["ridge"],
            "metric": ["r2", "r2", "accuracy", "accuracy", "mean score", "mean score", "r2"],
            "score": score, "low": score - 0.1, "high": score + 0.1,
            "difference": gap, "difference_low": gap - 0.1, "difference_high": gap + 0.1,
        }
    )  # fmt: skip


def test_a_panel_for_each_target_the_best_first():
    display = ParadigmDisplay.from_comparison(comparison())
    assert display.methods == ["mtl", "ridge", "single-task"]
    assert [ax.get_title() for ax in display.axes_] == ["price", "sold", "all"]
    assert [ax.get_xlabel() for ax in display.axes_] == ["r2", "accuracy", "mean score"]
    price = display.axes_[0]
    np.testing.assert_allclose(price.lines[0].get_xdata(), [0.5, 0.7, 0.6])
    np.testing.assert_allclose(price.lines[0].get_ydata(), [2, 0, 1])
    ends = [segment[:, 0] for segment in price.collections[0].get_segments()]
    np.testing.assert_allclose(ends, [[0.4, 0.6], [0.6, 0.8], [0.5, 0.7]])


def test_differences_have_a_line_at_zero():
    display = ParadigmDisplay.from_comparison(comparison(), difference=True)
    assert display.methods == ["mtl", "ridge"]
    np.testing.assert_allclose(display.axes_[0].lines[0].get_xdata(), [0.2, -0.1])
    assert display.axes_[0].lines[1].get_xdata()[0] == 0


def test_axes_of_the_users():
    one = comparison().query("target == 'price'")
    figure, ax = plt.subplots()
    assert ParadigmDisplay.from_comparison(one, axes=ax).figure_ is figure
    with pytest.raises(ValueError, match="one for each of the 3 targets"):
        ParadigmDisplay.from_comparison(comparison(), axes=ax)


def test_a_table_of_something_else_is_refused():
    with pytest.raises(ValueError, match=r"`comparison`.*lacks the columns \['metric'"):
        ParadigmDisplay.from_comparison(comparison().drop(columns="metric"))

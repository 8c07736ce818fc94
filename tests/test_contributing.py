"""What CONTRIBUTING.md tells how to add, added as it says."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from sklearn_3mtl import load_estimator
from tests._pages import run_python_blocks


@pytest.fixture(scope="module")
def page():
    return run_python_blocks("CONTRIBUTING.md")


def assert_cloned_and_saved(est, X, y, part, path, **more):
    """A clone fits the same estimator, and a file with the part supplied gives it back."""
    est = clone(est).fit(X, y, **more)
    est.save(path)
    loaded = load_estimator(path, parts={part: getattr(est, part)})
    np.testing.assert_array_equal(loaded.predict(X), est.predict(X))
    return est


def test_the_geometric_mean_weighs_by_inverse_losses(page):
    rule = page["GeometricMean"]()
    weights = rule.weights(torch.tensor([[2.0, 0.5], [4.0, 0.0]]), None, None, None)
    torch.testing.assert_close(weights, torch.tensor([[0.5, 2.0], [0.25, 1000.0]]))


def test_the_gradient_of_minimum_norm_is_that_of_mgda(page):
    jacobian = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
    weights = page["MinimumNorm"](2000).weights(
        torch.ones(1, 2), None, (jacobian @ jacobian.T)[None], None
    )
    expected = torch.tensor([[0.0, 1.0, 1.0]])
    torch.testing.assert_close(weights / 2 @ jacobian, expected, rtol=0, atol=1e-2)
    absent = torch.tensor([[True, False]])
    alone = page["MinimumNorm"]().weights(torch.ones(1, 2), absent, torch.eye(2)[None], None)
    torch.testing.assert_close(alone, torch.tensor([[1.0, 0.0]]))


def test_the_penalty_makes_the_losses_alike(page):
    X, Y, quick = page["X"], page["Y"], {**page["quick"], "max_epochs": 20, "prior": None}
    gaps = []
    for strength in (0.0, 100.0):
        rule = page["RiskExtrapolation"](strength)
        est = page["MultiTaskRegressor"](balancing=rule, **quick).fit(X, Y)
        losses = est.history_[-1, ["train_loss/sum", "train_loss/product"]]
        gaps.append(abs(losses[0] - losses[1]) / max(losses))
    assert gaps[1] < 0.5 * gaps[0]


@pytest.mark.parametrize(
    ("part", "name"), [("sharing", "CrossStitch"), ("balancing", "MinimumNorm")]
)
def test_rules_and_sharing_methods_are_cloned_and_saved(page, part, name, tmp_path):
    quick = {**page["quick"], "n_estimators": 2}
    est = page["MultiTaskRegressor"](**{part: page[name]()}, **quick)
    assert_cloned_and_saved(est, page["X"], page["Y"], part, tmp_path / "est.3mtl")


def test_amounts_are_predicted_above_0_and_negative_ones_refused(page):
    X, amounts = page["X"], pd.DataFrame({"price": np.exp(page["X"][:, 0])})
    amounts.loc[::4] = np.nan
    est = page["MultiTaskEstimator"](
        task_kinds={"price": page["Amount"]()}, **{**page["quick"], "max_epochs": 30}
    ).fit(X, amounts)
    predicted = est.predict(X)["price"]
    assert np.corrcoef(np.log(predicted), X[:, 0])[0, 1] > 0.9
    assert (predicted > 0).all()
    with pytest.raises(ValueError, match=r"'price' holds -1.0: an amount is above 0"):
        est.fit(X, amounts.fillna(-1))


def test_products_of_modalities_are_learned(page, tmp_path):
    quick = {**page["quick"], "max_epochs": 40, "lr": 0.01, "n_estimators": 2}
    est = page["MultiTaskRegressor"](
        modalities=page["modalities"], fusion=page["ProductFusion"](), **quick
    )
    notes, product = page["notes"], page["Y"]["product"]
    est = assert_cloned_and_saved(est, notes, product, "fusion", tmp_path / "est.3mtl")
    assert est.score(notes, product) > 0.5


def test_the_domain_loss_is_small_for_features_that_are_alike(page):
    z, domain = torch.ones(2, 6, 3), torch.tensor([0, 1, 0, 1, 0, 1])
    rule = page["EqualMeans"]()
    assert float(rule.loss(z, domain, 0.0, None)) == 0
    assert float(rule.loss(z * domain[:, None], domain, 0.0, None)) == pytest.approx(6)


def test_the_domain_loss_is_cloned_and_saved(page, tmp_path):
    est = page["TransferClassifier"](domain_loss=page["EqualMeans"](), **page["quick"])
    more = {"domain": page["domain"]}
    assert_cloned_and_saved(est, page["X"], page["y"], "domain_loss", tmp_path / "e.3mtl", **more)


def test_the_meta_method_adapts_new_tasks(page):
    X, sales, store, seen, rest = (page[n] for n in ("X", "sales", "store", "seen", "rest"))
    score = page["adapted"].score(X[rest], sales[rest], task=store[rest])
    est = page["MetaRegressor"](meta=page["Shift"](), **page["quick"])
    est.fit(X[seen], sales[seen], task=store[seen])
    with pytest.warns(UserWarning, match="not seen with a label"):
        assert score > est.score(X[rest], sales[rest], task=store[rest]) + 0.1


def test_the_strategy_leaves_lower_layers_alone(page):
    rates = page["TopDown"](n_trained=1).rates(3, 100)
    assert [rate.share for rate in rates] == [0, 0, 1]

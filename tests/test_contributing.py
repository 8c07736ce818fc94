"""What CONTRIBUTING.md tells how to add, added as it says."""

import pytest
import torch
from sklearn.base import clone

from sklearn_3mtl import load_estimator
from tests._pages import run_python_blocks


@pytest.fixture(scope="module")
def page():
    return run_python_blocks("CONTRIBUTING.md")


def test_the_domain_loss_is_small_for_features_that_are_alike(page):
    z, domain = torch.ones(2, 6, 3), torch.tensor([0, 1, 0, 1, 0, 1])
    rule = page["EqualMeans"]()
    assert float(rule.loss(z, domain, 0.0, None)) == 0
    assert float(rule.loss(z * domain[:, None], domain, 0.0, None)) == pytest.approx(6)


def test_the_methods_are_cloned_and_saved_as_parts(page, tmp_path):
    X, y, domain = page["X"], page["y"], page["domain"]
    loss = page["EqualMeans"]()
    est = page["TransferClassifier"](domain_loss=loss, **page["quick"])
    est = clone(est).fit(X, y, domain=domain)
    est.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl", parts={"domain_loss": loss})
    assert (loaded.predict_proba(X) == est.predict_proba(X)).all()


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

"""Members of an ensemble, trained side by side and averaged."""

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_3mtl import MultiTaskRegressor
from sklearn_3mtl.data.tables import read_inputs
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny


def members(est, X, group=None):
    """The outputs of each member, of shape (n_members, n_samples, n_outputs)."""
    model = est._model
    inputs = model.inputs.transform(read_inputs(X))
    if group is not None:
        inputs["group"] = torch.as_tensor(group)
    with torch.no_grad():
        return model.network.eval()(**inputs).numpy()


KINDS = {
    "hard": {},
    "none": {"sharing": "none"},
    "heads": {"heads": {"number": (5,), "sort": (5, 4)}},
    "bins": {"numeric_embedding": "piecewise_linear"},
    "waves": {"numeric_embedding": "periodic"},
    "module": {"backbone": nn.Sequential(nn.Linear(3, 6), nn.Tanh()), "early_stopping": True},
    "tabm": {"backbone": "tabm"},
    "no layers": {"hidden_layer_sizes": ()},
}


@pytest.mark.parametrize("name", KINDS)
def test_predictions_are_the_average_of_the_members(name):
    X, Y = numeric_table()
    est = tiny(n_estimators=3, max_epochs=3, **KINDS[name]).fit(X, Y)
    out, codec = members(est, X), est._model.codec
    assert out.shape == (3, 60, 5)
    assert np.ptp(out, axis=0).max() > 1e-3, "the members differ"
    found, proba = est.predict(X), est.predict_proba(X)
    calibrated = [codec.combine(torch.from_numpy(member[None])).numpy() for member in out]
    numbers = [codec.predict(member)[0] for member in calibrated]
    np.testing.assert_allclose(found["number"], np.mean(numbers, axis=0), rtol=1e-4, atol=1e-5)
    for column in (1, 2):
        expected = np.mean([codec.predict_proba(o)[column] for o in calibrated], axis=0)
        np.testing.assert_allclose(proba[column], expected, rtol=1e-4, atol=1e-5)
        labels = est.classes_[column][expected.argmax(1)]
        assert (found.iloc[:, column] == labels).mean() > 0.95


SAME = {
    "hard": {},
    "dropout": {"dropout": 0.3},
    "none": {"sharing": "none", "dropout": 0.2},
    "resnet": {"backbone": "resnet", "hidden_layer_sizes": (8, 8)},
    "heads": {"heads": {"price": (5,), "sold": (4,)}},
    "waves": {"numeric_embedding": "periodic", "sharing": "none"},
    "rule": {"balancing": "equal", "task_weight": {"price": 3.0}},
}


@pytest.mark.parametrize("name", SAME)
def test_a_member_learns_beside_others_what_it_learns_alone(name):
    """Without held-out rows the first member is the estimator of one net, to rounding."""
    X, Y = mixed_table()
    options = {"max_epochs": 4, "lr": 0.01, **SAME[name]}
    alone = members(tiny(n_estimators=1, **options).fit(X, Y), X)
    two, three = (members(tiny(n_estimators=m, **options).fit(X, Y), X) for m in (2, 3))
    assert len(alone) == 1
    np.testing.assert_allclose(two[:1], alone, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(three[:2], two, rtol=1e-3, atol=1e-4)
    assert np.abs(three[2] - three[1]).max() > 1e-2


def test_the_average_is_better_than_its_members():
    X, Y = numeric_table(120)
    y = Y["number"] + np.random.default_rng(0).normal(size=120)
    est = tiny(MultiTaskRegressor, n_estimators=4, max_epochs=30, lr=0.02).fit(X[:60], y[:60])
    out, codec = members(est, X[60:]), est._model.codec
    errors = [np.mean((codec.predict(member)[0] - y[60:]) ** 2) for member in out]
    assert np.mean((est.predict(X[60:]) - y[60:]) ** 2) < np.mean(errors)


class _Spy(Callback):
    """Keeps what the training saw; its copies keep it in the same place."""

    kept: dict = {}  # noqa: RUF012

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.kept.update(train=X, valid=net.valid_rows)


def spied(X, Y, **parameters):
    options = {"early_stopping": True, "max_epochs": 1, "validation_fraction": 0.2, **parameters}
    est = tiny(callbacks=[_Spy()], **options).fit(X, Y)
    return est, _Spy.kept["train"], _Spy.kept["valid"]


def test_every_row_trains_and_each_member_is_judged_on_rows_of_its_own():
    X, Y = numeric_table()
    est, train, valid = spied(X, Y, n_estimators=3)
    assert sorted(train.rows.tolist()) == list(range(60))
    out, (values, weight) = members(est, X), valid.labels()
    assert (weight == 1).all()
    own = (valid.folds.of_row[valid.rows] == torch.arange(3)[:, None]).numpy()
    assert (own.sum(0) == 1).all()
    assert (own.sum(1) > 5).all()
    labels = values[:, 1].numpy() > 0.5
    hits = [((out[m][valid.rows, 1] > 0) == labels)[own[m]] for m in range(3)]
    expected = np.concatenate(hits).mean()
    assert est.history_[-1]["valid_score/answer"] == pytest.approx(expected)
    squares = [((out[m][valid.rows, 0] - values[:, 0].numpy()) ** 2)[own[m]] for m in range(3)]
    assert est.history_[-1]["valid_loss/number"] == pytest.approx(
        np.concatenate(squares).mean(), rel=1e-4
    )


@pytest.mark.parametrize(
    "parameters", [{"n_estimators": 1}, {"n_estimators": 3, "backbone": "tabm"}], ids=str
)
def test_one_net_and_members_that_share_weights_hold_out_one_set_of_rows(parameters):
    _, train, valid = spied(*numeric_table(), **parameters)
    assert train.folds is None
    assert not set(train.rows.tolist()) & set(valid.rows.tolist())
    assert len(train) + len(valid) == 60


def test_members_from_one_module_of_the_users_differ_by_their_rows():
    X, Y = numeric_table()
    options = {"n_estimators": 2, "backbone": nn.Linear(3, 6), "heads": {"number": nn.Linear(6, 1)}}
    for early_stopping in (True, False):
        est = tiny(early_stopping=early_stopping, **options).fit(X, Y[["number"]])
        first, second = members(est, X)
        assert np.allclose(first, second, atol=1e-6) is not early_stopping


def test_transform_puts_the_features_of_members_side_by_side():
    X, Y = numeric_table()
    for sharing, nets in (("hard", 1), ("none", 3)):
        est = tiny(n_estimators=2, sharing=sharing).fit(X, Y)
        z = est.transform(X)
        assert z.shape == (60, 2 * nets * 8)
        assert len(est.get_feature_names_out()) == z.shape[1]
    est = tiny(n_estimators=2).fit(X, Y)
    z, heads, out = est.transform(X), est._model.network.heads, members(est, X)
    for m in range(2):
        own = z[:, 8 * m : 8 * m + 8]
        expected = own @ heads.weight[m].detach().numpy().T + heads.bias[m].detach().numpy()
        np.testing.assert_allclose(out[m], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_members", [1, 4])
def test_the_training_loss_is_that_of_a_member(n_members):
    X, Y = numeric_table()
    est = tiny(n_estimators=n_members, batch_size=60, max_epochs=2).fit(X, Y)
    for epoch in est.history_:
        parts = [epoch[f"train_loss/{name}"] for name in Y]
        assert epoch["train_loss"] == pytest.approx(sum(parts), rel=1e-5)


def shops(n=120):
    """Two shops with opposite slopes."""
    random = np.random.default_rng(0)
    X = pd.DataFrame({"x": random.normal(size=n), "shop": np.resize(["north", "south"], n)})
    return X, pd.Series(np.where(X["shop"] == "north", 2.0, -2.0) * X["x"], name="sales")


@pytest.mark.parametrize("backbone", ["mlp", "tabm"])
@pytest.mark.parametrize("sharing", ["hard", "none"])
def test_groups_learn_their_own_in_every_member(sharing, backbone):
    X, y = shops()
    options = {"task": "shop", "sharing": sharing, "backbone": backbone, "n_estimators": 2}
    est = tiny(max_epochs=80, lr=0.02, **options).fit(X, y)
    assert est.score(X, y) > 0.9
    out = members(est, X, (X["shop"] == "south").astype(int))
    numbers = [est._model.codec.predict(member)[0] for member in out]
    np.testing.assert_allclose(est.predict(X), np.mean(numbers, axis=0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n_members", [1, 3])
def test_an_unknown_group_of_independent_nets_gets_the_mean_of_all(n_members):
    X, y = shops()
    est = tiny(task="shop", sharing="none", n_estimators=n_members).fit(X, y)
    with pytest.warns(UserWarning, match="'west'"):
        found = est.predict(X.assign(shop="west"))
    each = [est.predict(X.assign(shop=shop)) for shop in ("north", "south")]
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-4, atol=1e-5)


def test_members_with_groups_equal_the_lone_net_to_rounding():
    X, y = shops()
    for sharing in ("hard", "none"):
        options = {"task": "shop", "sharing": sharing, "max_epochs": 4, "lr": 0.01}
        group = (X["shop"] == "south").astype(int)
        alone = members(tiny(**options).fit(X, y), X, group)
        together = members(tiny(n_estimators=2, **options).fit(X, y), X, group)
        assert together.shape == (2, *alone.shape[1:])
        np.testing.assert_allclose(together[:1], alone, rtol=1e-3, atol=1e-4)


def test_a_warm_start_goes_on_with_the_members():
    X, Y = numeric_table()
    est = tiny(n_estimators=2, warm_start=True, lr=0.02, max_epochs=5).fit(X, Y)
    loss = est.history_[-1]["train_loss"]
    assert est.fit(X, Y).history_[-1]["train_loss"] < loss
    assert len(members(est, X)) == 2


def test_independent_nets_of_members_keep_their_bits_whatever_happens_to_another_task():
    X, Y = numeric_table()
    options = {"sharing": "none", "n_estimators": 2, "dropout": 0.2, "max_epochs": 4}
    plain = tiny(**options).fit(X, Y)
    other = tiny(task_weight={"sort": 5.0}, **options).fit(X, Y)
    assert np.array_equal(plain.predict(X)["number"], other.predict(X)["number"])
    assert np.array_equal(plain.predict_proba(X)[1], other.predict_proba(X)[1])
    assert not np.array_equal(plain.predict_proba(X)[2], other.predict_proba(X)[2])

"""What "auto" becomes: every automatic setting gets a value, every given one is kept."""

import numpy as np
import pytest
from sklearn.base import clone
from torch import nn

from sklearn_3mtl import MetaLearner, MultiTaskEstimator, MultiTaskRegressor
from sklearn_3mtl.data import Task
from tests._inputs import mixed_table, numeric_table
from tests._plans import chosen_for, settings_of

DEFAULTS = MultiTaskEstimator().get_params(deep=False)
# What the rows decide; these have an "auto" of another meaning.
OTHERS = {"device", "adapt_parts", "adapt_lr", "adapt_steps", "prior"}
AUTOS = sorted(n for n, v in DEFAULTS.items() if isinstance(v, str) and v == "auto")
SCALED = [name for name in AUTOS if name not in OTHERS]
GIVEN = {
    "hidden_layer_sizes": (5, 5), "dropout": 0.2, "n_estimators": 3, "lr": 0.02, "batch_size": 24,
    "weight_decay": 0.3, "max_epochs": 2, "n_iter_no_change": 4, "heads": "column",
}  # fmt: skip
TASKS = {"a": Task("a", "regression"), "b": Task("b", "binary"), "c": Task("c", "regression")}
SIZES = [1, 10, 300, 3000, 40_000, 2_000_000]


def test_the_scaled_parameters_are_these():
    assert set(SCALED) == set(GIVEN)


@pytest.mark.parametrize("n_rows", SIZES)
@pytest.mark.parametrize("backbone", ["mlp", "resnet", "tabm"])
def test_every_auto_gets_a_value_that_may_be_given(n_rows, backbone):
    est = MultiTaskEstimator(backbone=backbone)
    chosen = chosen_for(est, n_rows, False, TASKS)
    assert sorted(chosen) == sorted([*SCALED, "prior"])
    concrete = clone(est).set_params(**chosen)
    concrete._validate_params()
    assert not [name for name in SCALED if getattr(concrete, name) == "auto"]


@pytest.mark.parametrize("name", SCALED)
def test_a_given_value_is_kept_and_not_named_as_chosen(name):
    est = MultiTaskEstimator(**{name: GIVEN[name]})
    chosen = chosen_for(est, 500, False, {})
    assert sorted(set(chosen) - {"prior"}) == [other for other in SCALED if other != name]
    assert getattr(settings_of(est).with_values(chosen), name) == GIVEN[name]


def test_more_rows_mean_no_smaller_batches_and_no_fewer_units():
    chosen = [chosen_for(MultiTaskEstimator(), n, False, {}) for n in SIZES]
    for name in ("batch_size", "hidden_layer_sizes"):
        values = np.array([row[name] for row in chosen])
        assert (np.diff(values, axis=0) >= 0).all(), name


def test_choosing_changes_nothing_of_the_estimator():
    est = MultiTaskEstimator()
    settings_of(est).with_values(chosen_for(est, 100, False, {}))
    assert est.get_params(deep=False) == DEFAULTS


@pytest.mark.parametrize(
    "parts", [{"backbone": nn.Identity()}, {"heads": {"number": nn.LazyLinear(1)}}], ids=list
)
def test_a_module_of_the_users_is_one_net_unless_told_otherwise(parts):
    assert chosen_for(MultiTaskEstimator(**parts), 100, False, {})["n_estimators"] == 1
    assert "n_estimators" not in chosen_for(
        MultiTaskEstimator(n_estimators=4, **parts), 100, False, {}
    )


def small(cls=MultiTaskEstimator, **parameters):
    defaults = {"hidden_layer_sizes": (8,), "n_estimators": 2, "max_epochs": 2, "random_state": 0}
    return cls(**{**defaults, **parameters})


def test_chosen_tells_what_the_fit_used():
    X, Y = numeric_table()
    est = MultiTaskEstimator(max_epochs=1, random_state=0).fit(X, Y)
    assert sorted(set(est.chosen_) - {"prior"}) == [n for n in SCALED if n != "max_epochs"]
    assert est.get_params(deep=False) == {**DEFAULTS, "max_epochs": 1, "random_state": 0}
    network = est._model.network
    assert network.n_members == est.chosen_["n_estimators"]
    assert network.backbone.n_out == est.chosen_["hidden_layer_sizes"][-1]
    n_batches = est.history_[0]["train_batch_count"]
    assert n_batches == pytest.approx(60 / est.chosen_["batch_size"], abs=1)


def test_nothing_is_chosen_where_everything_is_given():
    X, Y = numeric_table()
    assert MultiTaskEstimator(prior=None, **GIVEN).fit(X, Y).chosen_ == {}


def test_the_chosen_values_given_are_the_same_estimator():
    X, Y = mixed_table()
    auto = small(n_iter_no_change=1, max_epochs=3).fit(X, Y)
    chosen = {name: value for name, value in auto.chosen_.items() if name != "prior"}
    given = small(n_iter_no_change=1, max_epochs=3).set_params(**chosen).fit(X, Y)
    assert given.chosen_ == {"prior": auto.chosen_["prior"]}
    assert auto.predict(X).equals(given.predict(X))


def test_rows_without_a_label_have_no_part_in_the_choice():
    X, Y = numeric_table(400)
    few = Y["number"].where(np.arange(400) < 40)
    est = small(MultiTaskRegressor, prior=None)
    chosen = est.fit(X, few).chosen_
    assert chosen == clone(est).fit(X[:40], few[:40]).chosen_
    assert chosen != clone(est).fit(X, Y["number"]).chosen_


def test_a_clone_has_no_chosen_values():
    X, Y = numeric_table()
    assert not hasattr(clone(small().fit(X, Y)), "chosen_")


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_defaults_fit_a_handful_of_rows(n):
    X, Y = numeric_table()
    est = MultiTaskRegressor(max_epochs=2, random_state=0).fit(X[:n], Y["number"][:n])
    assert np.isfinite(est.predict(X)).all()


@pytest.mark.parametrize("early_stopping", [True, False, np.True_])
def test_early_stopping_is_a_plain_choice(early_stopping):
    X, Y = numeric_table()
    est = small(early_stopping=early_stopping).fit(X, Y)
    assert ("valid_loss" in est.history_[-1]) == bool(early_stopping)


def test_early_stopping_is_the_default():
    assert MultiTaskEstimator().early_stopping is True


def test_patience_that_was_chosen_ends_training():
    X, Y = numeric_table()
    est = small(lr=1e-30, weight_decay=0.0, max_epochs=300, prior=None).fit(X, Y)
    assert est.n_iter_ == est.chosen_["n_iter_no_change"] + 1


# Heads


def heads(tasks, has_groups=False, **parameters):
    return chosen_for(MultiTaskEstimator(**parameters), 100, has_groups, tasks)["heads"]


def regressions(n):
    return {number: Task(number, "regression") for number in range(n)}


def test_regression_targets_that_share_a_net_have_a_hidden_layer_each():
    assert heads(TASKS) == {"a": (64,), "c": (64,)}
    widths = [next(iter(heads(regressions(n)).values())) for n in (2, 16, 20, 64)]
    assert widths == [(64,), (64,), (51,), (16,)]


@pytest.mark.parametrize(
    "parameters",
    [{"sharing": "none"}, {"hidden_layer_sizes": (8,)}, {"backbone": nn.Identity()}],
    ids=lambda parameters: next(iter(parameters)),
)
def test_heads_are_linear_below_a_net_of_the_users_shape_or_of_each_tasks_own(parameters):
    assert heads(TASKS, **parameters) == "column"


def test_heads_are_linear_for_one_target_for_classes_and_for_very_many():
    assert heads(regressions(1)) == heads(regressions(65)) == "column"
    assert heads({"b": TASKS["b"], "d": Task("d", "binary")}) == "column"


def test_heads_of_task_ids_are_the_ids_own():
    assert heads(TASKS, has_groups=True) == "group"


def test_chosen_heads_are_in_the_network():
    X, Y = mixed_table()
    est = small(hidden_layer_sizes="auto").fit(X, Y)
    assert {est.tasks_[name].kind for name in est.chosen_["heads"]} == {"regression"}
    wider = clone(est).set_params(heads=dict.fromkeys(est.chosen_["heads"], (128,))).fit(X, Y)
    assert not est.predict(X).equals(wider.predict(X))


# Warm start


def test_a_value_given_later_is_used_by_a_warm_start():
    X, Y = numeric_table()
    est = small(warm_start=True, early_stopping=False).fit(X, Y)
    before = est.predict(X)
    est.set_params(lr=1e-30, weight_decay=0.0, batch_size=60).fit(X, Y)
    assert est.history_[-1]["train_batch_count"] == 1
    assert est.predict(X).equals(before)
    assert not {"lr", "weight_decay", "batch_size"} & set(est.chosen_)


def test_a_value_that_becomes_auto_is_chosen_by_a_warm_start():
    X, Y = numeric_table()
    est = small(warm_start=True, lr=1e-3).fit(X, Y)
    est.set_params(lr="auto").fit(X, Y)
    assert est.chosen_["lr"] > 0


def test_a_warm_start_goes_on_with_the_chosen_network():
    X, Y = numeric_table()
    est = small(warm_start=True, n_estimators="auto").fit(X, Y)
    n_members = est.chosen_["n_estimators"]
    est.fit(X[:30], Y[:30])
    assert est._model.network.n_members == n_members
    assert est.n_iter_ == 4


def test_a_net_for_each_task_id_has_no_members():
    own = MultiTaskEstimator(sharing="none")
    assert chosen_for(own, 100, True, {})["n_estimators"] == 1
    assert chosen_for(own, 100, False, {})["n_estimators"] > 1
    assert chosen_for(MultiTaskEstimator(), 100, True, {})["n_estimators"] > 1


@pytest.mark.parametrize("n_rows", SIZES)
def test_frozen_vectors_mean_more_dropout_and_smaller_steps(n_rows):
    vectors, plain = {"text": "review"}, MultiTaskEstimator(prior=None)
    alone = chosen_for(plain, n_rows, False, TASKS)
    chosen = chosen_for(clone(plain).set_params(modalities=vectors), n_rows, False, TASKS)
    assert (chosen["dropout"], chosen["lr"]) == (0.5, 1e-3)
    trained = {"image": "photo"}
    for modalities in (trained, {"tabular": ["age"]}):
        chosen = chosen_for(clone(plain).set_params(modalities=modalities), n_rows, False, TASKS)
        assert (chosen["dropout"], chosen["lr"]) == (alone["dropout"], alone["lr"])


def test_an_inner_loop_is_not_disturbed_by_dropout():
    vectors = {"text": "review"}
    for meta, dropout in (("ridge", 0.5), ("protonet", 0.5), ("maml", 0.0)):
        chosen = chosen_for(MetaLearner(modalities=vectors, meta=meta), 500, False, TASKS, True)
        assert chosen["dropout"] == dropout


@pytest.mark.parametrize(
    ("n_rows", "epochs", "lr"),
    [(300, 16, 0.002), (4_200, 24, 0.002), (11_199, 63, 0.002), (50_000, 64, 0.004)],
)
def test_episodes_go_over_few_rows_for_fewer_epochs(n_rows, epochs, lr):
    chosen = chosen_for(MetaLearner(prior=None), n_rows, False, TASKS, True)
    assert (chosen["max_epochs"], chosen["lr"]) == (epochs, lr)
    chosen = chosen_for(MetaLearner(), n_rows, False, TASKS, True)
    assert (chosen["max_epochs"], chosen["lr"]) == (24, 0.002)
    assert chosen_for(MetaLearner(meta="maml"), n_rows, False, TASKS, True)["max_epochs"] == 64
    assert chosen_for(MetaLearner(meta="plda"), n_rows, False, TASKS, True)["max_epochs"] == 8

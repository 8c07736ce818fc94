"""Parts that are off are absent: the same estimator with parts off is the smaller estimator.

test_independent_nets.py is the same for nets that share nothing.
"""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_3mtl import (
    MetaClassifier,
    MetaLearner,
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    ThreeMTLEstimator,
)
from sklearn_3mtl.balancing import BALANCING, Manual
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.fitting.assembly import make_rows
from sklearn_3mtl.fitting.data import TrainingData
from sklearn_3mtl.fitting.splitting import split_rows
from sklearn_3mtl.meta import META
from tests._pinned import tiny
from tests._plans import plan_of
from tests._reductions import assert_same_bits, complete_table
from tests._small_tasks import both, signs


@pytest.mark.parametrize("column", ["number", "answer", "sort"])
def test_one_task_makes_all_sharing_the_same_net(column):
    X, Y = complete_table()
    options = {"max_epochs": 3, "dropout": 0.2}
    hard = tiny(sharing="hard", **options).fit(X, Y[[column]])
    none = tiny(sharing="none", **options).fit(X, Y[[column]])
    assert_same_bits(hard, none)
    assert hard.predict(X).equals(none.predict(X))


@pytest.mark.parametrize("rule", sorted(BALANCING))
@pytest.mark.parametrize("column", ["number", "sort"])
def test_one_task_makes_every_balancing_rule_the_identity(rule, column):
    X, Y = complete_table()
    plain = tiny(max_epochs=3).fit(X, Y[[column]])
    ruled = tiny(max_epochs=3, balancing=BALANCING[rule]()).fit(X, Y[[column]])
    assert_same_bits(plain, ruled)


def test_the_first_of_several_members_starts_from_the_bits_of_one_net():
    X, Y = complete_table()
    frozen = {"lr": 1e-60, "weight_decay": 0.0, "max_epochs": 1, "early_stopping": True}
    alone = tiny(n_estimators=1, **frozen).fit(X, Y)._model.network
    together = tiny(n_estimators=3, **frozen).fit(X, Y)._model.network
    for own, stacked in zip(alone.parameters(), together.parameters(), strict=True):
        assert torch.equal(stacked[0], own)
        assert not torch.equal(stacked[1], own)


def test_one_member_is_one_net():
    """Nothing of an ensemble is left: no axis for members, no rows that are held out from one."""
    X, Y = complete_table()
    est = tiny(n_estimators=1, early_stopping=True, max_epochs=4, dropout=0.2).fit(X, Y)
    assert est._model.network.n_members == 1
    assert all(p.dim() <= 2 for p in est._model.network.parameters())
    plan = plan_of(est, len(X), est.tasks_)
    data = TrainingData(read_inputs(X), read_targets(Y))
    rows = make_rows(plan, est._model, data, est._model.transform(data.table))
    train, valid = split_rows(rows, est._model.codec.layout, True, 0.1, (0,), Seed(0))
    assert train.folds is None
    assert valid.folds is None


@pytest.mark.parametrize("embedding", ["piecewise_linear", "periodic"])
def test_without_numbers_there_is_no_numeric_embedding(embedding):
    X, Y = complete_table()
    X = X[["city"]].assign(letter=np.resize(list("abcde"), len(X)))
    plain = tiny(numeric_embedding=None).fit(X, Y)
    assert_same_bits(plain, tiny(numeric_embedding=embedding).fit(X, Y))


def test_a_numeric_embedding_leaves_the_draws_of_the_other_parts():
    X, Y = complete_table()
    frozen = {"lr": 1e-60, "weight_decay": 0.0, "max_epochs": 1}
    plain = tiny(numeric_embedding=None, **frozen).fit(X, Y)._model.network
    for embedding in ("piecewise_linear", "periodic"):
        network = tiny(numeric_embedding=embedding, **frozen).fit(X, Y)._model.network
        assert torch.equal(network.heads.weight, plain.heads.weight)
        tables = [net.encoders["tabular"].embedding.table for net in (network, plain)]
        assert torch.equal(*tables)


def test_what_adapt_would_do_has_no_part_in_fit():
    X, Y = complete_table()
    options = {"adapt_parts": "all", "adapt_lr": 0.1, "adapt_steps": 7}
    assert_same_bits(tiny().fit(X, Y), tiny(**options).fit(X, Y))


def test_heads_auto_without_task_ids_is_column():
    X, Y = complete_table()
    assert_same_bits(tiny(heads="auto").fit(X, Y), tiny(heads="column").fit(X, Y))


def test_heads_auto_with_task_ids_is_group():
    X, Y = complete_table()
    auto = tiny(heads="auto", task="city").fit(X.fillna({"city": "?"}), Y)
    group = tiny(heads="group", task="city").fit(X.fillna({"city": "?"}), Y)
    assert_same_bits(auto, group)
    column = tiny(heads="column", task="city").fit(X.fillna({"city": "?"}), Y)
    assert len(list(column._model.network.parameters())) < len(
        list(auto._model.network.parameters())
    )


@pytest.mark.parametrize(
    "weights",
    [
        {"balancing": Manual()},
        {"balancing": Manual(dict.fromkeys(["number", "answer", "sort", "other"], 1.0))},
        {"balancing": "manual", "task_weight": [1.0, 1.0, 1.0, 1.0]},
        {"task_weight": {"sort": 1.0}},
    ],
    ids=["manual", "named", "task_weight", "equal"],
)
def test_weights_of_one_are_no_weights(weights):
    X, Y = complete_table()
    assert_same_bits(tiny(max_epochs=3).fit(X, Y), tiny(max_epochs=3, **weights).fit(X, Y))


def test_sample_weights_of_one_are_no_weights():
    X, Y = complete_table()
    plain = tiny(max_epochs=3).fit(X, Y)
    weighted = tiny(max_epochs=3).fit(X, Y, sample_weight=np.ones(len(X)))
    assert_same_bits(plain, weighted)


def test_rows_without_any_label_are_absent():
    """They are no step of training: with weights it is as if the rows had weight 0."""
    X, Y = complete_table()
    gaps = Y.astype(object)
    gaps.iloc[::4] = None
    gaps["number"] = gaps["number"].astype(float)
    gaps["other"] = gaps["other"].astype(float)
    weight = np.ones(len(X))
    weight[::4] = 0
    kinds = dict.fromkeys(["answer", "sort"], "classification")
    without = tiny(task_kinds=kinds, batch_size=61).fit(X, gaps)
    assert without.history_[0]["train_batch_count"] == 1
    weighted = tiny(task_kinds=kinds, batch_size=61).fit(X, gaps, sample_weight=weight)
    assert_same_bits(without, weighted)


@pytest.mark.parametrize(
    ("shell", "column"), [(MultiTaskRegressor, "number"), (MultiTaskClassifier, "sort")]
)
def test_the_shells_are_the_mixed_estimator(shell, column):
    X, Y = complete_table()
    assert_same_bits(tiny(shell).fit(X, Y[[column]]), tiny(MultiTaskEstimator).fit(X, Y[[column]]))


def test_training_without_validation_rows_is_training_to_the_last_epoch():
    X, Y = complete_table()
    assert_same_bits(
        tiny(early_stopping=False, n_iter_no_change=1, max_epochs=5).fit(X, Y),
        tiny(early_stopping=False, n_iter_no_change=20, max_epochs=5).fit(X, Y),
    )


PLAIN = {
    "hidden_layer_sizes": (16, 8), "n_estimators": 1, "dropout": 0.1, "heads": "column",
    "lr": 0.01, "weight_decay": 0.01, "max_epochs": 3, "n_iter_no_change": 3, "batch_size": 16,
    "random_state": 0,
}  # fmt: skip


@pytest.mark.parametrize("meta", META)
def test_no_inner_step_is_the_single_level_estimator(meta):
    """Episodes off: the query is the minibatch, the support is empty."""
    X, y = signs(n_rows=9)
    plain = MultiTaskClassifier(task="store", **PLAIN).fit(X, y)
    if META[meta].has_steps:
        off = MetaClassifier(task="store", meta=meta, inner_steps=0, **PLAIN).fit(X, y)
        assert_same_bits(off, plain)
        assert np.array_equal(off.predict_proba(X), plain.predict_proba(X))
    X, y = X.drop(columns="store"), y
    plain = MultiTaskClassifier(**PLAIN).fit(X, y)
    alone = MetaClassifier(meta=meta, **PLAIN).fit(X, y)
    assert_same_bits(alone, plain)
    new = signs(n_rows=9, seed=1)[1].rename("other")
    for one, other in zip(
        (alone.adapt(X, new), alone.adapt(X, y)),
        (plain.adapt(X, new), plain.adapt(X, y)),
        strict=True,
    ):
        assert_same_bits(one, other)
        assert np.array_equal(one.predict(X), other.predict(X))


def test_mixed_kinds_without_inner_steps_are_the_single_level_estimators():
    X, Y = both(n_rows=9)
    off = MetaLearner(task="store", meta="maml", inner_steps=0, **PLAIN).fit(X, Y)
    plain = MultiTaskEstimator(task="store", **PLAIN).fit(X, Y)
    assert_same_bits(off, plain)
    assert off.history_[:, "train_loss"] == plain.history_[:, "train_loss"]


@pytest.mark.parametrize("sharing", ["none", "hard"])
def test_meta_without_task_ids_takes_any_sharing_method(sharing):
    X, Y = complete_table(60)
    options = {"sharing": sharing, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
    union, without = (ThreeMTLEstimator(meta=m, **options).fit(X, Y) for m in ("ridge", None))
    pd.testing.assert_frame_equal(pd.DataFrame(union.predict(X)), pd.DataFrame(without.predict(X)))

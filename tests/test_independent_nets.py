"""Nets that share nothing are the nets trained alone.

Nets that stand side by side are run by batched kernels, which may add in another order than a net's
own: beside others a net equals the net alone to rounding (1e-5 here). Where the shapes are the same
the bits are.
"""

import numpy as np
import pytest
import torch

from sklearn_3mtl.balancing import BALANCING, Manual
from tests._pinned import tiny
from tests._reductions import answers, assert_same_bits, complete_table


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"hidden_layer_sizes": (8, 4), "dropout": 0.3},
        {"backbone": "resnet", "hidden_layer_sizes": (8, 8), "dropout": 0.1},
        {"activation": "silu", "batch_size": 7},
        {"lr_schedule": "cosine", "optimizer": "sgd"},
        {"heads": {"number": (5,), "sort": (5,), "answer": (5,), "other": (5,)}},
    ],
    ids=["mlp", "dropout", "resnet", "silu", "cosine", "heads"],
)
def test_independent_nets_equal_single_task_nets(parameters):
    """Columns of mixed kinds, categories and gaps: each net is the one trained alone."""
    X, Y = complete_table()
    options = {"max_epochs": 4, "batch_size": 16, **parameters}
    together = tiny(sharing="none", **options).fit(X, Y)
    for name in Y:
        if "heads" in options:
            options["heads"] = {name: (5,)}
        for sharing in ("none", "hard"):
            alone = tiny(sharing=sharing, **options).fit(X, Y[[name]])
            expected = answers(alone, X, name)
            np.testing.assert_allclose(
                answers(together, X, name), expected, rtol=1e-4, atol=1e-5, err_msg=name
            )
    untrained = tiny(sharing="none", **{**options, "heads": "auto", "lr": 1e-12}).fit(X, Y)
    assert np.abs(answers(together, X, "number") - answers(untrained, X, "number")).max() > 1e-3


def test_independent_nets_start_from_the_same_bits_as_single_task_nets():
    X, Y = complete_table()
    frozen = {"lr": 1e-60, "weight_decay": 0.0, "max_epochs": 1}
    together = tiny(sharing="none", **frozen).fit(X, Y)._model
    for k, task in enumerate(together.codec.layout.tasks):
        alone = tiny(sharing="hard", **frozen).fit(X, Y[[task.name]])._model.network
        for part in ("encoders", "backbone"):
            pairs = zip(
                getattr(together.network, part).parameters(),
                getattr(alone, part).parameters(),
                strict=True,
            )
            for stacked, own in pairs:
                assert torch.equal(stacked[k], own)


def test_independent_nets_equal_single_task_nets_with_early_stopping():
    X, Y = complete_table(100, "number other")
    options = {"early_stopping": True, "max_epochs": 40, "lr": 0.05, "n_iter_no_change": 3}
    together = tiny(sharing="none", **options).fit(X, Y)
    epochs = []
    for name in Y:
        alone = tiny(sharing="hard", **options).fit(X, Y[[name]])
        epochs.append(alone.n_iter_)
        np.testing.assert_allclose(
            answers(together, X, name), answers(alone, X, name), rtol=1e-3, atol=1e-4
        )
    assert together.n_iter_ == max(epochs) > min(epochs)


@pytest.mark.parametrize("change", ["labels", "weight"])
def test_an_independent_net_keeps_its_bits_whatever_happens_to_the_others(change):
    X, Y = complete_table()
    options = {"sharing": "none", "dropout": 0.2, "max_epochs": 5}
    plain = tiny(**options).fit(X, Y)
    other = tiny(**options)
    if change == "labels":
        Y = Y.assign(other=-3 * Y["other"][::-1].to_numpy() + X["b"])
    else:
        other.set_params(task_weight={"other": 5.0})
    other.fit(X, Y)
    for name in ("number", "answer", "sort"):
        assert np.array_equal(answers(plain, X, name), answers(other, X, name)), name
    assert not np.array_equal(answers(plain, X, "other"), answers(other, X, "other"))


@pytest.mark.parametrize("layout", ["wide", "long"])
@pytest.mark.parametrize("rule", [r for r in sorted(BALANCING) if r != "manual"])
def test_nets_that_share_nothing_need_no_balance(rule, layout):
    """Whatever the rule, each net is the one that a lone task trains."""
    X, Y = complete_table()
    options = {"sharing": "none", "dropout": 0.2, "max_epochs": 5}
    if layout == "long":
        X = X.assign(shop=np.resize(["p", "q"], len(X)))
        options["task"] = "shop"
    plain, ruled = (tiny(balancing=b, **options).fit(X, Y) for b in ("equal", rule))
    assert_same_bits(plain, ruled)
    if layout == "wide":
        for name in Y:
            alone = tiny(balancing=rule, **options).fit(X, Y[[name]])
            np.testing.assert_allclose(
                answers(ruled, X, name), answers(alone, X, name), rtol=1e-3, atol=1e-4
            )


def test_given_weights_move_no_net_that_shares_nothing():
    X, Y = complete_table()
    plain = tiny(sharing="none", max_epochs=3).fit(X, Y)
    weighed = tiny(sharing="none", max_epochs=3, balancing=Manual({"other": 0.1})).fit(X, Y)
    assert_same_bits(plain, weighed)

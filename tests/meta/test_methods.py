"""The methods that take steps: which weights they move, and how far."""

import pytest
import torch

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import on_rows
from sklearn_3mtl.meta import ANIL, FOMAML, MAML, MetaSGD, Reptile
from tests._chains import LAYOUT, chain, parameters, plain_loop, run, support_set

STEPS, RATE = 2, 0.05


def adapted_by(method, lr=RATE, start=RATE):
    stages, support = chain(), support_set()
    state = method.init(stages, 16, LAYOUT, start, Seed(0))
    state = None if state is None else state.double()
    return stages, support, method.adapt(stages, support, state, lr, STEPS)


def moved(adapted):
    return [bool(form.mean_move()) for form in adapted.forms]


@pytest.mark.parametrize("method", [MAML(), FOMAML(), MetaSGD(), Reptile()])
def test_every_stage_with_weights_moves(method):
    stages, _, adapted = adapted_by(method)
    assert moved(adapted) == [bool(list(stage.module.parameters())) for stage in stages]


def test_anil_changes_nothing_below_the_head():
    stages, support, adapted = adapted_by(ANIL())
    assert moved(adapted) == [stage.is_head for stage in stages]
    below, plain = support.x, support.x
    for stage, form in zip(stages[:-1], adapted.forms[:-1], strict=True):
        below, plain = form(below), on_rows(stage.module, plain)
        assert torch.equal(below, plain)


@pytest.mark.parametrize("lr", [RATE, 0.01])
def test_rates_are_scaled_by_the_rate_of_the_moment(lr):
    """Untrained, the learned rates are where they started, times what `adapt_lr` says."""
    stages, support, adapted = adapted_by(MetaSGD(), lr=lr)
    slow = plain_loop(stages, [True] * len(stages), support, lambda key, step: lr, STEPS, False)
    outputs = adapted(support.x)
    for task, weights in enumerate(slow):
        expected = run(stages, weights, support.x[task])
        torch.testing.assert_close(outputs[task], expected, rtol=1e-9, atol=1e-10)
    assert not torch.allclose(outputs[0], run(stages, parameters(stages), support.x[0]))

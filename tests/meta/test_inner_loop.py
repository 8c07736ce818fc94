"""The inner loop of many tasks at once equals the loop over tasks."""

import pytest
import torch

from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.meta.forms import DualForm, FixedForm, StackedForm, VmapForm
from sklearn_3mtl.meta.inner_loop import constant_rate, inner_loop
from tests._chains import Scale, chain, parameters, plain_loop, run, support_set, task_loss

NETS = {
    "wide": {"widths": (96, 96)},
    "narrow": {"widths": (4, 5)},
    "residual": {"backbone": "resnet", "widths": (8, 8)},
    "members": {"widths": (96, 4), "n_members": 3},
    "residual members": {"backbone": "resnet", "widths": (8, 8), "n_members": 2},
}
RATE = 0.05


def meta_gradient(outputs_of, query, stages):
    total = sum(task_loss(query, t, outputs_of(t)) for t in range(len(query.values)))
    return torch.autograd.grad(total, list(parameters(stages).values()), materialize_grads=True)


def norm(tensors):
    return torch.cat([t.flatten().double() for t in tensors]).norm()


def both(net, n_steps, second_order, dtype, head_only=False, rates=None, rate=None):
    stages = chain(**net, dtype=dtype)
    adapts = [stage.is_head or not head_only for stage in stages]
    support = support_set(dtype=dtype)
    query = support_set(n_rows=7, dtype=dtype, seed=1)
    fast = inner_loop(
        stages, adapts, support, rates or constant_rate(RATE), n_steps, second_order=second_order
    )
    outputs = fast(query.x)
    slow = plain_loop(
        stages, adapts, support, rate or (lambda key, step: RATE), n_steps, second_order
    )
    mine = meta_gradient(lambda t: outputs[..., t, :, :], query, stages)
    plain = meta_gradient(lambda t: run(stages, slow[t], query.x[t]), query, stages)
    return mine, plain, fast


@pytest.mark.parametrize("second_order", [True, False], ids=["second", "first"])
@pytest.mark.parametrize("n_steps", [1, 5])
@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_meta_gradient_is_the_plain_loops(net, n_steps, second_order, dtype, error):
    mine, plain, _ = both(net, n_steps, second_order, dtype)
    assert norm([a - b for a, b in zip(mine, plain, strict=True)]) <= error * norm(plain)
    assert norm(plain) > 0


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_head_only_changes_nothing_below_the_head(net):
    mine, plain, fast = both(net, 2, True, torch.float64, head_only=True)
    assert norm([a - b for a, b in zip(mine, plain, strict=True)]) <= 1e-10 * norm(plain)
    assert all(isinstance(form, FixedForm) for form in fast.forms[:-1])
    assert not fast.forms[0].mean_move()
    assert fast.forms[-1].mean_move()


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_rates_of_each_weights_own(net):
    stages = chain(**net)
    draw = torch.Generator().manual_seed(5)
    own = {
        key: 0.1 * torch.rand(p.shape, generator=draw, dtype=torch.float64)
        for key, p in parameters(stages).items()
    }

    def rates(stage, step):
        return {name: value for (i, name), value in own.items() if i == stage}

    mine, plain, _ = both(net, 2, True, torch.float64, False, rates, lambda key, step: own[key])
    assert norm([a - b for a, b in zip(mine, plain, strict=True)]) <= 1e-10 * norm(plain)


def test_rates_of_each_step():
    mine, plain, fast = both(
        NETS["wide"], 2, True, torch.float64, False,
        lambda stage, step: 0.1 / (1 + stage + step), lambda key, step: 0.1 / (1 + key[0] + step),
    )  # fmt: skip
    assert norm([a - b for a, b in zip(mine, plain, strict=True)]) <= 1e-10 * norm(plain)
    assert any(isinstance(form, DualForm) for form in fast.forms)


def forms_of(net, n_rows, n_steps=1):
    support = support_set(n_rows=n_rows)
    stages = chain(**NETS[net])
    found = inner_loop(
        stages, [True] * len(stages), support, constant_rate(RATE), n_steps, second_order=True
    )
    return [type(form) for form in found.forms]


def test_each_stage_takes_its_cheapest_form():
    assert forms_of("wide", 5)[2] is DualForm
    assert forms_of("wide", 5)[0] is StackedForm, "three inputs: weights are few"
    assert forms_of("wide", 40)[2] is DualForm
    assert forms_of("wide", 40, 2)[2] is StackedForm, "80 support rows are more than 48 x 48"
    assert forms_of("residual", 5)[1] is VmapForm
    assert forms_of("wide", 5)[1] is FixedForm, "an activation has no weights"


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
@pytest.mark.parametrize("n_steps", [0, 2])
def test_moves_subsets_and_grounding(net, n_steps):
    stages, support = chain(**net), support_set()
    adapts = [True] * len(stages)
    rates = constant_rate(RATE)
    adapted = inner_loop(stages, adapts, support, rates, n_steps, second_order=True)
    outputs = adapted(support.x)
    for i, form in enumerate(adapted.forms):
        moves = form.mean_move()
        slow = plain_loop(stages, adapts, support, lambda key, step: RATE, n_steps, True)
        for name, move in moves.items():
            own = dict(stages[i].module.named_parameters())[name]
            expected = torch.stack([weights[i, name] - own for weights in slow]).mean(0)
            torch.testing.assert_close(move, expected, rtol=1e-10, atol=1e-12)
        assert bool(moves) == (
            n_steps > 0 and next(stages[i].module.parameters(), None) is not None
        )
    some = torch.tensor([2, 0])
    torch.testing.assert_close(adapted.of(some)(support.x[some]), outputs[..., some, :, :])
    first = inner_loop(stages, adapts, support, rates, n_steps, second_order=False).detached()
    torch.testing.assert_close(first(support.x), outputs)
    assert not first(support.x).requires_grad


def test_a_task_without_labels_keeps_the_common_weights():
    stages, support = chain(), support_set()
    support.weight[2] = 0.0
    adapted = inner_loop(
        stages, [True] * len(stages), support, constant_rate(0.5), 3, second_order=False
    )
    x = support.x[2]
    torch.testing.assert_close(
        adapted(support.x)[2], run(stages, parameters(stages), x), rtol=1e-12, atol=1e-12
    )


def test_frozen_stages_adapt_too():
    stages, support = chain(), support_set()
    wanted = inner_loop(
        stages, [True] * len(stages), support, constant_rate(RATE), 2, second_order=False
    )(support.x)
    for p in parameters(stages).values():
        p.requires_grad_(False)
    with torch.no_grad():
        found = inner_loop(
            stages, [True] * len(stages), support, constant_rate(RATE), 2, second_order=False
        )(support.x)
    torch.testing.assert_close(found, wanted)
    assert not found.requires_grad


def test_hand_worked_gradient_of_two_scales():
    """f(x) = a b x, one support row x = 1 with y = 0, one query row x = 1 with y = 1.

    Support loss a^2 b^2: a' = a - 2 r a b^2, b' = b - 2 r a^2 b. With a = b = 1 and r = 1/8 both
    are 3/4; the query loss (a' b' - 1)^2 has d/da' = 2 (9/16 - 1) 3/4 = -21/32 and as much for b'.
    da'/da = 1 - 2 r b^2 = 3/4 and db'/da = -4 r a b = -1/2: second order -21/32 (3/4 - 1/2),
    first order -21/32.
    """
    for second_order, expected in ((True, -21 / 128), (False, -21 / 32)):
        modules = [Scale(), Scale()]
        for module in modules:
            module.scale.data.fill_(1.0)
        stages = [Stage.of(module) for module in modules]
        support = support_set(n_tasks=2, n_rows=1, n_in=1)
        one = torch.ones(2, 1, 1, dtype=torch.float64)
        support.x.copy_(one)

        class Squares(type(support)):
            def loss(self, outputs):
                return outputs.square().sum()

        squares = Squares(one, one * 0, one, None, None)
        adapted = inner_loop(
            stages, [True, True], squares, constant_rate(0.125), 1, second_order=second_order
        )
        loss = (adapted(one)[0] - 1).square().sum()
        grads = torch.autograd.grad(loss, [m.scale for m in modules])
        assert [float(g) for g in grads] == [expected, expected]

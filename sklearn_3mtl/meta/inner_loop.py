"""The inner loop: gradient steps of T tasks at once on their support sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor

from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.meta.form import Form, Rates
from sklearn_3mtl.meta.forms import DualForm, FixedForm, StackedForm, VmapForm
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["AdaptedStages", "StageRates", "constant_rate", "inner_loop"]


class StageRates(Protocol):
    """A function that gives the learning rates of a layer (a stage) at an inner step."""

    def __call__(self, stage: int, step: int) -> Rates:
        """The rates: one number for the layer, or a tensor for each of its parameters, by name."""


def constant_rate(rate: float) -> StageRates:
    """Make the function that gives all layers the same learning rate at all steps."""
    return lambda stage, step: rate


@dataclass(frozen=True)
class AdaptedStages:
    """The layers above the encoders as T tasks adapted them.

    Each of `forms` is a layer whose weights may differ from task to task.
    """

    forms: tuple[Form, ...]

    def __call__(self, x: Tensor) -> Tensor:
        """Map the encoded inputs of R rows of each of T tasks to outputs.

        The inputs have shape (..., T, R, d), the outputs (..., T, R, n_outputs).
        """
        for form in self.forms:
            x = form(x)
        return x

    def of(self, tasks: Tensor) -> AdaptedStages:
        """The layers as some of the tasks, given by position, adapted them."""
        return AdaptedStages(tuple(form.of(tasks) for form in self.forms))

    def detached(self) -> AdaptedStages:
        """Layers with the same outputs, from which no gradient reaches the network's parameters."""
        return AdaptedStages(tuple(form.detached() for form in self.forms))


def inner_loop(
    stages: Sequence[Stage],
    adapts: Sequence[bool],
    support: SupportSet,
    rates: StageRates,
    n_steps: int,
    *,
    second_order: bool,
) -> AdaptedStages:
    """Let each task take gradient steps on its support set.

    Parameters
    ----------
    stages : sequence of Stage
        The layers above the encoders, in the order of the forward pass.
    adapts : sequence of bool
        Whether the tasks adapt each stage.
    support : SupportSet
        The support sets.
    rates : callable (stage, step) -> rates
        Step sizes. A linear layer can only adapt by products with the support rows, its dual form,
        if its rates are plain numbers.
    n_steps : int
        How many steps.
    second_order : bool
        Whether the gradients of a later loss flow through the steps, if gradients are recorded.
    """
    second_order = second_order and torch.is_grad_enabled()
    scalar = [isinstance(rates(i, 0), float) for i in range(len(stages))]
    n_rows = n_steps * support.x.shape[-2]
    forms = [
        _form(stage, n_rows, adapts[i], scalar[i], second_order) for i, stage in enumerate(stages)
    ]
    with torch.enable_grad():
        for step in range(n_steps):
            forms = _step(forms, support, rates, step, second_order)
    return AdaptedStages(tuple(forms))


def _form(stage: Stage, n_rows: int, adapts: bool, scalar: bool, second_order: bool) -> Form:
    """Choose the cheapest way to run a layer while tasks adapt it, given its rates.

    A form stores the weights of all tasks; which one is cheapest depends on the number of support
    rows.
    """
    if not adapts:
        return FixedForm(stage.module)
    if not stage.is_linear:
        has_weights = next(stage.module.parameters(), None) is not None
        if has_weights and next(stage.module.buffers(), None) is not None:
            raise ValueError(
                "`backbone` holds buffers, such as batch normalisation's running statistics, which "
                "tasks that adapt at the same time can't share. Use a module without them, for "
                "example with LayerNorm, or meta='anil' or 'ridge', which adapt the heads alone."
            )
        return VmapForm(stage.module, second_order) if has_weights else FixedForm(stage.module)
    n_out, n_in = cast(Tensor, stage.module.weight).shape[-2:]
    # Products with the support rows, or each task's own weights: whichever has fewer numbers.
    if scalar and n_rows * (n_in + n_out) < n_in * n_out:
        return DualForm(stage.module, second_order)
    return StackedForm(stage.module, second_order)


def _step(
    forms: list[Form], support: SupportSet, rates: StageRates, step: int, second_order: bool
) -> list[Form]:
    h, traces = support.x, []
    for form in forms:
        trace = form.trace(h)
        traces.append(trace)
        h = trace.out
    variables = [variable for trace in traces for variable in trace.variables]
    if not variables:
        return forms
    of_stages = [rates(stage, step) for stage in range(len(forms))]
    # A rate common to all stages multiplies the loss once, instead of each gradient.
    common = of_stages[0] if isinstance(of_stages[0], float) else 1.0
    common = common if all(rate == common for rate in of_stages) else 1.0
    loss = support.loss(h)
    found = iter(
        torch.autograd.grad(
            loss,
            variables,
            loss.new_full((), -common),
            create_graph=second_order,
            allow_unused=True,
            materialize_grads=True,
        )
    )
    return [
        trace.move([next(found) for _ in trace.variables], _with_common(rate, common))
        for trace, rate in zip(traces, of_stages, strict=True)
    ]


def _with_common(rate: Rates, common: float) -> Rates:
    """Divide a rate by the common one, which already multiplies the loss."""
    return rate / common if isinstance(rate, float) else rate

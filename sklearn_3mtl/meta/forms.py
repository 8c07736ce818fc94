"""Four ways to run a layer (a stage) of the network while T tasks adapt it at the same time.

Rows have the shape (..., T, R, d): R rows of each of T tasks, members of an ensemble in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from sklearn_3mtl.core.stages import on_rows
from sklearn_3mtl.meta.form import Form, Rates, Trace

__all__ = ["DualForm", "FixedForm", "StackedForm", "VmapForm"]


class FixedForm(Form):
    """A layer (a stage of the network) that no task adapts.

    Parameters
    ----------
    module : nn.Module
        The layer.
    weights : dict of str to tensor or None, default=None
        Parameters to use instead of the module's own. None: the module's own.
    """

    def __init__(self, module: nn.Module, weights: dict[str, Tensor] | None = None) -> None:
        self.module, self.weights = module, weights

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's outputs for rows of each task."""
        return on_rows(self.module, x, self.weights)

    def trace(self, x: Tensor) -> Trace:
        """The outputs for the tasks' support rows, with what a gradient step needs."""
        return Trace(self(x), [], lambda gradients, rates: self)

    def of(self, tasks: Tensor) -> FixedForm:
        """Return the layer itself, which is the same for all tasks."""
        return self

    def mean_move(self) -> dict[str, Tensor]:
        """Return an empty dict, because no parameter moves."""
        return {}

    def detached(self) -> FixedForm:
        """A form with the same outputs, without gradients to the layer's own parameters."""
        return FixedForm(self.module, _detached(self.module))


@dataclass(frozen=True)
class DualForm(Form):
    """A linear layer that adapts by products with support rows instead of weights per task.

    Let h be the layer's inputs for support rows, and delta the gradient at its outputs times minus
    the rate. After gradient steps task t has the weights ``W_t = W + sum delta^T h``, so that
    ``x W_t^T = x W^T + (x h^T) delta``: one product for all tasks and small ones for each. No
    task's weights are computed.

    Parameters
    ----------
    module : nn.Module
        The linear layer.
    second_order : bool
        Whether gradients of a later loss flow through the steps.
    inputs : tensor of shape (..., T, S, d_in) or None
        The layer's inputs for the support rows of all steps. None before the first step.
    deltas : tensor of shape (..., T, S, d_out) or None
        The gradients at the outputs, times minus the rate. None before the first step.
    weights : dict of str to tensor or None
        Parameters to use instead of the module's own. None: the module's own.
    """

    module: nn.Module
    second_order: bool
    inputs: Tensor | None = None
    deltas: Tensor | None = None
    weights: dict[str, Tensor] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's outputs for rows of each task, by that task's weights."""
        out = on_rows(self.module, x, self.weights)
        if self.inputs is None or self.deltas is None:
            return out
        # The 1 stands for the bias, a weight whose input is always 1.
        kernel = _added(out.new_ones(1, 1, 1), x, self.inputs.mT)
        return _added(out, kernel, self.deltas)

    def trace(self, x: Tensor) -> Trace:
        """The outputs for the tasks' support rows, with what a gradient step needs."""
        out = self(x)
        variable = out if out.requires_grad else out.detach().requires_grad_()
        return Trace(variable, [variable], partial(self._moved, x))

    def _moved(self, x: Tensor, steps: Sequence[Tensor], rates: Rates) -> DualForm:
        assert isinstance(rates, float)
        inputs, deltas = (x if self.second_order else x.detach()), _scaled(steps[0], rates)
        if self.inputs is not None and self.deltas is not None:
            inputs = torch.cat([self.inputs, inputs], dim=-2)
            deltas = torch.cat([self.deltas, deltas], dim=-2)
        return replace(self, inputs=inputs, deltas=deltas)

    def of(self, tasks: Tensor) -> DualForm:
        """The same layer for some of the tasks only, given by their positions."""
        if self.inputs is None or self.deltas is None:
            return self
        inputs, deltas = (v.index_select(-3, tasks) for v in (self.inputs, self.deltas))
        return replace(self, inputs=inputs, deltas=deltas)

    def mean_move(self) -> dict[str, Tensor]:
        """How far each parameter, by name, has moved from its start, on average over tasks."""
        if self.inputs is None or self.deltas is None:
            return {}
        n_tasks = self.inputs.shape[-3]
        inputs, deltas = self.inputs.flatten(-3, -2), self.deltas.flatten(-3, -2)
        return {"weight": deltas.mT @ inputs / n_tasks, "bias": deltas.sum(-2) / n_tasks}

    def detached(self) -> DualForm:
        """A form with the same outputs, without gradients to the layer's own parameters."""
        return replace(self, weights=_detached(self.module))


@dataclass(frozen=True)
class StackedForm(Form):
    """A linear layer with weights of its own for each task, stacked along an axis.

    Parameters
    ----------
    module : nn.Module
        The linear layer.
    own : tuple of tensors of shape (..., T, d_out, d_in) and (..., T, d_out), or None
        Weight and bias of each task. None before the first step, when they are the module's.
    second_order, weights
        As for `DualForm`.
    """

    module: nn.Module
    second_order: bool
    own: tuple[Tensor, Tensor] | None = None
    weights: dict[str, Tensor] | None = None

    def _own(self, n_tasks: int) -> tuple[Tensor, Tensor]:
        if self.own is not None:
            return self.own
        weight, bias = self._start()
        members, (n_out, n_in) = weight.shape[:-3], weight.shape[-2:]
        return (
            weight.expand(*members, n_tasks, n_out, n_in),
            bias.expand(*members, n_tasks, n_out),
        )

    def _start(self) -> tuple[Tensor, Tensor]:
        start = self.weights or self.module._parameters
        weight, bias = cast(Tensor, start["weight"]), cast(Tensor, start["bias"])
        return weight.unsqueeze(-3), bias.unsqueeze(-2)

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's outputs for rows of each task, by that task's weights."""
        return _affine(x, *self._own(x.shape[-3]))

    def trace(self, x: Tensor) -> Trace:
        """The outputs for the tasks' support rows, with what a gradient step needs."""
        own = self._own(x.shape[-3])
        variables = _variables(own)
        return Trace(_affine(x, *variables), variables, partial(self._moved, own))

    def _moved(
        self, own: tuple[Tensor, Tensor], steps: Sequence[Tensor], rates: Rates
    ) -> StackedForm:
        if isinstance(rates, float):
            weight, bias = (_scaled(step, rates) for step in steps)
        else:
            weight = rates["weight"].unsqueeze(-3) * steps[0]
            bias = rates["bias"].unsqueeze(-2) * steps[1]
        return replace(self, own=(own[0] + weight, own[1] + bias))

    def of(self, tasks: Tensor) -> StackedForm:
        """The same layer for some of the tasks only, given by their positions."""
        if self.own is None:
            return self
        weight, bias = self.own
        return replace(self, own=(weight.index_select(-3, tasks), bias.index_select(-2, tasks)))

    def mean_move(self) -> dict[str, Tensor]:
        """How far each parameter, by name, has moved from its start, on average over tasks."""
        if self.own is None:
            return {}
        weight, bias = self._start()
        return {
            "weight": (self.own[0] - weight).mean(-3),
            "bias": (self.own[1] - bias).mean(-2),
        }

    def detached(self) -> StackedForm:
        """A form with the same outputs, without gradients to the layer's own parameters."""
        own = None if self.own is None else (self.own[0].detach(), self.own[1].detach())
        return replace(self, weights=_detached(self.module), own=own)


@dataclass(frozen=True)
class VmapForm(Form):
    """Any module with parameters of its own for each task, called by ``torch.func.vmap``.

    Parameters
    ----------
    module : nn.Module
        Maps (..., R, d_in) to (..., R, d_out).
    offsets : dict of str to tensor with T entries, or None
        How far each task has moved each parameter. None before the first step.
    second_order, weights
        As for `DualForm`.
    """

    module: nn.Module
    second_order: bool
    offsets: dict[str, Tensor] | None = None
    weights: dict[str, Tensor] | None = None

    def _own(self, n_tasks: int) -> dict[str, Tensor]:
        own = self.weights or dict(self.module.named_parameters())
        if self.offsets is None:
            return {name: p.expand(n_tasks, *p.shape) for name, p in own.items()}
        return {name: p + self.offsets[name] for name, p in own.items()}

    def _call(self, own: dict[str, Tensor], x: Tensor) -> Tensor:
        call = vmap(lambda p, v: functional_call(self.module, p, (v,)), randomness="different")
        out: Tensor = call(own, x.movedim(-3, 0)).movedim(0, -3)
        return out

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's outputs for rows of each task, by that task's weights."""
        return self._call(self._own(x.shape[-3]), x)

    def trace(self, x: Tensor) -> Trace:
        """The outputs for the tasks' support rows, with what a gradient step needs."""
        own = self._own(x.shape[-3])
        variables = _variables(own.values())
        return Trace(self._call(dict(zip(own, variables, strict=True)), x), variables, self._moved)

    def _moved(self, steps: Sequence[Tensor], rates: Rates) -> VmapForm:
        names = [name for name, _ in self.module.named_parameters()]
        offsets = {
            name: _scaled(step, rates) if isinstance(rates, float) else rates[name] * step
            for name, step in zip(names, steps, strict=True)
        }
        if self.offsets is not None:
            offsets = {name: self.offsets[name] + offset for name, offset in offsets.items()}
        return replace(self, offsets=offsets)

    def of(self, tasks: Tensor) -> VmapForm:
        """The same layer for some of the tasks only, given by their positions."""
        if self.offsets is None:
            return self
        return replace(self, offsets={n: o.index_select(0, tasks) for n, o in self.offsets.items()})

    def mean_move(self) -> dict[str, Tensor]:
        """How far each parameter, by name, has moved from its start, on average over tasks."""
        return {name: offset.mean(0) for name, offset in (self.offsets or {}).items()}

    def detached(self) -> VmapForm:
        """A form with the same outputs, without gradients to the layer's own parameters."""
        return replace(self, weights=_detached(self.module))


def _affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return _added(bias.unsqueeze(-2), x, weight.mT)


def _added(base: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``base + a @ b``, in one operation if there is no axis of members of an ensemble."""
    if a.dim() == b.dim() == 3 and base.dim() == 3:
        return torch.baddbmm(base, a, b)
    return base + a @ b


def _scaled(step: Tensor, rate: float) -> Tensor:
    return step if rate == 1.0 else rate * step


def _variables(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [t if t.requires_grad else t.detach().requires_grad_() for t in tensors]


def _detached(module: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in module.named_parameters()}

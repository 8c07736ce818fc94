"""The network above the encoders as a list of layers, which meta-learning methods adapt."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.activations import ACTIVATIONS

__all__ = ["Stage", "on_rows"]

# These modules take inputs of any shape.
ELEMENTWISE = tuple(ACTIVATIONS.values())


class Stage(NamedTuple):
    """One of the layers that map the encoded inputs to the outputs, one after the other.

    Attributes
    ----------
    module : nn.Module
        Maps rows (..., B, d_in) to (..., B, d_out), each row by itself. If the ensemble has several
        members, the parameters have a leading member axis.
    is_linear : bool
        Whether it is ``x W^T + b``, with parameters ``weight`` and ``bias`` alone.
    is_head : bool
        Whether it belongs to the tasks' heads.
    """

    module: nn.Module
    is_linear: bool
    is_head: bool

    @classmethod
    def of(cls, module: nn.Module, *, is_head: bool = False) -> Stage:
        """Make a stage of a module; it is linear if the module's class has ``is_linear = True``."""
        return cls(module, getattr(type(module), "is_linear", False), is_head)


def on_rows(module: nn.Module, x: Tensor, weights: dict[str, Tensor] | None = None) -> Tensor:
    """Call a module on the rows of several tasks.

    Parameters
    ----------
    module : nn.Module
        Maps (..., B, d_in) to (..., B, d_out).
    x : tensor of shape (..., T, R, d_in)
        R rows of each of T tasks.
    weights : dict of str to tensor, or None, default=None
        Parameters to use instead of the module's own. None: the module's own.

    Returns
    -------
    out : tensor of shape (..., T, R, d_out)
    """
    out: Tensor
    if isinstance(module, ELEMENTWISE):
        out = module(x)
        return out
    flat = x.flatten(-3, -2)
    out = module(flat) if weights is None else torch.func.functional_call(module, weights, (flat,))
    out = out.unflatten(-2, x.shape[-3:-1])
    return out

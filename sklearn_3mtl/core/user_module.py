"""A user's own nn.Module as backbone, for one net or K copies of it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from sklearn_3mtl.core.stacked import Copies

__all__ = ["UserBackbone"]


class UserBackbone(nn.Module):
    """Copies of a user's module, which itself is never trained or changed.

    One copy is called as it is. Several are run side by side by ``torch.func.vmap`` over their
    stacked parameters; all start from the module's own weights.

    Parameters
    ----------
    module : nn.Module
        Maps (B, n_in) to (B, n_out).
    n_in : int
        Width of the input.
    copies : Copies
        Independent copies.

    Raises
    ------
    ValueError
        If the module doesn't take (B, n_in), doesn't give (B, n_out), or holds buffers (running
        statistics) while there are several copies.
    """

    def __init__(self, module: nn.Module, n_in: int, copies: Copies) -> None:
        super().__init__()
        self.owners = copies.owners
        template = copy.deepcopy(module)
        self.n_out = _output_width(template, n_in)
        template.requires_grad_(True)
        self.module: nn.Module | None = template if len(copies) == 1 else None
        if self.module is None:
            if next(template.buffers(), None) is not None:
                raise ValueError(
                    "`backbone` holds buffers, such as batch normalisation's running statistics, "
                    "which several independent nets can't share; use sharing='hard', or a module "
                    "without them, for example with LayerNorm."
                )
            stacked, _ = stack_module_state([template] * len(copies))
            self._names = list(stacked)
            self.stacked = nn.ParameterList([nn.Parameter(p.detach()) for p in stacked.values()])
            # Kept out of the module tree: its own weights are not parameters of the network.
            self._template = [template.to("meta")]

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, n_in) or (K, B, n_in) to features."""
        if self.module is not None:
            return self.module(x)
        template = self._template[0].train(self.training)
        parameters = dict(zip(self._names, self.stacked, strict=True))
        along = 0 if x.dim() == 3 else None
        call = vmap(
            lambda p, v: functional_call(template, p, (v,)),
            in_dims=(0, along),
            randomness="different",
        )
        return call(parameters, x)


def _output_width(module: nn.Module, n_in: int) -> int:
    was_training = module.training
    try:
        with torch.no_grad():
            out = module.eval()(torch.zeros(2, n_in))
    except Exception as error:
        raise ValueError(
            f"`backbone` should map a float32 tensor of shape (B, {n_in}), the width of the "
            f"encoded columns, to (B, n_features). It failed with: {error}"
        ) from error
    finally:
        module.train(was_training)
    if not isinstance(out, Tensor) or out.dim() != 2 or len(out) != 2:
        found = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise ValueError(f"`backbone` should return shape (B, n_features). For B=2 found {found}.")
    return int(out.shape[1])

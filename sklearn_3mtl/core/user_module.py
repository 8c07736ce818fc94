"""Any nn.Module, such as a user's own, as one net or as K copies."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from sklearn_3mtl.core.stacked import Copies

__all__ = ["StackedModules", "UserModule"]


class StackedModules(nn.Module):
    """Modules of one shape, one per copy, run as one batched operation.

    A single module is called directly, several by ``torch.func.vmap`` over stacked parameters.

    Parameters
    ----------
    modules : sequence of nn.Module
        One per copy. Don't use them afterwards: this module may change them.
    copies : Copies
        The copies.
    n_dims : int, default=2
        How many dimensions the input of one module has.
    """

    def __init__(self, modules: Sequence[nn.Module], copies: Copies, n_dims: int = 2) -> None:
        super().__init__()
        self.owners, self._n_dims = copies.owners, n_dims
        self.module: nn.Module | None = modules[0] if len(modules) == 1 else None
        if self.module is None:
            stacked, _ = stack_module_state(list(modules))
            self._names = list(stacked)
            self.stacked = nn.ParameterList(
                [nn.Parameter(p.detach(), p.requires_grad) for p in stacked.values()]
            )
            # In a list, so that its own weights are not registered as parameters of the network.
            self._template = [modules[0].to("meta")]

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (K, B, ...) of K copies, or (B, ...) common to all, to features."""
        out: Tensor
        if self.module is not None:
            out = self.module(x)
            return out
        template = self._template[0].train(self.training)
        parameters = dict(zip(self._names, self.stacked, strict=True))
        along = 0 if x.dim() > self._n_dims else None
        call = vmap(
            lambda p, v: functional_call(template, p, (v,)),
            in_dims=(0, along),
            randomness="different",
        )
        out = call(parameters, x)
        return out


class UserModule(StackedModules):
    """Copies of a user's module, which itself is never trained or changed.

    All copies start from the module's own weights.

    Parameters
    ----------
    module : nn.Module
        Maps (B, n_in), or (B, *n_in) where that is a shape, to (B, n_out).
    n_in : int or tuple of int
        Width of the input, or the shape of one row.
    copies : Copies
        Independent copies.
    parameter : str, default="backbone"
        The parameter of the estimator that holds the module, for error messages.
    keep_frozen : bool, default=False
        Whether parameters of the module that require no gradient stay frozen. False: all are
        trained.

    Raises
    ------
    ValueError
        If the module doesn't take (B, n_in), doesn't give (B, n_out), or holds buffers (running
        statistics) while there are several copies.
    """

    def __init__(
        self,
        module: nn.Module,
        n_in: int | tuple[int, ...],
        copies: Copies,
        parameter: str = "backbone",
        keep_frozen: bool = False,
    ) -> None:
        template = copy.deepcopy(module)
        shape = (n_in,) if isinstance(n_in, int) else n_in
        n_out = _output_width(template, shape, parameter)
        if not keep_frozen:
            template.requires_grad_(True)
        if len(copies) > 1 and next(template.buffers(), None) is not None:
            raise ValueError(
                f"`{parameter}` holds buffers, such as batch normalisation's running statistics, "
                "which several independent nets can't share; use sharing='hard' with "
                "n_estimators=1, or a module without them, for example with LayerNorm."
            )
        super().__init__([template] * len(copies), copies, n_dims=1 + len(shape))
        self.n_out = n_out


def _output_width(module: nn.Module, shape: tuple[int, ...], parameter: str) -> int:
    was_training = module.training
    try:
        with torch.no_grad():
            out = module.eval()(torch.zeros(2, *shape, dtype=torch.float32))
    except Exception as error:
        raise ValueError(
            f"`{parameter}` should map a float32 tensor of shape "
            f"(B, {', '.join(map(str, shape))}), the encoded columns, to (B, n_features). "
            f"It failed with: {error}"
        ) from error
    finally:
        module.train(was_training)
    if not isinstance(out, Tensor) or out.dim() != 2 or len(out) != 2:
        found = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise ValueError(
            f"`{parameter}` should return shape (B, n_features). For B=2 found {found}."
        )
    return int(out.shape[1])

"""A head that is a module of the user."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import UserModule

__all__ = ["ModuleHead"]


class ModuleHead(nn.Module):
    """A user's own head for one task.

    Parameters
    ----------
    module : nn.Module
        Maps (B, n_in) to (B, n_outputs); a copy is trained for each member.
    n_in, n_out : int
        Width of the features and of the outputs.
    task : int
        The task's position among all.
    name : object
        The task's name, for error messages.
    view, n_views : int, default=0 and 1
        The position of the features (the view) that the task reads, and how many views there are.
    members : sequence of int, default=(0,)
        The members of the ensemble; each has a head of its own.

    Raises
    ------
    ValueError
        If the module doesn't map (B, n_in) to (B, n_outputs).
    """

    def __init__(
        self,
        module: nn.Module,
        n_in: int,
        n_out: int,
        task: int,
        name: object,
        view: int = 0,
        n_views: int = 1,
        members: Sequence[int] = (0,),
    ) -> None:
        super().__init__()
        self.view, self.n_views = view, n_views
        wanted = f"`heads[{name!r}]` should map (B, {n_in}) to (B, {n_out})"
        try:
            with torch.no_grad():
                rows = torch.zeros(2, n_in, dtype=torch.float32)
                shape = tuple(copy.deepcopy(module).eval()(rows).shape)
        except Exception as error:
            raise ValueError(f"{wanted}. It failed with: {error}") from error
        if shape != (2, n_out):
            raise ValueError(f"{wanted}. For B=2 it gave shape {shape}.")
        copies = Copies([repr(name)], [task]).times(members)
        self.module = UserModule(module, n_in, copies, f"heads[{name!r}]")

    def forward(self, z: Tensor, group: Tensor | None = None) -> Tensor:
        """Map features to the outputs of the task."""
        if self.n_views > 1:
            z = z.unflatten(0, (-1, self.n_views))[:, self.view].squeeze(0)
        out: Tensor = self.module(z)
        return out

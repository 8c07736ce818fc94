"""The type of the state that a plug-in makes for a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import TypeVar

    # What stores a plug-in's instance need not know its state: `Balancing` is `Balancing[Any]`.
    State = TypeVar("State", bound=nn.Module | None, default=Any)
else:
    from typing import TypeVar

    State = TypeVar("State", bound=nn.Module | None)

__all__ = ["State"]

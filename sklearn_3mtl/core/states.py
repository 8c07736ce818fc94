"""The type variable of a method's state, the module that holds what the method learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import TypeVar

    # Code that only stores a plug-in need not name the type of its state: `Balancing` means
    # `Balancing[Any]`.
    State = TypeVar("State", bound=nn.Module | None, default=Any)
else:
    from typing import TypeVar

    State = TypeVar("State", bound=nn.Module | None)

__all__ = ["State"]

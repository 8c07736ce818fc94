"""The batch in the form that a user's callback gets."""

from __future__ import annotations

from skorch.callbacks import Callback
from torch import Tensor

from sklearn_3mtl.rows.batch import Batch

__all__ = ["listens_to_batches", "plain_batch"]

_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


def plain_batch(batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
    """The inputs and labels of a batch, in the form that skorch gives to callbacks."""
    return batch.judged_inputs(), batch.values


def listens_to_batches(callback: Callback) -> bool:
    """Whether a callback overrides a method that is called for each batch."""
    return any(
        getattr(type(callback), event) is not getattr(Callback, event) for event in _BATCH_EVENTS
    )

"""What kinds with classes have in common."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from sklearn_3mtl.data.kinds.base import Kind

__all__ = ["ClassKind", "softmax"]


class ClassKind(Kind):
    """Base of kinds with classes; labels are encoded as positions among the sorted classes."""

    has_classes = True
    metrics = ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "log_loss")
    hidden_head = False
    calibrates = True
    lowest_temperature = 0.0
    temperature_spread = 0.5

    def score(self, outputs: Tensor, values: Tensor, weight: Tensor) -> Tensor:
        """The weighted accuracy of each target, of shape (n_tasks,)."""
        hits = (self.decode(outputs) == values) * weight
        return hits.sum(0) / weight.sum(0)


def softmax(logits: np.ndarray) -> np.ndarray:
    """The softmax over the last axis."""
    powers: np.ndarray = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return found

"""Any number of classes, with a logit for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_3mtl.data.kinds.classes import ClassKind, softmax
from sklearn_3mtl.data.kinds.likelihood import Categorical

__all__ = ["Multiclass"]


class Multiclass(ClassKind):
    """One of several classes, predicted by a logit for each."""

    name = "multiclass"
    likelihood = Categorical()
    padding = -torch.inf

    def n_outputs(self, classes: Sequence[object] | np.ndarray | None) -> int:
        """The number of classes, each of which has an output."""
        return 1 if classes is None else len(classes)

    def losses(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The cross-entropy of every label."""
        logits, labels = outputs.flatten(0, -2), values.long()
        return F.cross_entropy(logits, labels.flatten(), reduction="none").view(labels.shape)

    def decode(self, outputs: Tensor) -> Tensor:
        """Predict the position of the most likely class."""
        return outputs.argmax(-1)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """The probability of each class: the softmax of its logits."""
        return softmax(outputs)

    def combine(self, outputs: Tensor, shares: Tensor | None = None) -> Tensor:
        """Logarithms of the ensemble members' mean probabilities, up to a constant."""
        # In this order of axes, the bits don't depend on which other targets there are.
        by_task = outputs.permute(2, 3, 0, 1)
        logs = by_task.log_softmax(1)
        if shares is not None:
            logs = logs + shares.T[:, None, :, None].log()
        return logs.logsumexp(2).permute(2, 0, 1)

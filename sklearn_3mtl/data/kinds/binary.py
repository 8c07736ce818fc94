"""Two classes, predicted by one logit."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from sklearn_3mtl.data.kinds.base import Kind, mean_of_members
from sklearn_3mtl.data.kinds.classes import ClassKind, softmax
from sklearn_3mtl.data.kinds.likelihood import Bernoulli
from sklearn_3mtl.data.kinds.multiclass import Multiclass

__all__ = ["Binary"]

# Probabilities are kept at least this far from 0 and 1.
TINY = 1e-7


class Binary(ClassKind):
    """One of two classes, predicted by the logit of the second."""

    name = "binary"
    likelihood = Bernoulli()

    def refuse(self, name: Hashable, labels: np.ndarray) -> None:
        """Refuse more than two classes."""
        if len(labels) > 2:
            raise ValueError(
                f"Task {name!r} was declared binary, but has {len(labels)} classes; "
                "declare it 'multiclass'."
            )

    def losses(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The cross-entropy."""
        return self.losses_of_one_output(outputs.squeeze(-1), values)

    def losses_of_one_output(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The cross-entropy."""
        return F.binary_cross_entropy_with_logits(outputs, values, reduction="none")

    def decode(self, outputs: Tensor) -> Tensor:
        """The more likely class."""
        return outputs.squeeze(-1) > 0

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """The probabilities of both classes."""
        return softmax(np.hstack([-outputs, np.zeros_like(outputs)]))

    def outputs_of_log_probabilities(self, logs: np.ndarray) -> np.ndarray:
        """The logit of the second class."""
        found: np.ndarray = logs[:, 1:] - logs[:, :1]
        return found

    def combine(self, outputs: Tensor) -> Tensor:
        """The logit of the mean probability."""
        return mean_of_members(outputs.sigmoid()).logit(TINY)

    def with_output_per_class(self) -> Kind:
        """A logit for each class."""
        return Multiclass()

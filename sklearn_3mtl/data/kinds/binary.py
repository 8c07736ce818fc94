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
        """Raise a ValueError if there are more than two classes."""
        if len(labels) > 2:
            raise ValueError(
                f"Task {name!r} was declared binary, but has {len(labels)} classes; "
                "declare it 'multiclass'."
            )

    def losses(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The cross-entropy of every label, from the logit of the second class."""
        return self.losses_of_one_output(outputs.squeeze(-1), values)

    def losses_of_one_output(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The cross-entropy of every label, from the logit of the second class."""
        return F.binary_cross_entropy_with_logits(outputs, values, reduction="none")

    def decode(self, outputs: Tensor) -> Tensor:
        """Predict the class from the logit: True for the second class."""
        return outputs.squeeze(-1) > 0

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """The probabilities of both classes, (n, 2), from logits of shape (n, 1)."""
        return softmax(np.hstack([-outputs, np.zeros_like(outputs)]))

    def outputs_of_log_probabilities(self, logs: np.ndarray) -> np.ndarray:
        """The logit of the second class, (n, 1), from log-probabilities of shape (n, 2)."""
        found: np.ndarray = logs[:, 1:] - logs[:, :1]
        return found

    def combine(self, outputs: Tensor, shares: Tensor | None = None) -> Tensor:
        """The logit of the mean probability over the members of the ensemble."""
        return mean_of_members(outputs.sigmoid(), shares).logit(TINY)

    def with_output_per_class(self) -> Kind:
        """Return the kind Multiclass, which has a logit for each of the two classes."""
        return Multiclass()

"""The loss of every label, a call for each kind of task."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_3mtl.data.layout import TaskLayout

__all__ = ["REGRESSION_LOSSES", "LabelLosses"]


def _squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).square()


def _huber(prediction: Tensor, target: Tensor) -> Tensor:
    return F.huber_loss(prediction, target, reduction="none")


REGRESSION_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared_error": _squared_error,
    "huber": _huber,
}


class LabelLosses(nn.Module):
    """Squared error or Huber, binary cross-entropy on a logit, cross-entropy on logits.

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order and outputs.
    regression_loss : str
        A name in `REGRESSION_LOSSES`; the target is standardised, and Huber's delta is 1.
    """

    def __init__(self, layout: TaskLayout, regression_loss: str) -> None:
        super().__init__()
        self.layout = layout
        self.regression = REGRESSION_LOSSES[regression_loss]
        self.n_regression, self.n_binary = layout.n_regression, layout.n_binary
        self.n_single = self.n_regression + self.n_binary
        self.n_multiclass = layout.n_multiclass
        widths = [task.n_outputs for task in layout.tasks[self.n_single :]]
        self.equal_width = widths[0] if len(set(widths)) == 1 else None
        columns = torch.full((len(widths), max(widths, default=0)), layout.n_outputs)
        for row, width in enumerate(widths):
            start = int(layout.offsets[self.n_single + row])
            columns[row, :width] = torch.arange(start, start + width)
        # Where widths differ, column `n_outputs` is a padding logit of -inf.
        self.register_buffer("columns", columns, persistent=False)

    def forward(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The loss of every label.

        Parameters
        ----------
        outputs : tensor of shape (B, n_outputs)
        values : tensor of shape (B, n_tasks)

        Returns
        -------
        losses : tensor of shape (B, n_tasks)
        """
        values = values.expand(*outputs.shape[:-1], -1)
        parts = []
        r, s = self.n_regression, self.n_single
        if r == len(self.layout):
            return self.regression(outputs, values)
        if r:
            parts.append(self.regression(outputs[..., :r], values[..., :r]))
        if self.n_binary:
            parts.append(
                F.binary_cross_entropy_with_logits(
                    outputs[..., r:s], values[..., r:s], reduction="none"
                )
            )
        if self.n_multiclass:
            logits = self.multiclass_logits(outputs)
            labels = values[..., s:].long()
            flat = F.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none")
            parts.append(flat.view(labels.shape))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)

    def multiclass_logits(self, outputs: Tensor) -> Tensor:
        """Logits of shape (B, n_multiclass, n_classes), padded with -inf."""
        if self.equal_width is not None:
            return outputs[..., self.n_single :].unflatten(
                -1, (self.n_multiclass, self.equal_width)
            )
        padding = outputs.new_full((*outputs.shape[:-1], 1), -torch.inf)
        return torch.cat([outputs, padding], dim=-1)[..., cast(Tensor, self.columns)]

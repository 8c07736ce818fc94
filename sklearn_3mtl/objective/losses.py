"""The loss of every label, one call for each kind of task."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sklearn_3mtl.data.layout import Block, TaskLayout

__all__ = ["LabelLosses"]


class LabelLosses(nn.Module):
    """The loss of every label, computed as the kind of its task defines it.

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order and outputs.
    """

    def __init__(self, layout: TaskLayout) -> None:
        super().__init__()
        self.layout = layout
        # Where the widths of a block differ: which outputs are whose, on the network's device.
        for index, block in enumerate(layout.blocks):
            if block.width is None:
                self.register_buffer(f"columns_{index}", block.columns, persistent=False)

    def forward(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The loss of every label.

        Parameters
        ----------
        outputs : tensor of shape (..., n_outputs)
        values : tensor that broadcasts to (..., n_tasks)

        Returns
        -------
        losses : tensor of shape (..., n_tasks)
        """
        if values.shape[:-1] != outputs.shape[:-1]:
            values = values.expand(*outputs.shape[:-1], values.shape[-1])
        blocks = self.layout.blocks
        if len(blocks) == 1:
            return self._of_block(0, blocks[0], outputs, values)
        parts = [
            self._of_block(index, block, outputs, values[..., block.tasks])
            for index, block in enumerate(blocks)
        ]
        return torch.cat(parts, dim=-1)

    def _of_block(self, index: int, block: Block, outputs: Tensor, values: Tensor) -> Tensor:
        if block.width == 1:
            return block.kind.losses_of_one_output(block.own(outputs), values)
        columns = None if block.width is not None else getattr(self, f"columns_{index}")
        return block.kind.losses(block.of(outputs, columns), values)

"""Fine-tuning: lower layers are trained more slowly and start later."""

from __future__ import annotations

import math
from numbers import Real

from sklearn_3mtl.transfer.strategies.base import Rate, TransferStrategy

__all__ = ["FineTune"]


class FineTune(TransferStrategy):
    """Train all layers from the source's weights; lower ones at lower rates, and starting later.

    The estimator's parameters say which parts of the network are trained (`adapt_parts`), at which
    learning rate (`adapt_lr`) and in how many steps (`adapt_steps`).

    Parameters
    ----------
    layer_decay : float, default=2.6
        The rate of each layer is that of the layer above divided by this number. 1: all rates are
        the same.
    gradual_unfreezing : bool, default=True
        Whether layers start one after the other: the heads at once, the encoders after half of the
        training. False: all layers start at the first step.

    References
    ----------
    Howard, Ruder, "Universal language model fine-tuning for text classification", ACL 2018,
    arXiv 1801.06146, sections 3.2 (discriminative fine-tuning) and 3.3 (gradual unfreezing).

    Examples
    --------
    >>> from sklearn_3mtl.transfer import FineTune
    >>> FineTune(layer_decay=2.0).rates(n_depths=3, n_rows=100)
    [Rate(share=0.25, start=0.5), Rate(share=0.5, start=0.25), Rate(share=1.0, start=0.0)]
    """

    def __init__(self, layer_decay: float = 2.6, gradual_unfreezing: bool = True) -> None:
        self.layer_decay = layer_decay
        self.gradual_unfreezing = gradual_unfreezing

    def rates(self, n_depths: int, n_rows: int) -> list[Rate]:
        """The rate of each depth, from the encoders up; lower layers train more slowly, later."""
        decay = self.layer_decay
        if not (isinstance(decay, Real) and 1 <= decay < math.inf):
            raise ValueError(
                f"`FineTune.layer_decay` should be a finite number >= 1. Found {decay!r}."
            )
        below = range(n_depths - 1, -1, -1)
        latest = 0.5 / max(n_depths - 1, 1) if self.gradual_unfreezing else 0.0
        return [Rate(decay**-n, latest * n) for n in below]

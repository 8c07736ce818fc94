"""An inner loop per task inside an outer one (survey arXiv 2111.12146, eqs. 5 to 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from sklearn_3mtl.balancing import Balancing
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta import Adapted, MetaMethod, SupportSet
from sklearn_3mtl.objective.alignment import Alignment, with_beside
from sklearn_3mtl.objective.single_level import SingleLevelObjective
from sklearn_3mtl.rows.batch import Batch, Supports
from sklearn_3mtl.rows.loader import TrainingRows

__all__ = ["BiLevelObjective"]

# More rows hardly change a covariance.
SETTLED_ROWS = 2**15


class BiLevelObjective(SingleLevelObjective):
    """The loss of the queries once each task has adapted to its support.

    A batch without supports is one of the single-level objective: nothing adapts.

    Parameters
    ----------
    layout, n_groups, balancing, task_weight, seed, alignment
        Those of :class:`SingleLevelObjective`; the seed is also that of what the method learns, and
        features are made alike before any task adapts.
    network : ThreeMTLNetwork
        The network, to whose shape the method fits what it learns.
    method : MetaMethod
        How a task uses its support.
    inner_lr : float
        The size of an inner step.
    inner_steps : int
        How many a task takes.
    exchangeable : bool, default=False
        Whether an episode draws its own classes.
    """

    adapts = True

    def __init__(
        self,
        layout: TaskLayout,
        n_groups: int | None,
        balancing: Balancing,
        task_weight: Sequence[float] | None,
        seed: Seed,
        alignment: Alignment | None = None,
        *,
        network: ThreeMTLNetwork,
        method: MetaMethod,
        inner_lr: float,
        inner_steps: int,
        exchangeable: bool = False,
    ) -> None:
        super().__init__(layout, n_groups, balancing, task_weight, seed, alignment)
        self.method, self.inner_lr, self.inner_steps = method, inner_lr, inner_steps
        self.exchangeable = exchangeable
        method.refuse(layout)
        self.learned = method.init(
            network.stages(), network.backbone.n_out, layout, inner_lr, seed.child("meta")
        )

    @torch.no_grad()
    def settle(self, network: ThreeMTLNetwork, rows: TrainingRows) -> None:
        """Let the method take what has a closed form, from some thousand of the rows."""
        if self.method.settles:
            inputs, unit = rows.by_unit(SETTLED_ROWS)
            network.eval()
            self.method.settle(network.stages(), network.encode(inputs), unit, self.learned)

    def adapt(
        self,
        network: ThreeMTLNetwork,
        inputs: dict[str, Tensor],
        supports: Supports,
        *,
        lr: float | None = None,
        n_steps: int | None = None,
        layout: TaskLayout | None = None,
    ) -> Adapted:
        """Adapt to T tasks at once.

        Parameters
        ----------
        network : ThreeMTLNetwork
            The network; it stays as it is.
        inputs : dict of str to tensor with T * K rows
            What the network reads of the rows of their supports.
        supports : Supports
            Their labels.
        lr, n_steps : float and int, or None, default=None
            In the place of `inner_lr` and `inner_steps`. None: these.
        layout : TaskLayout or None, default=None
            The columns of the labels, where a method's outputs are not the heads'. None: those
            trained on.
        """
        return self._adapt(network, network.encode(inputs), supports, lr, n_steps, layout)

    def _adapt(
        self,
        network: ThreeMTLNetwork,
        x: Tensor,
        supports: Supports,
        lr: float | None = None,
        n_steps: int | None = None,
        layout: TaskLayout | None = None,
    ) -> Adapted:
        """Adapt to T tasks whose supports are encoded as x."""
        values, own = supports.values, self.losses.layout
        layout = own if layout is None or self.method.fixed_outputs else layout
        support = SupportSet(
            x.unflatten(-2, values.shape[:2]),
            values,
            supports.weight,
            self.losses,
            layout,
            cast(Tensor | None, self.task_weight),
            self.exchangeable,
        )
        return self.method.adapt(
            network.stages(),
            support,
            self.learned,
            self.inner_lr if lr is None else lr,
            self.inner_steps if n_steps is None else n_steps,
        )

    def lower(self, rate: str, lr: float) -> str:
        """What to do about a loss that is not finite: the inner loop has a rate too."""
        if not self.method.has_steps:
            return super().lower(rate, lr)
        return f"Lower `inner_lr` (it is {self.inner_lr}) or `{rate}` (it is {lr})."

    def outputs(self, network: ThreeMTLNetwork, batch: Batch) -> Tensor:
        """The adapted network's outputs for the queries."""
        if batch.support is None:
            return super().outputs(network, batch)
        return self._adapted(network, batch, batch.support)[2]

    def on_batch(
        self, network: ThreeMTLNetwork, batch: Batch
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """The outputs for the queries, and what `forward` makes of them."""
        if batch.support is None:
            return super().on_batch(network, batch)
        adapted, x, outputs = self._adapted(network, batch, batch.support)
        total, terms, mass = self(outputs, batch.values, batch.weight, batch.group)
        pull = self.method.pull(adapted)
        if pull is not None:
            # Its gradient counts, its value is no loss.
            total = total + (pull - pull.detach())
        if self.alignment is not None:
            z = network.features(x)
            total = self.alignment.added(total, z, batch)
        return outputs, total, terms, mass

    def _adapted(
        self, network: ThreeMTLNetwork, batch: Batch, support: Supports
    ) -> tuple[Adapted, Tensor, Tensor]:
        """The adapted tasks, what is encoded of other rows than theirs, and the outputs."""
        n_own, n_rows = support.n_rows, len(batch.values)
        # One pass of the encoders over all rows costs less than one over each part.
        encoded = network.encode(with_beside(batch))
        own, x = encoded.split([n_own, encoded.shape[-2] - n_own], dim=-2)
        adapted = self._adapt(network, own, support)
        queries = x if batch.beside is None else x[..., :n_rows, :]
        outputs = adapted(queries.unflatten(-2, (len(support.values), -1))).flatten(-3, -2)
        return adapted, x, outputs

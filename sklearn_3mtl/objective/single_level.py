"""All weights trained on all tasks at once (survey arXiv 2111.12146, eq. 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from sklearn_3mtl.balancing import Balancing, Equal
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.objective.alignment import Alignment, with_beside
from sklearn_3mtl.objective.losses import LabelLosses
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.loader import TrainingRows

__all__ = ["SingleLevelObjective"]


class SingleLevelObjective(nn.Module):
    """Masked mean losses per task, balanced into one number.

    A task is a column of y, or, where groups have layers of their own, a column of a group.

    Parameters
    ----------
    layout : TaskLayout
        The columns of y.
    n_groups : int or None
        How many groups have layers of their own. None where the tasks are the columns.
    balancing : Balancing
        The rule; over one task it is the identity.
    task_weight : sequence of n_tasks floats, or None
        A factor for each column's loss, in the layout's order; 0 takes the column out. None leaves
        all losses as they are.
    seed : Seed
        Seeds the rule.
    alignment : Alignment or None, default=None
        What makes the features of domains alike. None: nothing.
    """

    # Whether tasks adapt to a support before their loss is taken.
    adapts = False
    # Whether an output means another class in each episode.
    exchangeable = False

    def __init__(
        self,
        layout: TaskLayout,
        n_groups: int | None,
        balancing: Balancing,
        task_weight: Sequence[float] | None,
        seed: Seed,
        alignment: Alignment | None = None,
    ) -> None:
        super().__init__()
        self.alignment = alignment
        self.losses = LabelLosses(layout)
        self.n_columns, self.n_groups = len(layout), n_groups
        tasks = list(layout.tasks) * (n_groups or 1)
        self.n_terms = len(tasks)
        self.balancing = balancing if self.n_terms > 1 else Equal()
        self.state = self.balancing.init(tasks, seed.child("balancing").generator())
        factors = None
        if task_weight is not None:
            factors = torch.tensor(task_weight, dtype=torch.float32).repeat(n_groups or 1)
        self.register_buffer("task_weight", factors, persistent=False)

    def lower(self, rate: str, lr: float) -> str:
        """What to do about a loss that is not finite, at a learning rate of some name."""
        return f"Lower `{rate}` (it is {lr})."

    def settle(self, network: ThreeMTLNetwork, rows: TrainingRows) -> None:
        """Set what has a closed form, before each epoch: nothing."""

    def outputs(self, network: ThreeMTLNetwork, batch: Batch) -> Tensor:
        """The network's outputs for a batch, (B, n_outputs) or (M, B, n_outputs)."""
        return network(**batch.inputs)

    def on_batch(
        self, network: ThreeMTLNetwork, batch: Batch
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """The network's outputs for a batch, and what `forward` makes of them."""
        if self.alignment is None:
            outputs = self.outputs(network, batch)
            return outputs, *self(outputs, batch.values, batch.weight, batch.group)
        z, outputs = network.features_and_outputs(**with_beside(batch))
        outputs = outputs[..., : len(batch.values), :]
        total, terms, mass = self(outputs, batch.values, batch.weight, batch.group)
        return outputs, self.alignment.added(total, z, batch), terms, mass

    def forward(
        self, outputs: Tensor, values: Tensor, weight: Tensor | None, group: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """The number to minimise, and what it is made of.

        Parameters
        ----------
        outputs : tensor of shape (B, n_outputs) or (M, B, n_outputs)
            Of one net, or of M members of an ensemble, whose losses are summed.
        values, weight : tensors of shape (B, n_tasks); a weight also of shape (M, B, n_tasks)
            Labels, and the weight of each; 0 for a missing label. A weight of None stands for ones.
        group : int64 tensor of shape (B,) or None
            Each row's group.

        Returns
        -------
        total : tensor of shape ()
        terms : tensor of shape (n_terms,)
            Mean loss of each task, 0 where the batch has no label of it.
        mass : tensor of shape (n_terms,) or None
            Number of labels behind each mean. None where all rows are labelled.
        """
        terms, mass = self.terms(outputs, values, weight, group)
        present = None if mass is None else mass > 0
        weighted = terms if self.task_weight is None else terms * cast(Tensor, self.task_weight)
        if self.n_terms == 1:
            return _per_member(weighted.squeeze(0), outputs), terms, mass
        weights = self.balancing.weights(weighted, present, self.state)
        total = weighted.sum() if weights is None else (weights * weighted).sum()
        penalty = self.balancing.penalty(present, self.state)
        total = total if penalty is None else total + penalty
        return _per_member(total, outputs), terms, mass

    def terms(
        self, outputs: Tensor, values: Tensor, weight: Tensor | None, group: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """The mean loss of each task over rows and members, and the mass of labels behind it."""
        if outputs.dim() == 3:
            n_members = len(outputs)
            outputs, values = outputs.flatten(0, 1), values.repeat(n_members, 1)
            group = None if group is None else group.repeat(n_members)
            if weight is not None:
                weight = weight.expand(n_members, -1, -1).flatten(0, 1)
        losses = self.losses(outputs, values)
        if weight is None and self.n_groups is None:
            return losses.mean(0), None
        if weight is None:
            weight = torch.ones_like(losses)
        weighted, labelled = losses * weight, (weight > 0).to(losses.dtype)
        if self.n_groups is None:
            total, mass = weighted.sum(0), labelled.sum(0)
        else:
            assert group is not None
            shape = (self.n_groups, self.n_columns)
            total = losses.new_zeros(shape).index_add(0, group, weighted).flatten()
            mass = losses.new_zeros(shape).index_add(0, group, labelled).flatten()
        # Without a label the total is exactly 0, whatever it is divided by.
        return total / mass.clamp_min(1.0), mass


def _per_member(total: Tensor, outputs: Tensor) -> Tensor:
    """The sum over members of what was a mean: each then learns as it would alone."""
    return total * len(outputs) if outputs.dim() == 3 else total

"""All weights trained on all tasks at once (survey arXiv 2111.12146, eq. 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from sklearn_3mtl.balancing import Balancing, Equal
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.shape import NetworkShape
from sklearn_3mtl.core.terms import Phase, Step, Term
from sklearn_3mtl.objective.domain_term import DomainTerm
from sklearn_3mtl.objective.gradients import feature_gramian
from sklearn_3mtl.objective.losses import LabelLosses
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.loader import TrainingRows

__all__ = ["MeanLosses", "SingleLevelObjective", "TaskBalance"]


@dataclass(frozen=True)
class TaskBalance:
    """How the losses of the columns of y become one number.

    Parameters
    ----------
    rule : Balancing
        The balancing rule, which weights the losses.
    task_weight : sequence of n_tasks floats, or None, default=None
        A factor for each column's loss, in the layout's order; a column of weight 0 has no label
        in any batch. None leaves all losses as they are.
    """

    rule: Balancing
    task_weight: Sequence[float] | None = None


class MeanLosses(NamedTuple):
    """The mean losses of a batch, and the numbers of labels behind them.

    Attributes
    ----------
    losses : tensor of shape (n_members, n_units)
        The mean loss of each unit: of each column of y, or of each column of each group where
        groups have parameters of their own. Exactly 0 without a label in the batch.
    mass : tensor of shape (n_members, n_units), or None
        The number of labels behind each mean. None where every row has every label.
    """

    losses: Tensor
    mass: Tensor | None


class SingleLevelObjective(nn.Module):
    """What training minimises: the tasks' mean losses, combined into one number, plus terms.

    Missing labels are left out of the means. Each member of an ensemble has losses and weights of
    its own, and learns as it would alone.

    Parameters
    ----------
    losses : LabelLosses
        The loss of every label.
    balance : TaskBalance
        How the columns' losses become one number. Over one column, or over nets that share
        nothing, every rule is the plain sum.
    shape : NetworkShape
        How many members, and groups with parameters of their own, the network has.
    seed : Seed
        Seeds the rule.
    terms : sequence of Term, default=()
        What is added to the balanced sum.
    has_own_nets : bool, default=False
        Whether the tasks' nets share nothing, so that there is nothing to balance.
    """

    # Whether tasks adapt to a support set before their loss is taken.
    adapts = False
    # Whether each episode draws its own classes, so that an output means another class in each.
    draws_classes = False

    def __init__(
        self,
        losses: LabelLosses,
        balance: TaskBalance,
        shape: NetworkShape,
        seed: Seed,
        terms: Sequence[nn.Module] = (),
        *,
        has_own_nets: bool = False,
    ) -> None:
        super().__init__()
        self.losses = losses
        layout = losses.layout
        self.n_columns, self.n_groups = len(layout), shape.n_groups
        self.n_units = self.n_columns * (shape.n_groups or 1)
        shares = self.n_columns > 1 and not has_own_nets
        # Where there is nothing to balance, what the rule refuses is refused all the same, and its
        # weights count in the choice of the epoch.
        state = balance.rule.init(layout.tasks, shape.n_members, seed.child("balancing"))
        fixed = None if shares else balance.rule.epoch_weight(state)
        self.register_buffer("fixed_epoch_weight", fixed, persistent=False)
        self.balancing = balance.rule if shares else Equal()
        self.state = state if shares else None
        factors = None
        if balance.task_weight is not None:
            factors = torch.tensor(balance.task_weight, dtype=torch.float32)
        self.register_buffer("task_weight", factors, persistent=False)
        self.terms = nn.ModuleList([*self.balancing.terms(self.state), *terms])

    def lower(self, rate: str, lr: float) -> str:
        """The advice to lower the learning rate, for the error message about an infinite loss.

        `rate` is the name of the parameter that sets the learning rate `lr`.
        """
        return f"Lower `{rate}` (it is {lr})."

    def before_epoch(self, network: ThreeMTLNetwork, rows: TrainingRows) -> None:
        """Let the terms recompute what they solve in closed form over all training rows."""
        for term in self._terms():
            term.before_epoch(network, rows)

    def phases(self) -> list[Phase]:
        """The optimizer steps that the terms add to the main one on each batch."""
        return [phase for term in self._terms() for phase in term.phases()]

    def parameters_of_phases(self) -> list[nn.Parameter]:
        """The parameters of terms that the main optimizer step does not train.

        They are trained only by the optimizer steps (phases) that the term itself adds.
        """
        terms = [term for term in self._terms() if not term.trained_with_network]
        return [parameter for term in terms for parameter in term.parameters()]

    def _terms(self) -> Iterator[Term]:
        return (cast(Term, term) for term in self.terms)

    @property
    def domain_term(self) -> DomainTerm | None:
        """The term that makes the domains' features alike; None if there is none."""
        return next((term for term in self._terms() if isinstance(term, DomainTerm)), None)

    def outputs(self, network: ThreeMTLNetwork, batch: Batch) -> Tensor:
        """The network's outputs for a batch, (n_members, B, n_outputs)."""
        out: Tensor = network(**batch.inputs)
        return out

    def step(self, network: ThreeMTLNetwork, batch: Batch, progress: float) -> Step:
        """Run the network on a batch, and compute the losses of its tasks."""
        if network.shape.net_per_group and batch.group is not None:
            x, z, outputs = torch.empty(0), None, self.outputs(network, batch)
        else:
            inputs = batch.all_inputs()
            x, group = network.encode(inputs), inputs.get("group")
            # The Gramian is of gradients at the features: they must be what the heads read.
            at_features = self.balancing.needs == "gramian"
            z = network.features(x) if at_features else network.rows(x)
            outputs = network.outputs(z, x, group)
        if batch.unlabelled is not None:
            outputs = outputs[:, : len(batch.values)]
        found = self.mean_losses(outputs, batch)
        return Step(network, batch, progress, x, outputs, *found, self.n_columns, _features=z)

    def total(self, step: Step) -> Tensor:
        """The number to minimise: the balanced losses and the terms, summed over members."""
        total = self._balanced(step)
        for term in self.terms:
            found = term(step)
            total = total if found is None else total + found
        return total

    def _balanced(self, step: Step) -> Tensor:
        """The weighted sum of the tasks' losses.

        With task ids, a loss is the mean over the ids that have a label in the batch, times their
        number: each id counts as it would alone.
        """
        weight = cast(Tensor | None, self.task_weight)
        if self.balancing.needs == "nothing":
            losses = step.unit_losses
            if weight is not None:
                losses = losses * weight.repeat(self.n_units // self.n_columns)
            return losses.sum()
        losses = step.losses if weight is None else step.losses * weight
        gramian = None
        if self.balancing.needs == "gramian":
            gramian = feature_gramian(losses, step.features)
        weights = self.balancing.weights(losses, step.present, gramian, self.state)
        balanced = losses if weights is None else weights * losses
        return (balanced * step.n_active_groups).sum()

    def after_step(self, step: Step) -> None:
        """Let the balancing rule update its state after the optimizer's step."""
        if self.balancing.needs != "nothing":
            self.balancing.after_step(step.losses.detach(), step.present, self.state)

    def mean_losses(self, outputs: Tensor, batch: Batch) -> MeanLosses:
        """The mean loss of each unit over the rows of a batch.

        A unit is a task (a column of y) or, where task ids have layers of their own, a task under
        one id.

        Parameters
        ----------
        outputs : tensor of shape (n_members, B, n_outputs)
            The network's outputs.
        batch : Batch
            Labels, their weights and their groups; weights may differ between members.
        """
        losses = self.losses(outputs, batch.values)
        weight = batch.weight
        if weight is None and self.n_groups is None:
            return MeanLosses(losses.mean(1), None)
        weight = torch.ones_like(losses) if weight is None else weight.expand(losses.shape)
        weighted, labelled = losses * weight, (weight > 0).to(losses.dtype)
        if self.n_groups is None:
            total, mass = weighted.sum(1), labelled.sum(1)
        else:
            assert batch.group is not None
            zeros = losses.new_zeros(len(losses), self.n_groups, self.n_columns)
            total = zeros.index_add(1, batch.group, weighted).flatten(1)
            mass = zeros.index_add(1, batch.group, labelled).flatten(1)
        # Without a label the total is exactly 0, whatever it is divided by.
        return MeanLosses(total / mass.clamp_min(1.0), mass)

    def epoch_weight(self) -> Tensor | None:
        """The weight of each task in the validation loss that compares epochs, (n_tasks,).

        None: all tasks have the same weight.
        """
        of_rule = cast(Tensor | None, self.fixed_epoch_weight)
        if of_rule is None:
            of_rule = self.balancing.epoch_weight(self.state)
        given = cast(Tensor | None, self.task_weight)
        if of_rule is None or given is None:
            return given if of_rule is None else of_rule
        return given * of_rule

    def gap(self, step: Step) -> float:
        """What the objective's terms add to the validation loss when epochs are compared."""
        found = [term.gap(step) for term in self._terms()]
        return float(sum(float(gap) for gap in found if gap is not None))

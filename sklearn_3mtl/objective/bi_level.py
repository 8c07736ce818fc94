"""An inner loop per task inside an outer one (survey arXiv 2111.12146, eqs. 5 to 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.terms import Step
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta import Adapted, MetaMethod, SupportSet
from sklearn_3mtl.objective.losses import LabelLosses
from sklearn_3mtl.objective.single_level import SingleLevelObjective, TaskBalance
from sklearn_3mtl.rows.batch import Batch, Supports

__all__ = ["BiLevelObjective", "InnerLoop", "adapted_outputs"]


@dataclass(frozen=True)
class InnerLoop:
    """How a task adapts to its support set, the labelled rows that it is given.

    Parameters
    ----------
    method : MetaMethod
        The method.
    lr : float
        The size of an inner step.
    n_steps : int
        How many steps a task takes.
    draws_classes : bool, default=False
        Whether each episode draws its own classes, so that an output means another class in each.
    """

    method: MetaMethod
    lr: float
    n_steps: int
    draws_classes: bool = False


class BiLevelObjective(SingleLevelObjective):
    """The loss of the query sets once each task has adapted to its support set.

    A task's labelled rows are split into these two sets. In a batch without support sets nothing
    adapts, and the loss is that of the base class.

    Parameters
    ----------
    losses, balance, seed, terms
        Those of :class:`SingleLevelObjective`; the seed is also that of what the method learns.
        Terms see the features before any task adapts.
    network : ThreeMTLNetwork
        The network, to whose shape the method fits what it learns.
    inner : InnerLoop
        How a task uses its support set.
    """

    adapts = True

    def __init__(
        self,
        losses: LabelLosses,
        balance: TaskBalance,
        network: ThreeMTLNetwork,
        seed: Seed,
        terms: Sequence[nn.Module],
        inner: InnerLoop,
    ) -> None:
        super().__init__(losses, balance, network.shape, seed, terms)
        self.inner, self.draws_classes = inner, inner.draws_classes
        inner.method.refuse(losses.layout)
        self.learned = inner.method.init(
            network.stages(), network.backbone.n_out, losses.layout, inner.lr, seed.child("meta")
        )
        self.terms.extend(inner.method.terms(self.learned))

    def refuse_episodes(self, network: ThreeMTLNetwork) -> None:
        """Refuse to train on episodes where tasks could not adapt by an inner loop.

        Raises
        ------
        ValueError
            If the balancing rule needs gradients at the features, or tasks have features of their
            own.
        """
        if self.balancing.needs == "gramian":
            raise ValueError(
                f"balancing={self.balancing!r} compares the tasks' gradients, which is not "
                "possible where tasks adapt by an inner loop. Choose a rule on losses, such as "
                "'equal' or 'uncertainty', or set meta=None."
            )
        if network.n_views > 1:
            raise ValueError(
                f"{type(network.backbone).__name__} gives each task features of its own: there is "
                "no chain of layers that task ids could adapt. Set sharing='hard', or meta=None."
            )

    def adapt(
        self,
        network: ThreeMTLNetwork,
        x: Tensor,
        supports: Supports,
        *,
        lr: float | None = None,
        n_steps: int | None = None,
        layout: TaskLayout | None = None,
    ) -> Adapted:
        """Adapt the layers of the network to T tasks at once, each to its support set.

        Parameters
        ----------
        network : ThreeMTLNetwork
            The network; it stays as it is.
        x : tensor of shape (N, T * K, d), or (1, T * K, d)
            The encoded inputs of the support rows, by each of N networks; K rows per task.
        supports : Supports
            Their labels.
        lr, n_steps : float and int, or None, default=None
            Size and number of the gradient steps. None: those of the inner loop.
        layout : TaskLayout or None, default=None
            The tasks of the labels, if they are others than those trained on; a method with fixed
            outputs ignores it. None: those trained on.
        """
        values, own, inner = supports.values, self.losses.layout, self.inner
        layout = own if layout is None or inner.method.fixed_outputs else layout
        own_x = of_tasks(x, len(values))
        support = SupportSet(
            own_x,
            values,
            supports.weight,
            self.losses,
            layout,
            cast(Tensor | None, self.task_weight),
            inner.draws_classes,
            None if network.prior is None else network.prior.offset(own_x),
        )
        return inner.method.adapt(
            network.stages(),
            support,
            self.learned,
            inner.lr if lr is None else lr,
            inner.n_steps if n_steps is None else n_steps,
        )

    def lower(self, rate: str, lr: float) -> str:
        """The advice to lower a learning rate, for the error message about an infinite loss.

        It names the inner loop's rate and `lr`, which the parameter of the name `rate` sets.
        """
        if not self.inner.method.has_steps:
            return super().lower(rate, lr)
        return f"Lower `inner_lr` (it is {self.inner.lr}) or `{rate}` (it is {lr})."

    def outputs(self, network: ThreeMTLNetwork, batch: Batch) -> Tensor:
        """The outputs for the query rows of tasks that have adapted to their support rows."""
        if batch.support is None:
            return super().outputs(network, batch)
        return self.step(network, batch, 0.0).outputs

    def step(self, network: ThreeMTLNetwork, batch: Batch, progress: float) -> Step:
        """Adapt each task of a batch to its support rows; compute the losses of its query rows."""
        support = batch.support
        if support is None:
            return super().step(network, batch, progress)
        n_own, n_rows = support.n_rows, len(batch.values)
        # One pass of the encoders over all rows costs less than one for each part.
        encoded = network.encode(batch.all_inputs())
        own, x = encoded.split([n_own, encoded.shape[1] - n_own], dim=1)
        adapted = self.adapt(network, own, support)
        queries = x if batch.unlabelled is None else x[:, :n_rows]
        outputs = adapted_outputs(network, adapted, queries, len(support.values))
        found = self.mean_losses(outputs, batch)
        return Step(network, batch, progress, x, outputs, *found, self.n_columns, adapted)


def of_tasks(x: Tensor, n_tasks: int) -> Tensor:
    """Reshape encoded rows from (N, T * R, d) to (N, T, R, d), for T tasks of R rows.

    N is the number of networks that encode the rows; if it is 1, that axis is dropped.
    """
    out: Tensor = x.squeeze(0).unflatten(-2, (n_tasks, -1))
    return out


def adapted_outputs(network: ThreeMTLNetwork, adapted: Adapted, x: Tensor, n_tasks: int) -> Tensor:
    """The outputs of adapted layers for R encoded rows of each of T tasks.

    `x` has shape (N, T * R, d), for N networks; the result has (n_members, T * R, n_outputs).
    """
    out = adapted(of_tasks(x, n_tasks)).flatten(-3, -2)
    out = out if out.dim() == 3 else out.expand(network.n_members, *out.shape)
    return network.from_prior(out, x)

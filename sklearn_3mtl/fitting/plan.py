"""The plan of a fit: parameters, with "auto" replaced by values and short names by objects."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from sklearn_3mtl.balancing import Balancing
from sklearn_3mtl.core.backbones import MLP, ResNet, TabM
from sklearn_3mtl.core.fusion import Fusion
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitting.episodes import EpisodePlan
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.prior import PriorPlan
from sklearn_3mtl.settings.types import ClassWeight, HeadSpec, Modalities
from sklearn_3mtl.sharing import Sharing
from sklearn_3mtl.training.plan import TrainingPlan
from sklearn_3mtl.transfer import DomainLoss

__all__ = ["DomainPlan", "MethodPlan", "NetworkPlan", "ObjectivePlan", "Plan"]


@dataclass(frozen=True)
class NetworkPlan:
    """What the network consists of.

    Attributes
    ----------
    modalities : mapping of modality name to spec, or None
        The parameter `modalities`, which may hold the user's modules.
    numeric_embedding : callable or None
        Makes the embedding of numeric columns. None: numbers are not embedded.
    backbone : class of a backbone, or nn.Module
        A class of this library, or the user's module, of which a copy is trained.
    widths : tuple of int
        Widths of the backbone's hidden layers.
    activation : str
        Activation of the backbone.
    dropout : float
        Dropout rate.
    members : sequence of int
        Numbers of the ensemble's members. A member's initial weights depend on its number alone.
    sharing : Sharing
        How tasks share the backbone.
    heads : mapping of task name to widths or nn.Module
        The heads that are not linear.
    fusion : Fusion
        How the modalities' features become one.
    has_prior : bool
        Whether the network starts from a prior's outputs.
    n_without_prior : int, default=0
        How many members of the ensemble, the last ones, start from nothing all the same.
    """

    modalities: Modalities | None
    numeric_embedding: Callable[..., nn.Module] | None
    backbone: type[MLP | ResNet | TabM] | nn.Module
    widths: tuple[int, ...]
    activation: str
    dropout: float
    members: Sequence[int]
    sharing: Sharing
    heads: Mapping[Hashable, HeadSpec]
    fusion: Fusion
    has_prior: bool
    n_without_prior: int = 0


@dataclass(frozen=True)
class DomainPlan:
    """The loss that makes the features of different domains alike, and its weight, which is > 0."""

    rule: DomainLoss
    weight: float


@dataclass(frozen=True)
class MethodPlan:
    """How tasks adapt: the method, and the learning rate and number of its inner steps.

    `draws_classes` says whether an output stands for another class in each episode.
    """

    method: MetaMethod
    inner_lr: float
    inner_steps: int
    draws_classes: bool


@dataclass(frozen=True)
class ObjectivePlan:
    """What training minimises.

    Attributes
    ----------
    balancing : Balancing
        The rule that weighs the tasks' losses.
    task_weight : ndarray of shape (n_tasks,) or None
        A weight for each column of y, in the order of the network's outputs. None: all are 1.
    domain : DomainPlan or None
        The domain loss. None: there is none.
    method : MethodPlan or None
        How tasks adapt. None: no task adapts.
    """

    balancing: Balancing
    task_weight: np.ndarray | None
    domain: DomainPlan | None
    method: MethodPlan | None


@dataclass(frozen=True)
class Plan:
    """The plan of a fit, made once. Building and training read it instead of the parameters.

    Attributes
    ----------
    tasks : dict of task name to Task
        The columns of y, as training uses them.
    uses_groups : bool
        Whether task ids have layers of their own.
    network : NetworkPlan
        What the network consists of.
    objective : ObjectivePlan
        What training minimises.
    episodes : EpisodePlan or None
        The episodes. None: training draws none.
    training : TrainingPlan
        How the network is trained.
    class_weight : "balanced", mapping or None
        Weights of classes.
    chosen : dict of parameter name to value
        The value of each parameter that was "auto".
    prior : PriorPlan or None
        The models whose predictions the network starts from. None: there are none.
    """

    tasks: dict[Hashable, Task]
    uses_groups: bool
    network: NetworkPlan
    objective: ObjectivePlan
    episodes: EpisodePlan | None
    training: TrainingPlan
    class_weight: ClassWeight | None
    chosen: dict[str, object]
    prior: PriorPlan | None

"""The plan of a fit: every "auto" a value, every short name an object, absent parts None."""

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
        The user's modules are among the encoders.
    numeric_embedding : callable or None
        Makes the embedding of numbers. None leaves numbers as they are.
    backbone : class of a backbone, or nn.Module
        The library's, made anew; or the user's, copied.
    widths : tuple of int
        Its hidden layers.
    activation : str
        Its activation.
    dropout : float
        The rate of dropout.
    members : sequence of int
        The members of the ensemble, by number; a member's weights depend on its number.
    sharing : Sharing
        How tasks share the backbone.
    heads : mapping of task name to widths or nn.Module
        Heads that are not linear.
    fusion : Fusion
        How the modalities' features become one.
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


@dataclass(frozen=True)
class DomainPlan:
    """The loss that makes the features of domains alike, and its weight, above 0."""

    rule: DomainLoss
    weight: float


@dataclass(frozen=True)
class MethodPlan:
    """How tasks adapt: the method, the size and number of its steps.

    `draws_classes` says whether an output means another class in each episode.
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
        A weight for each column of y, in the order of the network's outputs. None where all are 1.
    domain : DomainPlan or None
        The domain loss. None where no features are made alike.
    method : MethodPlan or None
        How tasks adapt. None where none does.
    """

    balancing: Balancing
    task_weight: np.ndarray | None
    domain: DomainPlan | None
    method: MethodPlan | None


@dataclass(frozen=True)
class Plan:
    """The plan of a fit, made once; the code below reads it instead of parameters.

    Attributes
    ----------
    tasks : dict of task name to Task
        The columns of y, as training sees them.
    uses_groups : bool
        Whether task ids have layers of their own.
    network : NetworkPlan
        What the network consists of.
    objective : ObjectivePlan
        What training minimises.
    episodes : EpisodePlan or None
        What an episode is. None where training draws none.
    training : TrainingPlan
        How the network is trained.
    class_weight : "balanced", mapping or None
        Weights of classes.
    chosen : dict of parameter name to value
        What each "auto" became.
    """

    tasks: dict[Hashable, Task]
    uses_groups: bool
    network: NetworkPlan
    objective: ObjectivePlan
    episodes: EpisodePlan | None
    training: TrainingPlan
    class_weight: ClassWeight | None
    chosen: dict[str, object]

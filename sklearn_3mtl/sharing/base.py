"""The base class of methods by which tasks share the backbone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sklearn.base import BaseEstimator

from sklearn_3mtl.core.layers import Layers, SharedLayers
from sklearn_3mtl.core.seeding import Seed

__all__ = ["Sharing"]


class Sharing(BaseEstimator, ABC):
    """A way for tasks to share the backbone of the network.

    A subclass's constructor takes its hyper-parameters only; pass an instance as ``sharing=``.

    Attributes
    ----------
    net_per_group : bool
        Whether `build` treats each task id of the rows as a task of its own. False: the tasks are
        the columns of y, and task ids can differ in their heads only.
    """

    net_per_group: bool = False

    def encoders(self, tasks: Sequence[str]) -> Sequence[str]:
        """A name for each independent copy of the encoders; by default one copy for all tasks.

        The name seeds the copy's initial weights. A single task's copy has the task's own name.

        Parameters
        ----------
        tasks : sequence of str
            A name for each column of y, or for each column of each task id.
        """
        return tasks if len(tasks) == 1 else ("shared",)

    @abstractmethod
    def build(self, layers: Layers, tasks: Sequence[str], seed: Seed) -> SharedLayers:
        """Build the layers between the fused features and the heads.

        Parameters
        ----------
        layers : Layers
            The backbone that the user chose.
        tasks : sequence of str
            A name for each task: a column of y, or a column for one task id where `net_per_group`.
        seed : Seed
            Seeds the initial weights.
        """

"""A cache of cross-fitted priors: a grid over other parameters fits the same prior once."""

from __future__ import annotations

import threading
from collections import OrderedDict

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.inputs.content import content_key
from sklearn_3mtl.prior.cross_fit import CrossFit, PriorData, cross_fit
from sklearn_3mtl.prior.plan import PriorPlan

__all__ = ["CACHE", "PriorCache"]

# How many are kept, the last ones used: a fold of a grid search needs one.
KEPT = 8


class PriorCache:
    """Calls `cross_fit`, and keeps its last results by the content of all arguments."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, CrossFit] = OrderedDict()
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Empty the cache."""
        with self._lock:
            self._found.clear()

    def cross_fit(
        self, plan: PriorPlan, codec: TargetCodec, data: PriorData, seed: Seed, verbose: int = 0
    ) -> CrossFit:
        """What `cross_fit` returns, from the cache if the same was asked for before.

        Nothing is kept of a prior that can't be pickled, because its content is unknown.
        """
        table, scales = data.rows.table, (codec.center, codec.scale)
        tasks = [(task.name, task.kind_object, task.classes) for task in codec.layout.tasks]
        labels = data.numbers, data.weights, data.groups
        content = (table.frame, table.array, dict(data.rows.coded))
        key = content_key((plan, tasks, scales, labels, content, seed.root, seed.path))
        if key is None:
            return cross_fit(plan, codec, data, seed, verbose)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = cross_fit(plan, codec, data, seed, verbose)
        with self._lock:
            self._found[key] = found
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
        return found


CACHE = PriorCache()

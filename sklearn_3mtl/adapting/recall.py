"""Adapting again to the same tasks: corrections are fitted to the earlier and the new rows."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklearn_3mtl.adapting.undo import added_since, without_corrections
from sklearn_3mtl.fitted.evidence import Evidence
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.support import Support

__all__ = ["Recalled", "evidence_after", "recall"]


class Recalled(NamedTuple):
    """A model without the corrections to fit again, and the rows to fit them to.

    A correction is a linear layer on frozen features that `adapt` adds to a task's outputs.

    Attributes
    ----------
    model : FittedModel
        The model as it would be if the labelled tasks had not been adapted.
    support : Support
        The earlier rows with labels of those tasks, then the new rows.
    """

    model: FittedModel
    support: Support


def recall(model: FittedModel, support: Support) -> Recalled:
    """Join new rows with earlier rows of the same tasks, and remove these tasks' corrections.

    The corrections, linear layers that an earlier `adapt` added, can then be fitted to all rows.

    A task that `adapt` has added is removed from the model, so that it is new again. Any other task
    loses its correction for the task ids that have new labels of it, or for all rows without task
    ids.

    Parameters
    ----------
    model : FittedModel
        The model, with the rows that it was adapted on.
    support : Support
        New rows.
    """
    evidence = model.evidence
    if evidence is None:
        return Recalled(model, support)
    earlier = evidence.support
    again = [name for name in support.labelled if name in earlier.labelled]
    if not again:
        return Recalled(model, support)
    added = added_since(model, evidence.start)
    removed = [name for name in again if name in added]
    cleared: dict[Hashable, list[int] | None] = {n: None for n in again if n not in added}
    labels = {name: earlier.labels[name].copy() for name in again}
    before = pd.Index(()) if earlier.ids is None else pd.Index(earlier.ids)
    if model.groups is not None and model.reads_ids and support.ids is not None:
        groups = pd.Index(model.groups)
        for name in cleared:
            ids = pd.unique(support.ids[support.labelled_rows([name])])
            cleared[name] = [int(g) for g in groups.get_indexer(pd.Index(ids)) if g >= 0]
            labels[name][~before.isin(ids)] = np.nan
    known = earlier.with_labels(labels)
    rows = known.labelled_rows()
    model = without_corrections(model, evidence.start, removed, cleared)
    return Recalled(model, known.where(rows).followed_by(support))


def evidence_after(model: FittedModel, support: Support) -> Evidence:
    """The labelled rows that an adapted model keeps: those of `model`, then those of `support`.

    Later calls of `adapt` fit the corrections, linear layers on frozen features, to them again.
    """
    if model.evidence is None:
        return Evidence(len(model.adaptations), support)
    return Evidence(model.evidence.start, model.evidence.support.followed_by(support))

"""Read and check the domain of each row; choose the rows on which domains are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data.tables import InputTable, find_column
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.task_ids import group_index, read_task_ids, unique_ids
from sklearn_3mtl.objective import DomainTerm, SingleLevelObjective
from sklearn_3mtl.rows.joint import JointDataset
from sklearn_3mtl.rows.loader import RowDataset, TrainingRows
from sklearn_3mtl.settings import Settings

__all__ = [
    "Domains",
    "domain_column",
    "read_domains",
    "refuse_separate_nets",
    "rows_of_domains",
    "with_unlabelled",
]

# Rows on which domains are compared after each epoch: few, because MMD compares all pairs of rows.
COMPARED_ROWS = 512


@dataclass(frozen=True)
class Domains:
    """The domain of each row: the distribution that it comes from, such as a hospital.

    Parameters
    ----------
    names : object ndarray of shape (n_domains,)
        The domains.
    codes : int64 tensor of shape (n_samples,)
        Each row's position in `names`.
    """

    names: np.ndarray
    codes: Tensor

    @property
    def n_domains(self) -> int:
        """The number of domains."""
        return len(self.names)

    def check(self, codec: TargetCodec, values: Tensor, mask: Tensor, term: DomainTerm) -> None:
        """Refuse domains with too few rows, and classes that no fully labelled domain has."""
        fewest = term.rule.fewest_rows
        counts = torch.bincount(self.codes, minlength=self.n_domains)
        if int(counts.min()) < fewest:
            name = self.names[int(counts.argmin())]
            raise ValueError(
                f"Domain {name!r} has {int(counts.min())} row(s), but domain_loss="
                f"{type(term.rule).__name__} needs {fewest} in each domain. domain_loss='dann' or "
                "'mmd' needs only one."
            )
        unlabelled = torch.zeros(self.n_domains, dtype=torch.bool)
        unlabelled[self.codes[~mask.any(1)]] = True
        in_source = ~unlabelled[self.codes]
        if not bool(in_source.any()):
            return
        for index, task in enumerate(codec.layout.tasks):
            if task.classes is None:
                continue
            known = values[in_source & mask[:, index], index].unique().long()
            lacking = np.setdiff1d(np.arange(len(task.classes)), known.numpy())
            if len(known) and len(lacking):
                targets = self.names[unlabelled.numpy()].tolist()
                raise ValueError(
                    f"Task {task.name!r} has labels {task.classes[lacking].tolist()!r} in the "
                    f"domain(s) {targets!r} only, which also have rows without a label. No fully "
                    "labelled domain has these classes, so the domain loss would make their "
                    "features like those of other classes. Leave those rows out, or set "
                    "domain_loss=None."
                )


def read_domains(settings: Settings, table: InputTable, ids: ArrayLike | None) -> Domains | None:
    """The domain of each row, from a column of X or from an array; None without domains."""
    if settings.domain is not None and ids is not None:
        raise ValueError(
            f"Domains were given twice: as the column domain={settings.domain!r} of X and as the "
            "`domain` argument. Give one of them."
        )
    wanted = settings.domain_loss is not None and settings.domain_loss_weight > 0
    if settings.domain is None and ids is None:
        if wanted:
            raise ValueError(
                f"domain_loss={settings.domain_loss!r} needs to know each row's domain: name a "
                "column of X with `domain`, or pass fit(X, y, domain=ids)."
            )
        return None
    found, _ = read_task_ids(table, settings.domain, ids, "domain")
    assert found is not None
    names = unique_ids(found)
    if wanted and len(names) < 2:
        raise ValueError(
            f"domain_loss={settings.domain_loss!r} makes the features of several domains alike. "
            f"Found only one, {names[0]!r}."
        )
    return Domains(names, group_index(names, found))


def domain_column(settings: Settings, table: InputTable) -> int | None:
    """The position of the domain column in X; None if there is none."""
    return None if settings.domain is None else find_column(table, settings.domain, "domain")


def refuse_separate_nets(
    settings: Settings, network: ThreeMTLNetwork, term: DomainTerm | None
) -> None:
    """Refuse a domain loss if tasks have separate networks, which have no common features."""
    if term is not None and network.n_views > 1:
        raise ValueError(
            f"domain_loss={settings.domain_loss!r} and sharing={settings.sharing!r} contradict "
            "each other: separate networks have no features in common. Set sharing='hard'."
        )


def with_unlabelled(
    training: TrainingRows, rows: RowDataset, objective: SingleLevelObjective
) -> TrainingRows:
    """The training rows; with a domain loss, the rows without a label are added."""
    if objective.domain_term is None:
        return training
    labelled = torch.ones(len(rows.values), dtype=torch.bool)
    if rows.weight is not None:
        labelled = (rows.weight > 0).any(1)
    return JointDataset(training, replace(rows, rows=torch.nonzero(~labelled)[:, 0]))


def rows_of_domains(rows: RowDataset) -> RowDataset:
    """Choose the rows on which domains are compared: an equal number at most of each domain."""
    assert rows.domain is not None
    order = torch.argsort(rows.domain, stable=True)
    counts = torch.bincount(rows.domain)
    share = max(COMPARED_ROWS // int((counts > 0).sum()), 2)
    chosen = [
        own[torch.linspace(0, len(own) - 1, min(len(own), share)).round().long()]
        for own in order.split(counts.tolist())
    ]
    return rows.subset(torch.cat(chosen))

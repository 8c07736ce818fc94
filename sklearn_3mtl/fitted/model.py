"""The fitted model: its parts, and its outputs for new rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data.columns import Container
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.adaptation import Adaptation
from sklearn_3mtl.fitted.evidence import Evidence
from sklearn_3mtl.fitted.predictors import ByHeads, Predictor
from sklearn_3mtl.fitted.readout import Readout
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.objective import SingleLevelObjective
from sklearn_3mtl.prior import FittedPrior, PriorRows
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.transfer import TransferStrategy

__all__ = ["FittedModel"]

# About how many numbers a layer's output may have and still fit into the processor's cache.
CACHED_NUMBERS = 2**16


@dataclass
class FittedModel:
    """The parts of a fitted or adapted model.

    Attributes
    ----------
    inputs : ModalInputs
        Turns X into tensors.
    codec : TargetCodec
        Turns labels into numbers, and outputs into predictions.
    network, objective : nn.Module
        The trained network, and the objective with the balancing rule's state.
    groups : object ndarray or None
        The known task ids. None where no ids were given.
    uses_groups : bool
        Whether a layer depends on the task id.
    ids_given : bool
        Whether the ids came as an argument, not as a column of X.
    container : str
        The type of container that y came in; predictions come in the same.
    names : tuple of hashable
        The names of the columns of y.
    named : bool
        Whether y itself had these names. False: they were made up.
    settings : Settings
        The estimator's parameters at the time of the fit.
    chosen : dict
        The value that was chosen for each parameter given as "auto".
    adaptations : tuple of Adaptation
        The adaptations since the fit, the oldest first.
    default_id : hashable or None
        The task id of rows that are given without one, such as the one that `adapt` made up for its
        rows. None: such rows are refused.
    predictor : Predictor
        Computes the outputs: by the heads, by scikit-learn models, or by tasks that adapt on their
        supports, the labelled rows kept for them.
    trained : TaskLayout
        The tasks that the network was trained on.
    edits : tuple of TransferStrategy
        The transfer strategies that have changed the network's modules, the first one first.
    evidence : Evidence or None
        The labelled rows from which the corrections, linear layers that `adapt` added, were
        computed. None where there are none.
    prior : FittedPrior or None
        The models whose predictions the network starts from. None: there are none.
    """

    inputs: ModalInputs
    codec: TargetCodec
    network: ThreeMTLNetwork
    objective: SingleLevelObjective
    groups: np.ndarray | None
    uses_groups: bool
    ids_given: bool
    container: Container
    names: tuple[Hashable, ...]
    named: bool
    settings: Settings
    chosen: dict[str, object]
    adaptations: tuple[Adaptation, ...] = ()
    default_id: Hashable | None = None
    predictor: Predictor = field(default_factory=ByHeads)
    trained: TaskLayout = field(default_factory=lambda: TaskLayout([]))
    edits: tuple[TransferStrategy, ...] = ()
    evidence: Evidence | None = None
    prior: FittedPrior | None = None

    @property
    def adapter(self) -> TaskAdapter | None:
        """The part that adapts tasks on their supports, the labelled rows of each.

        None where no task adapts on its own rows.
        """
        return self.predictor.adapter

    @property
    def readout(self) -> Readout | None:
        """scikit-learn models that replace some of the heads. None where none is replaced."""
        return self.predictor.readout

    @property
    def reads_ids(self) -> bool:
        """Whether predictions depend on the task id."""
        return self.uses_groups or self.predictor.reads_ids

    @property
    def groups_or_empty(self) -> np.ndarray:
        """The known task ids; an empty array where there are no ids."""
        return np.empty(0, dtype=object) if self.groups is None else self.groups

    @property
    def n_domains(self) -> int:
        """How many domains the objective's domain loss aligns; 0 without a domain loss."""
        term = self.objective.domain_term
        return 0 if term is None else term.n_domains

    @property
    def chunk_rows(self) -> int:
        """How many rows each forward pass has; fewer rows are padded.

        The same kernels then run for every row: a row's prediction is the same to the bit, whatever
        the other rows are.
        """
        network = self.network
        n_nets = network.n_views * network.n_members
        rows = CACHED_NUMBERS // max(int(network.backbone.n_out) * n_nets, 1)
        return min(max(2 ** (rows.bit_length() - 1), 64), 4096) if rows else 64

    def all_chosen(self) -> dict[str, object]:
        """The values of parameters that were "auto"; of `prior` the models' shares and losses."""
        if self.prior is None or not self.prior.is_weighed:
            return dict(self.chosen)
        return {**self.chosen, "prior": self.prior.weighed()}

    def moved(self, place: Mapping[int, int]) -> FittedModel:
        """The same for tables with other column positions; `place` maps old to new ones."""
        prior = None if self.prior is None else self.prior.moved(place)
        return replace(self, inputs=self.inputs.moved(place), prior=prior)

    def transform(self, table: InputTable) -> dict[str, Tensor]:
        """Turn rows of X into tensors, with the priors' outputs for them."""
        coded = self.inputs.transform(table)
        if self.prior is not None:
            coded["prior"] = self.prior.outputs(PriorRows(self.inputs, table, coded))
        return coded

    def blocks(self, table: InputTable) -> Iterator[dict[str, Tensor]]:
        """The same in blocks of rows."""
        start = 0
        for block in self.inputs.blocks(table):
            if self.prior is not None:
                rows = PriorRows(self.inputs, table, block, start)
                block["prior"] = self.prior.outputs(rows)
                start = rows.stop
            yield block

    @torch.no_grad()
    def outputs(self, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The outputs for some rows, of shape (n_samples, n_outputs).

        `group` is the position of each row's task id among the known ones; -1 for an unknown id.
        """
        return self.predictor.outputs(self, table, group)

    def outputs_of_heads(self, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The network's outputs, combined over the ensemble, of shape (n_samples, n_outputs)."""
        outputs, done = np.empty((table.n_rows, self.codec.layout.n_outputs), np.float32), 0
        for inputs, rows in self._padded(self.blocks(table), group):
            unknown = None if group is None else inputs["group"] < 0
            if unknown is not None and self.network.shape.net_per_group and unknown.any():
                out = self._average_of_nets(inputs, unknown)
            else:
                out = self.network(**inputs)
            outputs[done : done + rows] = self.codec.combine(out)[:rows].cpu().numpy()
            done += rows
        return outputs

    def features(self, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The features that the heads read and a prior's outputs, (n_samples, n_features)."""
        return self.features_of(self.blocks(table), group)

    @torch.inference_mode()
    def features_of(self, blocks: Iterable[dict[str, Tensor]], group: Tensor | None) -> np.ndarray:
        """The features that the heads read and a prior's outputs, for rows that are tensors.

        The rows come in blocks of any size. The features have shape (n_samples, n_features).
        """
        parts = []
        for inputs, rows in self._padded(blocks, group):
            features = self.network.transform(**inputs)
            if self.network.prior is not None:
                features = torch.cat([features, inputs["prior"]], dim=1)
            parts.append(features[:rows])
        return torch.cat(parts).cpu().numpy()

    @torch.inference_mode()
    def feature_norm(self, table: InputTable) -> float:
        """The mean squared norm of the features that the heads of one net read.

        It is taken over the table's first rows, those of one forward pass.
        """
        inputs, rows = next(self._padded(self.blocks(table), None))
        z = self.network.transform(**inputs)[:rows]
        n_nets = z.shape[1] // int(self.network.backbone.n_out)
        return float(z.square().sum(1).mean()) / n_nets

    @torch.inference_mode()
    def frozen(self, rows: dict[str, Tensor], group: Tensor | None) -> tuple[Tensor, Tensor]:
        """The features that corrections read, and the outputs, for the M members of the ensemble.

        A correction is a linear layer on frozen features; `adapt` adds its output to those of the
        heads.

        The rows are already tensors. Both results have shape (M, n_samples, ...).
        """
        features, outputs = [], []
        for inputs, n_rows in self._padded([dict(rows)], group):
            of_group = inputs.pop("group", None)
            x = self.network.encode(inputs)
            z = self.network.features(x)
            features.append(self.network.frozen_features(z, x)[:, :n_rows].cpu())
            out = self.network.outputs(z, x, of_group)[:, :n_rows].cpu()
            outputs.append(out)
        return torch.cat(features, dim=1), torch.cat(outputs, dim=1)

    def _average_of_nets(self, inputs: dict[str, Tensor], unknown: Tensor) -> Tensor:
        """The outputs where each task id has nets of its own.

        For rows of an unknown id they are the mean over the nets of all ids.
        """
        assert self.groups is not None
        n_groups = len(self.groups)
        known = dict(inputs, group=inputs["group"].clamp_min(0))
        out: Tensor = self.network(**known)
        repeated = {
            name: value[unknown].repeat_interleave(n_groups, 0)
            for name, value in inputs.items()
            if name != "group"
        }
        every = torch.arange(n_groups, device=out.device).repeat(int(unknown.sum()))
        answers = self.network(group=every, **repeated)
        out[:, unknown] = answers.unflatten(-2, (-1, n_groups)).mean(-2)
        return out

    def _padded(
        self, blocks: Iterable[dict[str, Tensor]], group: Tensor | None
    ) -> Iterator[tuple[dict[str, Tensor], int]]:
        if self.network.training:
            self.network.eval()
        device = next(self.network.parameters()).device
        done, size = 0, self.chunk_rows
        for block in blocks:
            n_rows = len(block["numeric"])
            if self.uses_groups and group is not None:
                block["group"] = group[done : done + n_rows]
            done += n_rows
            for start in range(0, n_rows, size):
                chunk = {name: value[start : start + size] for name, value in block.items()}
                rows = min(size, n_rows - start)
                if rows < size:
                    chunk = {name: _pad(value, size) for name, value in chunk.items()}
                yield {name: value.to(device) for name, value in chunk.items()}, rows


def _pad(value: Tensor, size: int) -> Tensor:
    padding = value.new_zeros(size - len(value), *value.shape[1:])
    return torch.cat([value, padding])

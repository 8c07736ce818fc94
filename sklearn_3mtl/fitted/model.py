"""What a fitted estimator holds, and how it answers for new rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data.columns import Container
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.adaptation import Adaptation
from sklearn_3mtl.fitted.readout import Readout
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.objective import SingleLevelObjective

__all__ = ["FittedModel"]

# About how many numbers a layer may put out at once to stay in the processor's cache.
CACHED_NUMBERS = 2**16


@dataclass
class FittedModel:
    """The parts that `fit` made.

    Attributes
    ----------
    inputs : ModalInputs
        Turns X into tensors.
    codec : TargetCodec
        Turns outputs into labels.
    network, objective : nn.Module
        The trained network, and the objective with the balancing rule's state.
    groups : object ndarray or None
        The known task ids of the long layout. None where no ids were given.
    uses_groups : bool
        Whether a layer depends on the task id.
    ids_given : bool
        Whether the ids came as an argument, not as a column of X.
    container : str
        The container that y came in.
    names : tuple of hashable
        The columns of y.
    named : bool
        Whether the names were y's own.
    parameters : dict
        The estimator's parameters at the time of the fit.
    chosen : dict
        What was chosen for each of them that was "auto".
    adaptations : tuple of Adaptation
        What was added to the network since, in turn.
    lone_id : hashable or None
        The task id of rows that come without any. None where they are refused.
    adapter : TaskAdapter or None
        The supports of all known tasks, and their use. None where no task adapts on its own rows.
    trained : TaskLayout
        The tasks that the network was trained on.
    readout : Readout or None
        Models that read the features in the place of some heads. None: the heads do.
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
    parameters: dict[str, Any]
    chosen: dict[str, Any]
    adaptations: tuple[Adaptation, ...] = ()
    lone_id: Hashable | None = None
    adapter: TaskAdapter | None = None
    trained: TaskLayout = field(default_factory=lambda: TaskLayout([]))
    readout: Readout | None = None

    @property
    def reads_ids(self) -> bool:
        """Whether predictions depend on the task id."""
        return self.uses_groups or self.adapter is not None

    @property
    def groups_or_empty(self) -> np.ndarray:
        """The known task ids; none where there are no ids."""
        return np.empty(0, dtype=object) if self.groups is None else self.groups

    @property
    def n_domains(self) -> int:
        """How many domains the objective makes alike; 0 where it does nothing of the kind."""
        alignment = self.objective.alignment
        return 0 if alignment is None else alignment.n_domains

    @property
    def n_units(self) -> int:
        """How many tasks, or classes of the one target, episodes are drawn from."""
        if self.objective.exchangeable:
            return self.codec.layout.n_outputs
        return len(self.groups_or_empty)

    @property
    def chunk_rows(self) -> int:
        """How many rows each forward pass has, padded where there are fewer.

        The same kernels then run for every row, and a row's prediction is the same to the bit
        whatever rows stand beside it.
        """
        network = self.network
        n_nets = network.n_nets * network.n_members
        rows = CACHED_NUMBERS // max(int(network.backbone.n_out) * n_nets, 1)
        return min(max(2 ** (rows.bit_length() - 1), 64), 4096) if rows else 64

    @torch.no_grad()
    def outputs(self, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The network's outputs, of shape (n_samples, n_outputs)."""
        if self.adapter is None and self.objective.exchangeable:
            raise ValueError(
                f"Fitted on {self.n_units} classes, of which an episode tells "
                f"{self.objective.losses.layout.n_outputs} apart (`n_ways`): adapt to a support "
                "set of the classes to tell apart, est.adapt(X_support, y_support), and predict "
                "with the result. meta='ridge', 'protonet' and 'plda' predict all classes of fit "
                "too."
            )
        outputs = self._outputs_of_heads(table, group)
        if self.readout is not None:
            self.readout.fill(outputs, self.codec, self.features(table, group))
        return outputs

    def _outputs_of_heads(self, table: InputTable, group: Tensor | None) -> np.ndarray:
        if self.adapter is not None:
            group = torch.zeros(table.n_rows, dtype=torch.int64) if group is None else group
            coded = self.inputs.transform(table)
            parts = self.network, self.objective, self.codec
            names = self.groups_or_empty
            if self.lone_id is not None:
                # Nobody gave this id.
                names = np.where(names == self.lone_id, "none given", names)
            return self.adapter.outputs(*parts, coded, group, names)
        outputs, done = np.empty((table.n_rows, self.codec.layout.n_outputs), np.float32), 0
        for inputs, rows in self._padded(self.inputs.blocks(table), group):
            unknown = None if group is None else inputs["group"] < 0
            if unknown is not None and self.network.has_net_per_group and unknown.any():
                out = self._average_of_nets(inputs, unknown)
            else:
                out = self.network(**inputs)
            outputs[done : done + rows] = self.codec.combine(out)[:rows].cpu().numpy()
            done += rows
        return outputs

    @torch.inference_mode()
    def features(self, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The features that the heads read, of shape (n_samples, n_features)."""
        chunks = self._padded(self.inputs.blocks(table), group)
        parts = [self.network.transform(**x)[:rows] for x, rows in chunks]
        return torch.cat(parts).cpu().numpy()

    @torch.inference_mode()
    def feature_norm(self, table: InputTable) -> float:
        """The mean squared norm of the features that a net's heads read, on some of the rows."""
        inputs, rows = next(self._padded(self.inputs.blocks(table), None))
        z = self.network.transform(**inputs)[:rows]
        n_nets = z.shape[1] // int(self.network.backbone.n_out)
        return float(z.square().sum(1).mean()) / n_nets

    @torch.inference_mode()
    def frozen(self, rows: dict[str, Tensor], group: Tensor | None) -> tuple[Tensor, Tensor]:
        """What a correction reads, and the outputs, of every member: (M, n_samples, ...).

        Takes rows that are tensors already.
        """
        features, outputs = [], []
        for inputs, n_rows in self._padded([dict(rows)], group):
            of_group = inputs.pop("group", None)
            x = self.network.encode(inputs)
            z = self.network.features(x)
            features.append(self.network.frozen_features(z, x)[:, :n_rows].cpu())
            out = self.network.outputs(z, x, of_group)[..., :n_rows, :].cpu()
            outputs.append(out if out.dim() == 3 else out.unsqueeze(0))
        return torch.cat(features, dim=1), torch.cat(outputs, dim=1)

    def _average_of_nets(self, inputs: dict[str, Tensor], unknown: Tensor) -> Tensor:
        """Nets that share nothing have no prior: an unknown group gets the mean of all nets."""
        assert self.groups is not None
        n_groups = len(self.groups)
        known = dict(inputs, group=inputs["group"].clamp_min(0))
        out = self.network(**known)
        repeated = {
            name: value[unknown].repeat_interleave(n_groups, 0)
            for name, value in inputs.items()
            if name != "group"
        }
        every = torch.arange(n_groups, device=out.device).repeat(int(unknown.sum()))
        answers = self.network(group=every, **repeated)
        out[..., unknown, :] = answers.unflatten(-2, (-1, n_groups)).mean(-2)
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

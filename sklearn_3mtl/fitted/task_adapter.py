"""Predictions of many tasks, each of which first adapts on its support, its labelled rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.task_memory import TASKS_AT_ONCE, TaskMemory, task_slots
from sklearn_3mtl.meta import Adapted
from sklearn_3mtl.objective import BiLevelObjective, SingleLevelObjective, adapted_outputs

__all__ = ["TaskAdapter"]

# For how many chunks of tasks the adapted networks are cached.
KEPT = 8


@dataclass
class TaskAdapter:
    """Adapts tasks on their supports, the labelled rows kept for each, when they are predicted.

    Parameters
    ----------
    memory : TaskMemory
        The supports.
    lr, n_steps : float and int, or None, default=None
        Size and number of the gradient steps. None: those of training.
    """

    memory: TaskMemory
    lr: float | None = None
    n_steps: int | None = None
    _adapted: dict[tuple[int, ...], Adapted] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, memory: TaskMemory, adapt_lr: float | str, adapt_steps: int | str) -> TaskAdapter:
        """Make an adapter with given values of the parameters `adapt_lr` and `adapt_steps`."""
        adapter = cls(memory)
        adapter.follow(adapt_lr, adapt_steps)
        return adapter

    def follow(self, adapt_lr: float | str, adapt_steps: int | str) -> None:
        """Use these values of `adapt_lr` and `adapt_steps` from now on.

        If they changed, the networks that tasks have adapted so far are dropped.
        """
        now = (
            None if adapt_lr == "auto" else float(adapt_lr),
            None if adapt_steps == "auto" else int(adapt_steps),
        )
        if now != (self.lr, self.n_steps):
            self.lr, self.n_steps = now
            self._adapted.clear()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_adapted": {}}

    @torch.no_grad()
    def outputs(
        self,
        network: ThreeMTLNetwork,
        objective: SingleLevelObjective,
        codec: TargetCodec,
        inputs: dict[str, Tensor],
        task: Tensor,
        names: np.ndarray,
    ) -> np.ndarray:
        """The outputs of rows once their tasks have adapted, of shape (n_samples, n_outputs).

        Parameters
        ----------
        network, objective, codec
            The fitted parts.
        inputs : dict of str to tensor with n_samples rows
            What the encoders read.
        task : int64 tensor of shape (n_samples,)
            Each row's task. -1 for an unknown task, which is predicted with what all tasks share.
        names : object ndarray of shape (n_tasks,)
            The tasks' ids, for error messages.

        Raises
        ------
        ValueError
            If the steps of a task led to outputs that are not finite.
        """
        if network.training:
            network.eval()
        device = next(network.parameters()).device
        n_outputs = codec.layout.n_outputs
        outputs = np.empty((len(task), n_outputs), np.float32)
        present, number = task.unique(return_inverse=True)
        widths = self.memory.widths(present)
        bi_level = cast(BiLevelObjective, objective)
        for width in widths.unique().tolist():
            for chunk in (widths == width).nonzero()[:, 0].split(TASKS_AT_ONCE):
                adapted = self._adapt(network, bi_level, codec, present[chunk], width, device)
                local = torch.full((len(present),), -1).index_copy(
                    0, chunk, torch.arange(len(chunk))
                )
                mine = (local[number] >= 0).nonzero()[:, 0]
                mine = mine[local[number[mine]].argsort(stable=True)]
                for tasks, places, there in task_slots(local[number[mine]]):
                    rows = mine[places]
                    own = {name: value[rows.flatten()].to(device) for name, value in inputs.items()}
                    x, chosen = network.encode(own), adapted.of(tasks.to(device))
                    out = adapted_outputs(network, chosen, x, len(rows))
                    # Heads may have outputs for more classes than there are: the first are used.
                    out = network.with_corrections(out[..., :n_outputs], x)
                    outputs[rows[there].numpy()] = codec.combine(out)[there.flatten()].cpu().numpy()
        lost = task[torch.from_numpy(~np.isfinite(outputs).all(axis=1))].unique()
        if len(lost):
            rate = bi_level.inner.lr if self.lr is None else self.lr
            known = names[lost[lost >= 0].numpy()].tolist() if len(names) else []
            which = f" (id(s) {known[:5]!r})" if known else ""
            raise ValueError(
                f"Adapting to {len(lost)} task(s) diverged{which}: the steps of "
                f"size {rate:g} on their supports led to predictions that are not finite. Lower "
                "`adapt_lr` (or `inner_lr`, and fit again), or take fewer `adapt_steps`."
            )
        return outputs

    def _adapt(
        self,
        network: ThreeMTLNetwork,
        objective: BiLevelObjective,
        codec: TargetCodec,
        tasks: Tensor,
        width: int,
        device: torch.device,
    ) -> Adapted:
        """The networks as these tasks adapt them, in one batch padded to a fixed number of tasks.

        Each task's support is padded to `width` rows. The result is cached.
        """
        key = (width, *tasks.tolist())
        if key not in self._adapted:
            padded = torch.cat([tasks, tasks.new_full((TASKS_AT_ONCE - len(tasks),), -1)])
            inputs, supports = self.memory.supports(padded, width, device)
            found = objective.adapt(
                network,
                network.encode(inputs),
                supports,
                lr=self.lr,
                n_steps=self.n_steps,
                layout=codec.layout if objective.draws_classes else None,
            )
            while len(self._adapted) >= KEPT:
                self._adapted.pop(next(iter(self._adapted)))
            self._adapted[key] = found
        return self._adapted[key]

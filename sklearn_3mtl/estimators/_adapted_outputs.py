"""Predictions of many tasks, each from what it makes of its own support."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.estimators._task_memory import TASKS_AT_ONCE, task_slots
from sklearn_3mtl.objective import BiLevelObjective

if TYPE_CHECKING:
    from sklearn_3mtl.estimators._model import FittedModel
    from sklearn_3mtl.meta import Adapted

__all__ = ["adapted_outputs"]

# How many chunks of tasks stay adapted for the next call.
_KEPT = 8


@torch.no_grad()
def adapted_outputs(model: FittedModel, inputs: dict[str, Tensor], task: Tensor) -> np.ndarray:
    """The outputs of rows once their tasks have adapted, of shape (n_samples, n_outputs).

    Parameters
    ----------
    model : FittedModel
        The model, with a memory.
    inputs : dict of str to tensor with n_samples rows
        What the encoders read.
    task : int64 tensor of shape (n_samples,)
        Each row's task, -1 for an unknown one: it is predicted with what all tasks share.
    """
    assert model.memory is not None
    model.network.eval()
    device = next(model.network.parameters()).device
    outputs = np.empty((len(task), model.codec.layout.n_outputs), np.float32)
    names, number = task.unique(return_inverse=True)
    widths = model.memory.widths(names)
    for width in widths.unique().tolist():
        for chunk in (widths == width).nonzero()[:, 0].split(TASKS_AT_ONCE):
            adapted = _adapt(model, names[chunk], width, device)
            local = torch.full((len(names),), -1).index_copy(0, chunk, torch.arange(len(chunk)))
            mine = (local[number] >= 0).nonzero()[:, 0]
            mine = mine[local[number[mine]].argsort(stable=True)]
            for tasks, places, there in task_slots(local[number[mine]]):
                rows = mine[places]
                own = {name: value[rows.flatten()].to(device) for name, value in inputs.items()}
                x = model.network.encode(own).unflatten(-2, rows.shape)
                out = adapted.of(tasks.to(device))(x).flatten(-3, -2)
                outputs[rows[there].numpy()] = model.codec.combine(out)[there.flatten()].cpu()
    _refuse_divergence(model, outputs, task)
    return outputs


def _refuse_divergence(model: FittedModel, outputs: np.ndarray, task: Tensor) -> None:
    lost = task[torch.from_numpy(~np.isfinite(outputs).all(axis=1))].unique()
    if len(lost):
        names = model.groups_or_empty[lost[lost >= 0].numpy()].tolist()
        objective = cast(BiLevelObjective, model.objective)
        rate = objective.inner_lr if model.adapt_lr is None else model.adapt_lr
        raise ValueError(
            f"Adapting to {len(lost)} task(s) diverged (id(s) {names[:5]!r}): the steps of size "
            f"{rate:g} on their supports led to predictions that are not finite. Lower `adapt_lr` "
            "(or `inner_lr`, and fit again), or take fewer `adapt_steps`."
        )


def _adapt(model: FittedModel, tasks: Tensor, width: int, device: torch.device) -> Adapted:
    """The tasks' adapted networks, padded to a fixed number of tasks."""
    key = (width, *tasks.tolist())
    if key not in model.adapted:
        assert model.memory is not None
        assert isinstance(model.objective, BiLevelObjective)
        padded = torch.cat([tasks, tasks.new_full((TASKS_AT_ONCE - len(tasks),), -1)])
        supports = model.memory.supports(padded, width, device)
        found = model.objective.adapt(
            model.network, supports, lr=model.adapt_lr, n_steps=model.adapt_steps
        )
        while len(model.adapted) >= _KEPT:
            model.adapted.pop(next(iter(model.adapted)))
        model.adapted[key] = found
    return model.adapted[key]

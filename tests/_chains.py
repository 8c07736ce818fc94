"""Chains of stages and their support sets, and the plain loop over tasks that they are held to."""

import torch
from torch import nn
from torch.func import functional_call

from sklearn_3mtl.core.backbones import MLP, ResNet
from sklearn_3mtl.core.heads import LinearHeads
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.meta.support import SupportSet
from sklearn_3mtl.objective.losses import LabelLosses

TASKS = (
    Task("price", "regression"),
    Task("sold", "binary", [0, 1]),
    Task("kind", "multiclass", ["a", "b", "c"]),
)
LAYOUT = TaskLayout(TASKS)


def chain(backbone="mlp", n_in=3, widths=(16, 16), n_members=1, dtype=torch.float64, seed=0):
    """The stages of a net for TASKS."""
    copies = Copies(("shared",)).times(range(n_members))
    make = {"mlp": MLP, "resnet": ResNet}[backbone]
    net = make(n_in, widths, "tanh", 0.0, copies, Seed(seed)).to(dtype)
    names = {task.name: task.n_outputs for task in TASKS}
    head = LinearHeads(net.n_out, names, Seed(seed).child("head"), range(n_members)).to(dtype)
    return [*(Stage.of(layer) for layer in net.layers), Stage.of(head, is_head=True)]


def support_set(n_tasks=4, n_rows=5, n_in=3, dtype=torch.float64, seed=0, layout=LAYOUT):
    """Ragged support sets: labels missing, some tasks with fewer rows."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n_tasks, n_rows, n_in, generator=draw, dtype=torch.float64)
    values = torch.randn(n_tasks, n_rows, len(layout), generator=draw, dtype=torch.float64)
    for column, task in enumerate(layout.tasks):
        if task.classes is not None:
            values[..., column] = torch.randint(
                len(task.classes), (n_tasks, n_rows), generator=draw
            ).double()
    weight = 0.5 + torch.rand(values.shape, generator=draw, dtype=torch.float64)
    weight = weight * (torch.rand(values.shape, generator=draw) < 0.7)
    weight[1, n_rows // 2 :] = 0.0
    return SupportSet(
        x.to(dtype), values.to(dtype), weight.to(dtype), LabelLosses(layout),
        layout,
    )  # fmt: skip


def parameters(stages):
    """All parameters of the stages by number and name."""
    return {
        (i, name): p
        for i, stage in enumerate(stages)
        for name, p in stage.module.named_parameters()
    }


def run(stages, weights, x):
    """The chain on plain rows with given weights."""
    for i, stage in enumerate(stages):
        own = {name: value for (number, name), value in weights.items() if number == i}
        x = functional_call(stage.module, own, (x,))
    return x


def task_loss(support, task, outputs):
    """A task's mean loss for each column, summed over columns and members."""
    members = outputs if outputs.dim() == 3 else outputs.unsqueeze(0)
    weight = support.weight[task]
    counts = (weight > 0).sum(0).clamp_min(1)
    return sum(
        (support.losses(out, support.values[task]) * weight / counts).sum() for out in members
    )


def plain_loop(stages, adapts, support, rate, n_steps, second_order):
    """Adapted weights of each task, a task and a step at a time."""
    adapted = []
    for task in range(len(support.values)):
        weights = parameters(stages)
        for step in range(n_steps):
            moving = [key for key in weights if adapts[key[0]]]
            loss = task_loss(support, task, run(stages, weights, support.x[..., task, :, :]))
            grads = torch.autograd.grad(
                loss, [weights[key] for key in moving], create_graph=second_order
            )
            for key, grad in zip(moving, grads, strict=True):
                weights[key] = weights[key] - rate(key, step) * grad
        adapted.append(weights)
    return adapted


class Scale(nn.Module):
    """A user's module of one parameter."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.3, dtype=torch.float64))

    def forward(self, x):
        return self.scale * x

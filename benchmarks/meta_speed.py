"""How fast tasks adapt: the inner loop beside a loop over tasks, learn2learn and higher.

The sine net 1-40-40-1 with 25 tasks and an MLP 784-256-128-64-64-5 with 32 tasks, second order, 1
and 5 inner steps, support and query of 10 rows (of 5 and 25 for the MLP): the time of a meta
gradient, all in one process on one thread, medians of interleaved rounds of 20 gradients each (of
4 for the MLP). learn2learn and higher are left out where they can't be imported. Then a whole
training step of `MetaRegressor` (a long fit less a short one) beside the bare inner loop on as many
rows, and 1,000 tasks of 10 rows in one call beside a loop over `adapt`; a task takes its steps when
it is first predicted, so both are given with those predictions too. Run as
``python benchmarks/meta_speed.py``.
"""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from _tables import print_table
from torch import Tensor, nn

from sklearn_3mtl import MetaRegressor
from sklearn_3mtl.core.backbones import MLP
from sklearn_3mtl.core.heads import LinearHeads
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.meta import SupportSet
from sklearn_3mtl.meta.inner_loop import constant_rate, inner_loop
from sklearn_3mtl.objective.losses import LabelLosses

RATE = 0.01
NETS = {
    "1-40-40-1, 25 tasks": ((1, 40, 40), Task("y", "regression"), 25, 10, 10),
    "784-256-128-64-64-5, 32 tasks": (
        (784, 256, 128, 64, 64), Task("y", "multiclass", np.arange(5)), 32, 5, 25,
    ),
}  # fmt: skip
# How many meta gradients a round has.
TIMES = dict(zip(NETS, (20, 4), strict=True))


class Net:
    """A net, its tasks, and a meta gradient in several ways."""

    def __init__(
        self, widths: tuple[int, ...], task: Task, n_tasks: int, n_shots: int, n_queries: int
    ) -> None:
        layout = TaskLayout([task])
        net = MLP(widths[0], widths[1:], "relu", 0.0, Copies(("net",)), Seed(0))
        head = LinearHeads(net.n_out, {"y": task.n_outputs}, Seed(0))
        self.stages = [*(Stage.of(layer) for layer in net.layers), Stage.of(head, is_head=True)]
        layers = []
        for width, n_out in zip(widths, [*widths[1:], task.n_outputs], strict=True):
            layers += [nn.Linear(width, n_out), nn.ReLU()]
        self.module = nn.Sequential(*layers[:-1])
        self.classes = task.classes is not None
        draw = torch.Generator().manual_seed(0)
        self.sets = []
        for n_rows in (n_shots, n_queries):
            x = torch.randn(n_tasks, n_rows, widths[0], generator=draw)
            y = torch.randn(n_tasks, n_rows, 1, generator=draw)
            if self.classes:
                y = torch.randint(5, (n_tasks, n_rows, 1), generator=draw).float()
            losses = LabelLosses(layout)
            self.sets.append(SupportSet(x, y, torch.ones_like(y), losses, layout))

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """A task's mean loss."""
        return F.cross_entropy(outputs, y[:, 0].long()) if self.classes else F.mse_loss(outputs, y)

    def ours(self, n_steps: int) -> None:
        """The inner loop of this library."""
        support, query = self.sets
        # Anew in each step of training: nothing of the support is kept from the last one.
        support = SupportSet(
            support.x, support.values, support.weight, support.losses, support.layout
        )
        adapts = [True] * len(self.stages)
        rates = constant_rate(RATE)
        adapted = inner_loop(self.stages, adapts, support, rates, n_steps, second_order=True)
        query.loss(adapted(query.x)).backward()

    def plain(self, n_steps: int) -> None:
        """A loop over tasks by hand."""
        support, query = self.sets
        start = list(self.module.parameters())
        total = torch.zeros(())
        for task in range(support.n_tasks):
            weights = start
            for _ in range(n_steps):
                loss = self.loss(_run(weights, support.x[task]), support.values[task])
                gradients = torch.autograd.grad(loss, weights, create_graph=True)
                pairs = zip(weights, gradients, strict=True)
                weights = [w - RATE * gradient for w, gradient in pairs]
            total = total + self.loss(_run(weights, query.x[task]), query.values[task])
        total.backward()

    def learn2learn(self, n_steps: int) -> None:
        """learn2learn's MAML."""
        support, query = self.sets
        maml = PEERS["learn2learn"](self.module, lr=RATE, first_order=False)
        total = torch.zeros(())
        for task in range(support.n_tasks):
            learner = maml.clone()
            for _ in range(n_steps):
                learner.adapt(self.loss(learner(support.x[task]), support.values[task]))
            total = total + self.loss(learner(query.x[task]), query.values[task])
        total.backward()

    def higher(self, n_steps: int) -> None:
        """higher's differentiable optimizer."""
        support, query = self.sets
        optimizer = torch.optim.SGD(self.module.parameters(), lr=RATE)
        context = PEERS["higher"].innerloop_ctx
        for task in range(support.n_tasks):
            with context(self.module, optimizer, copy_initial_weights=False) as (net, steps):
                for _ in range(n_steps):
                    steps.step(self.loss(net(support.x[task]), support.values[task]))
                self.loss(net(query.x[task]), query.values[task]).backward()

    def round(self, way: str, n_steps: int, times: int = 1) -> Callable[[], None]:
        """A meta gradient, or some, in one of the ways."""
        modules = (self.module, *(stage.module for stage in self.stages))

        def run() -> None:
            for _ in range(times):
                for module in modules:
                    module.zero_grad(set_to_none=True)
                getattr(self, way)(n_steps)

        return run


def _run(weights: list[Tensor], x: Tensor) -> Tensor:
    for i in range(0, len(weights), 2):
        x = F.linear(x, weights[i], weights[i + 1])
        x = x.relu() if i < len(weights) - 2 else x
    return x


def _peers() -> dict[str, Any]:
    """What can be imported; learn2learn wants a torchvision, of which its MAML uses nothing."""
    found: dict[str, Any] = {}
    names = ["", ".transforms", ".datasets", ".datasets.folder", ".datasets.omniglot",
             ".datasets.utils", ".models"]  # fmt: skip
    stubs = {}
    for name in names:
        stub: Any = types.ModuleType(f"torchvision{name}")
        stub.__getattr__ = _nothing
        stubs[stub.__name__] = stub
    absent = {name: stub for name, stub in stubs.items() if name not in sys.modules}
    sys.modules.update(absent)
    try:
        from learn2learn.algorithms.maml import MAML

        found["learn2learn"] = MAML
    except ImportError:
        pass
    for name in absent:
        del sys.modules[name]
    try:
        import higher

        found["higher"] = higher
    except ImportError:
        pass
    return found


def _nothing(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {})


def rounds(ways: dict[str, Callable[[], Any]], n_rounds: int) -> dict[str, float]:
    """The median time of each way in milliseconds, their rounds interleaved."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(n_rounds + 2):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if number > 1:
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: median(found) for name, found in times.items()}


def engines(n_rounds: int = 15) -> pd.DataFrame:
    """The inner loop beside others."""
    rows = {}
    for name, shape in NETS.items():
        net = Net(*shape)
        for n_steps in (1, 5):
            # In training a way follows itself: rounds of one would measure cold caches.
            times = TIMES[name]
            ways = {way: net.round(way, n_steps, times) for way in ("ours", "plain", *PEERS)}
            found = {way: ms / times for way, ms in rounds(ways, n_rounds).items()}
            row = {f"{way} (ms)": ms for way, ms in found.items()}
            ours = found.pop("ours")
            row |= {f"{way} / ours": ms / ours for way, ms in found.items()}
            rows[f"{name}, {n_steps} step(s)"] = row
    return pd.DataFrame(rows).T.rename_axis("net")


def sines(n_tasks: int, n_rows: int, first: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Rows of sine tasks."""
    random = np.random.default_rng(first)
    x = random.uniform(-5, 5, (n_tasks, n_rows))
    y = random.uniform(0.1, 5, (n_tasks, 1)) * np.sin(x + random.uniform(0, np.pi, (n_tasks, 1)))
    ids = np.repeat(np.arange(first, first + n_tasks), n_rows)
    return pd.DataFrame({"x": x.ravel(), "task": ids}), pd.Series(y.ravel(), name="y")


def whole_step() -> pd.DataFrame:
    """A training step of the estimator beside the inner loop and its gradient alone."""
    rows = {}
    for n_steps in (1, 5):
        net = Net(*NETS["1-40-40-1, 25 tasks"])
        est = MetaRegressor(
            task="task", meta="maml", inner_steps=n_steps, inner_lr=RATE, n_shots=10, n_queries=10,
            meta_batch_size=25, hidden_layer_sizes=(40, 40), activation="relu",
            numeric_embedding=None, early_stopping=False, random_state=0,
        )  # fmt: skip
        X, y = sines(1000, 20)
        steps = 8 * 64
        ways = {
            "long": lambda est=est, X=X, y=y: est.set_params(max_epochs=9).fit(X, y),
            "short": lambda est=est, X=X, y=y: est.set_params(max_epochs=1).fit(X, y),
            "inner loop": net.round("ours", n_steps, steps),
        }
        found = rounds(ways, 15)
        # What a fit does once drops out of the difference.
        whole, alone = found["long"] - found["short"], found["inner loop"]
        row = {"estimator (ms a step)": whole / steps, "inner loop (ms a step)": alone / steps}
        rows[f"{n_steps} step(s)"] = {**row, "ratio": whole / alone}
    return pd.DataFrame(rows).T.rename_axis("inner steps")


def many_tasks() -> pd.DataFrame:
    """1,000 tasks adapted and predicted in one call, and one by one."""
    options = {"numeric_embedding": None, "max_epochs": 1, "random_state": 0}
    X, y = sines(100, 20)
    new, labels = sines(1000, 10, first=1000)
    rows = {}
    for meta in ("maml", "ridge"):
        est = MetaRegressor(task="task", meta=meta, **options).fit(X, y)
        names = new["task"].unique()[:50]
        supports = [(new[new["task"] == n], labels[new["task"] == n]) for n in names]
        ways = {
            "adapt": lambda est, few, y: est.adapt(few, y),
            "adapt + predict": lambda est, few, y: est.adapt(few, y).predict(few),
        }
        row = {}
        for way, call in ways.items():
            start = time.perf_counter()
            for few, y_few in supports:
                call(est, few, y_few)
            each = (time.perf_counter() - start) * len(new["task"].unique()) / len(names)
            one = rounds({"all": lambda e=est, f=call: f(e, new, labels)}, 3)["all"] / 1000
            row |= {f"{way}: loop (s)": each, f"{way}: one call (s)": one}
            row[f"{way}: ratio"] = each / one
        rows[meta] = row
    return pd.DataFrame(rows).T.rename_axis("1,000 tasks")


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    print_table(engines(), 2)
    print("\nA training step of the estimator:\n")
    print_table(whole_step(), 2)
    print("\n1,000 new tasks, without and with predictions (the loop: 50 of them, times 20):\n")
    print_table(many_tasks(), 2)


PEERS = _peers()

if __name__ == "__main__":
    main()

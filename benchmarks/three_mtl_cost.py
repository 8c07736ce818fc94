"""What a training step of the whole network costs, beside its parts run alone.

2,000 rows of 100 tasks: 10 numbers, 2 categories, a text as a vector of 384 numbers from a frozen
encoder, an image of 16 x 16 pixels for a small net; a number, a yes or no and five classes to
predict, balanced by uncertainty. 16 tasks a step, 10 rows of support and 10 of query. The parts, on
tensors of the same shapes: drawing the rows, encoders and fusion (supports and queries in one pass,
as in the step), the tasks' adaptation and its outputs, losses and balancing, each forward and
backward, and the optimizer's step.

One thread, one process, medians of interleaved rounds. Run as
``python benchmarks/three_mtl_cost.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from _tables import print_table
from meta_speed import rounds
from sklearn.preprocessing import FunctionTransformer
from torch import Tensor

from sklearn_3mtl import ThreeMTLEstimator
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.fitting.assembly import make_rows
from sklearn_3mtl.fitting.data import TrainingData
from sklearn_3mtl.fitting.drawing import draw_episodes
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.fitting.planning import make_plan
from sklearn_3mtl.rows.batch import Batch

N_TASKS, N_ROWS, EPOCHS, ROUNDS = 100, 2000, 2, 5
STEPS_PER_EPOCH = 64
METHODS: dict[str, dict[str, Any]] = {
    "ridge": {"meta": "ridge"},
    "maml, 1 step": {"meta": "maml", "inner_steps": 1},
    "maml, 5 steps": {"meta": "maml", "inner_steps": 5},
}


def table() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of all modalities, and targets of all kinds."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(N_ROWS, 10)), columns=[f"x{i}" for i in range(10)])
    for name in ("colour", "shape"):
        X[name] = pd.Categorical(random.choice(list("abcdefgh"), N_ROWS))
    vectors = random.normal(size=(N_ROWS, 384)).astype(np.float32)
    X = pd.concat([X, pd.DataFrame(vectors).add_prefix("v")], axis=1)
    X["photo"] = list(random.random((N_ROWS, 16, 16, 1)).astype(np.float32))
    X["shop"] = np.arange(N_ROWS) % N_TASKS
    amount = X["x0"] * X["x1"] + vectors[:, 0] + random.normal(size=N_TASKS)[X["shop"]]
    Y = {"amount": amount, "sold": amount > 0, "sort": pd.cut(amount, 5, labels=list("abcde"))}
    return X, pd.DataFrame(Y).astype({"sort": str})


def estimator(X: pd.DataFrame, epochs: int, **options: Any) -> ThreeMTLEstimator:
    """The whole network."""
    text = [name for name in X if str(name).startswith("v")]
    return ThreeMTLEstimator(
        task="shop", balancing="uncertainty", n_estimators=1, hidden_layer_sizes=(128, 128),
        prior=None,
        modalities={"text": (FunctionTransformer(), text), "image": "photo"},
        n_shots=10, n_queries=10, meta_batch_size=16, max_epochs=epochs, early_stopping=False,
        random_state=0, **options,
    )  # fmt: skip


def training(est: ThreeMTLEstimator, X: pd.DataFrame, Y: pd.DataFrame) -> Iterator[Batch]:
    """The meta-batches that `fit` draws, without end."""
    plan = make_plan(est._model.settings, Facts(len(X), est.tasks_, True, est.chosen_))
    assert plan.episodes is not None
    data = TrainingData(read_inputs(X), read_targets(Y), ids=X["shop"].to_numpy())
    inputs = est._model.transform(data.table)
    rows = plan.episodes.kind.with_units(make_rows(plan, est._model, data, inputs))
    episodes, *_ = draw_episodes(plan.episodes, plan.training, rows, N_TASKS, Seed(0))
    draw = torch.Generator().manual_seed(0)
    while True:
        yield from episodes.batches(16, draw)


def backward(outputs: Tensor) -> None:
    """A backward pass with a gradient of ones."""
    outputs.backward(torch.ones_like(outputs))


def parts(est: ThreeMTLEstimator, X: pd.DataFrame, Y: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """What a step consists of, each alone on tensors of the same shapes."""
    network, objective = est._model.network.train(), est._model.objective
    batches = training(est, X, Y)
    batch = next(batches)
    parameters = [*network.parameters(), *objective.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-5, fused=True)
    encode = network.encode
    with torch.no_grad():
        encoded = encode(batch.inputs)
        outputs = objective.outputs(network, batch)

    def clear() -> None:
        for parameter in parameters:
            parameter.grad = None

    def encoders() -> None:
        clear()
        backward(encode(batch.inputs))

    def adaptation() -> None:
        clear()
        network.encode = lambda inputs: encoded.detach().requires_grad_()
        try:
            backward(objective.outputs(network, batch))
        finally:
            del network.encode

    def losses() -> None:
        clear()
        leaf = outputs.detach().requires_grad_()
        objective(leaf, batch.values, batch.weight, None)[0].backward()

    def step() -> None:
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        optimizer.step()

    return {
        "draw": lambda: next(batches),
        "encoders": encoders,
        "adaptation": adaptation,
        "losses": losses,
        "optimizer": step,
    }


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    X, Y = table()
    rows = {}
    for name, options in METHODS.items():
        est = estimator(X, 1, **options).fit(X, Y)
        alone = parts(est, X, Y)
        n_steps = EPOCHS * STEPS_PER_EPOCH

        def many(part: Callable[[], Any], n_steps: int = n_steps) -> Callable[[], None]:
            return lambda: [part() for _ in range(n_steps)] and None

        # A fit of more epochs less one of fewer: what does not repeat with the steps drops out.
        fits = {
            "long": lambda o=options: estimator(X, 1 + EPOCHS, **o).fit(X, Y),
            "short": lambda o=options: estimator(X, 1, **o).fit(X, Y),
        }
        found = rounds({**fits, **{part: many(call) for part, call in alone.items()}}, ROUNDS)
        whole = (found.pop("long") - found.pop("short")) / n_steps
        each = {part: ms / n_steps for part, ms in found.items()}
        total = sum(each.values())
        rows[name] = {"step (ms)": whole, **each, "sum": total, "step / sum": whole / total}
    print_table(pd.DataFrame(rows).T.rename_axis("meta"), 2)


if __name__ == "__main__":
    main()

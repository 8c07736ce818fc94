"""The training loop, against one written by hand."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from skorch.callbacks import Callback
from torch import nn

from sklearn_3mtl import MultiTaskRegressor
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.rows.loader import BatchIterator, RowDataset
from sklearn_3mtl.rows.splits import validation_rows
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny

ROOT = Seed(int(np.random.RandomState(0).randint(2**31 - 1)))


def listener(event, function):
    """A callback that calls a function at an event; its copies do the same."""

    def call(self, net, *args, **kwargs):
        function(net)

    return type("Listener", (Callback,), {event: call})()


def fit_with_initial_weights(est, X, Y):
    initial = []
    callback = listener("on_train_begin", lambda net: initial.append(copy.deepcopy(net.module_)))
    est.set_params(callbacks=[callback]).fit(X, Y)
    return initial[0].state_dict()


def by_hand(state, x, values, mask, kinds, *, epochs, batch_size, lr, weight_decay):
    """The fitted net's weights from a plain loop: masked means, AdamW, the seeded order."""
    net = nn.Sequential(nn.Linear(x.shape[1], 8), nn.ReLU(), nn.Linear(8, state["b1"].numel()))
    net[0].weight.data, net[0].bias.data = state["w0"].clone(), state["b0"].clone()
    net[2].weight.data, net[2].bias.data = state["w1"].clone(), state["b1"].clone()
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=weight_decay)
    generator = ROOT.child("loader").generator()
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator).split(batch_size):
            optimizer.zero_grad()
            out, total = net(x[rows]), 0.0
            start = 0
            for k, (kind, width) in enumerate(kinds):
                y, m = values[rows, k], mask[rows, k]
                own = out[:, start : start + width]
                start += width
                if kind == "regression":
                    loss = (own[:, 0] - y).square()
                elif kind == "binary":
                    loss = F.binary_cross_entropy_with_logits(own[:, 0], y, reduction="none")
                else:
                    loss = F.cross_entropy(own, y.long(), reduction="none")
                if m.any():
                    total = total + loss[m].mean()
            total.backward()
            optimizer.step()
    return net


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("batch_size", [16, 60])
def test_the_fitted_net_equals_a_hand_written_loop(gaps, batch_size):
    X, Y = numeric_table(60)
    if gaps:
        Y.iloc[::3, 0] = np.nan
        Y.iloc[1::4, 1] = None
        Y.iloc[1::6, 2] = None
    est = tiny(max_epochs=4, batch_size=batch_size, lr=0.01, weight_decay=0.1)
    state = fit_with_initial_weights(est, X, Y)
    model = est._model
    x = model.inputs.transform(read_inputs(X))["numeric"]
    values, mask = model.codec.encode(read_targets(Y))
    names = {
        "w0": "backbone.net.layers.0.weight", "b0": "backbone.net.layers.0.bias",
        "w1": "heads.weight", "b1": "heads.bias",
    }  # fmt: skip
    kinds = [(task.kind, task.n_outputs) for task in model.codec.layout.tasks]
    net = by_hand(
        {short: state[name] for short, name in names.items()}, x, values, mask, kinds,
        epochs=4, batch_size=batch_size, lr=0.01, weight_decay=0.1,
    )  # fmt: skip
    fitted = model.network.state_dict()
    for (short, name), value in zip(names.items(), net.parameters(), strict=True):
        torch.testing.assert_close(fitted[name], value.detach(), rtol=1e-5, atol=1e-6)
        assert not torch.allclose(fitted[name], state[name], atol=1e-3), short


def test_the_best_weights_are_restored():
    X, Y = numeric_table(120)
    est = tiny(
        MultiTaskRegressor, lr=0.1, max_epochs=40, n_iter_no_change=40, early_stopping=True,
        validation_fraction=0.25,
    )  # fmt: skip
    y = Y["number"] + np.random.default_rng(0).normal(size=120)
    est.fit(X, y)
    losses = est.history_[:, "valid_loss"]
    assert np.argmin(losses) < len(losses) - 1
    cells = np.zeros((120, 1), dtype=int)
    random = np.random.default_rng(ROOT.child("validation split").value)
    _, valid = validation_rows(cells, 0.25, random)
    # Standardised as in training.
    scale = est._model.codec.scale[0]
    own = np.mean((est.predict(X.iloc[valid]) - y.iloc[valid]) ** 2) / scale**2
    assert own == pytest.approx(min(losses), rel=1e-4)


def test_early_stopping_waits_for_the_given_number_of_epochs():
    X, Y = numeric_table(120)
    est = tiny(lr=0.3, max_epochs=200, early_stopping=True, n_iter_no_change=3).fit(X, Y)
    best = int(np.argmin(est.history_[:, "valid_loss"]))
    assert est.n_iter_ == len(est.history_) == best + 1 + 3 < 200


def test_without_early_stopping_all_epochs_run_on_all_rows():
    X, Y = numeric_table(60)
    est = tiny(max_epochs=5, batch_size=20).fit(X, Y)
    assert est.n_iter_ == 5
    assert est.history_[:, "train_batch_count"] == [3] * 5
    assert "valid_loss" not in est.history_[-1]


def independent(X, Y, **parameters):
    return tiny(
        MultiTaskRegressor, sharing="none", early_stopping=True, lr=0.1, max_epochs=60,
        n_iter_no_change=4, **parameters,
    ).fit(X, Y)  # fmt: skip


def noisy_targets():
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(100, 3)))
    easy = X[0] + X[1]
    hard = 0.3 * X[2] + random.normal(size=100)
    return X, pd.DataFrame({"easy": easy, "hard": hard})


def test_independent_nets_stop_and_restore_each_at_its_own_best():
    X, Y = noisy_targets()
    together = independent(X, Y)
    epochs = {}
    for name in Y:
        alone = independent(X, Y[[name]])
        np.testing.assert_allclose(together.predict(X)[name], alone.predict(X)[name], rtol=1e-3)
        epochs[name] = alone.n_iter_
    assert epochs["easy"] != epochs["hard"], "the nets should stop at different epochs"
    assert together.n_iter_ == max(epochs.values())


def test_history_has_losses_and_scores_of_every_task():
    X, Y = mixed_table(80)
    est = tiny(max_epochs=3, early_stopping=True).fit(X, Y)
    for epoch in est.history_:
        for name in Y:
            for key in (f"train_loss/{name}", f"valid_loss/{name}", f"valid_score/{name}"):
                assert np.isfinite(epoch[key]), key
        parts = [epoch[f"valid_loss/{name}"] for name in Y]
        assert epoch["valid_loss"] == pytest.approx(np.mean(parts), rel=1e-5)
    assert est.history_[-1]["train_loss/price"] < est.history_[0]["train_loss/price"]


def test_validation_scores_are_r2_and_accuracy_of_the_validation_rows():
    X, Y = numeric_table(100)
    est = tiny(max_epochs=1, early_stopping=True, validation_fraction=0.3).fit(X, Y)
    layout = est._model.codec.layout
    values, _ = est._model.codec.encode(read_targets(Y))
    cells = np.zeros(values.shape, dtype=int)
    n_cells = 0
    for k, task in enumerate(layout.tasks):
        cells[:, k] = n_cells + (0 if task.classes is None else values[:, k].numpy())
        n_cells += 1 if task.classes is None else len(task.classes)
    random = np.random.default_rng(ROOT.child("validation split").value)
    _, valid = validation_rows(cells, 0.3, random)
    guess, truth = est.predict(X.iloc[valid]), Y.iloc[valid]
    record = est.history_[-1]
    assert record["valid_score/answer"] == pytest.approx((guess.answer == truth.answer).mean())
    assert record["valid_score/sort"] == pytest.approx((guess.sort == truth.sort).mean())
    residual = ((guess.number - truth.number) ** 2).sum()
    spread = ((truth.number - truth.number.mean()) ** 2).sum()
    assert record["valid_score/number"] == pytest.approx(1 - residual / spread, abs=1e-4)


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", torch.optim.RMSprop])
def test_optimizers_train(optimizer):
    X, Y = numeric_table()
    est = tiny(optimizer=optimizer, max_epochs=10, lr=0.05).fit(X, Y)
    assert est.history_[-1]["train_loss"] < 0.9 * est.history_[0]["train_loss"]


def test_weight_decay_shrinks_the_weights():
    X, Y = numeric_table()
    norms = [
        tiny(weight_decay=decay, max_epochs=10).fit(X, Y)._model.network.heads.weight.norm()
        for decay in (0.0, 50.0)
    ]
    assert norms[1] < 0.8 * norms[0]


def test_divergence_is_an_error_that_names_task_and_rate():
    X, Y = numeric_table()
    est = tiny(lr=1e20, optimizer="sgd", max_epochs=10)
    with pytest.raises(ValueError, match=r"diverged in epoch .*'number'.*`lr`"):
        est.fit(X, Y)
    assert not hasattr(est, "tasks_")


def test_an_epoch_visits_every_row_once_in_a_new_order():
    rows = torch.tensor([3, 1, 4, 9])
    data = RowDataset({"numeric": torch.arange(10.0).view(-1, 1)}, torch.zeros(10, 1), rows=rows)
    iterator = BatchIterator(data, 3, torch.Generator().manual_seed(0))
    orders = [
        torch.cat([batch.inputs["numeric"] for batch in iterator]).flatten().tolist()
        for _ in range(5)
    ]
    assert all(sorted(order) == [1, 3, 4, 9] for order in orders)
    assert len({tuple(order) for order in orders}) > 1


def test_tasks_with_few_labels_weigh_as_much_as_others():
    """The mean is over a task's own labels, so that a gap takes no weight from the task."""
    X, Y = numeric_table(60)
    few = Y.copy()
    few.iloc[6:, 0] = np.nan
    est = tiny(max_epochs=150, batch_size=60, lr=0.02).fit(X, few)
    error = (est.predict(X)["number"] - Y["number"])[:6].abs().max()
    assert error < 0.2

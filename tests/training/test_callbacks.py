"""Callbacks: the library's own, skorch's, a user's; Ctrl-C."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler, ProgressBar

from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny


def listener(event, function):
    """A callback that calls a function at an event; its copies do the same."""

    def call(self, net, *args, **kwargs):
        function(net, **kwargs)

    return type("Listener", (Callback,), {event: call})()


def same_predictions(a, b, X):
    return a.predict(X).equals(b.predict(X))


def test_a_cosine_schedule_lowers_the_rate_over_the_epochs():
    X, Y = numeric_table()
    est = tiny(lr_schedule="cosine", lr=0.1, max_epochs=4).fit(X, Y)
    expected = [0.1 * 0.5 * (1 + math.cos(math.pi * k / 4)) for k in range(4)]
    assert est.history_[:, "lr"] == pytest.approx(expected)
    assert not same_predictions(est, tiny(lr=0.1, max_epochs=4).fit(X, Y), X)


def test_a_constant_schedule_keeps_the_rate():
    X, Y = numeric_table()
    assert tiny(lr=0.1, max_epochs=3).fit(X, Y).history_[:, "lr"] == [0.1] * 3


def test_a_callable_is_a_schedule():
    X, Y = numeric_table()
    est = tiny(lr_schedule=lambda done: 0.0 if done >= 0.5 else 1.0, max_epochs=4).fit(X, Y)
    half = tiny(max_epochs=2).fit(X, Y)
    assert est.history_[:, "lr"] == [0.001, 0.001, 0, 0]
    assert same_predictions(est, half, X), "a rate of 0 leaves the weights as they are"


def test_a_users_lr_scheduler_sets_the_rate():
    X, Y = numeric_table()
    callback = LRScheduler(policy="StepLR", step_size=1, gamma=0.1)
    est = tiny(max_epochs=3, lr=0.1, callbacks=[callback]).fit(X, Y)
    assert est.history_[:, "lr"] == pytest.approx([0.1, 0.01, 0.001])
    assert not same_predictions(est, tiny(max_epochs=3, lr=0.1).fit(X, Y), X)


def test_a_users_early_stopping_ends_training_quietly():
    X, Y = numeric_table(80)
    stopping = EarlyStopping(patience=2, monitor="train_loss", threshold=10, threshold_mode="abs")
    est = tiny(max_epochs=50, callbacks=[("stop", stopping)]).fit(X, Y)
    assert est.n_iter_ == 3
    assert est.predict(X).notna().all().all()


def test_skorchs_progress_bar_runs(capsys):
    X, Y = numeric_table(80)
    est = tiny(max_epochs=2, callbacks=[ProgressBar()], early_stopping=True).fit(X, Y)
    assert est.n_iter_ == 2
    assert "0/" in capsys.readouterr().err


def test_a_scoring_callback_is_recorded():
    X, Y = numeric_table(80)

    def worst(net, dataset, y):
        names = [task.name for task in net.layout.tasks]
        return max(net.history[-1][f"valid_loss/{name}"] for name in names)

    scoring = EpochScoring(worst, name="worst", use_caching=False)
    est = tiny(max_epochs=3, callbacks=[scoring], early_stopping=True).fit(X, Y)
    for epoch in est.history_:
        assert epoch["worst"] == max(epoch[f"valid_loss/{name}"] for name in Y)


def test_batch_listeners_hear_every_batch_and_change_nothing():
    X, Y = numeric_table(80)
    losses, rows, gradients = [], [], []

    def on_batch_end(net, batch, training, **kwargs):
        (losses if training else rows).append(kwargs.get("loss", len(batch[1][0])))

    def on_grad_computed(net, named_parameters, **kwargs):
        gradients.append({name: p.grad is not None for name, p in named_parameters})

    heard = [
        listener("on_batch_end", on_batch_end), listener("on_grad_computed", on_grad_computed),
    ]  # fmt: skip
    options = {"max_epochs": 2, "batch_size": 24, "early_stopping": True}
    est = tiny(callbacks=heard, **options).fit(X, Y)
    assert len(losses) == len(gradients) == sum(est.history_[:, "train_batch_count"])
    assert sum(rows) == 2 * rows[0] > 0
    assert all(all(found.values()) for found in gradients)
    first = [float(loss) for loss in losses[: est.history_[0]["train_batch_count"]]]
    assert est.history_[0]["train_loss"] == pytest.approx(np.mean(first))
    assert same_predictions(est, tiny(**options).fit(X, Y), X)


def test_the_callers_callback_is_not_changed():
    X, Y = numeric_table()
    mine = LRScheduler(policy="StepLR", step_size=1)
    before = dict(vars(mine))
    est = tiny(callbacks=[mine]).fit(X, Y)
    assert vars(mine) == before
    assert est.callbacks[0] is mine
    first, second = est.predict(X), est.fit(X, Y).predict(X)
    assert first.equals(second), "a second fit starts from the same"


def interrupt_in_epoch(epoch, event):
    def stop(net, **kwargs):
        if len(net.history) == epoch:
            raise KeyboardInterrupt

    return listener(event, stop)


@pytest.mark.parametrize("event", ["on_epoch_end", "on_epoch_begin", "on_batch_end"])
def test_ctrl_c_keeps_the_best_weights_and_is_raised_again(event):
    X, Y = numeric_table(80)
    options = {"lr": 0.05, "early_stopping": True}
    est = tiny(max_epochs=20, callbacks=[interrupt_in_epoch(3, event)], **options)
    with (
        pytest.warns(UserWarning, match="interrupted after") as caught,
        pytest.raises(KeyboardInterrupt),
    ):
        est.fit(X, Y)
    assert len(caught) == 1
    done = 3 if event == "on_epoch_end" else 2
    expected = tiny(max_epochs=done, **options).fit(X, Y)
    assert same_predictions(est, expected, X)
    assert est.n_iter_ == len(est.history_)


def test_ctrl_c_without_validation_rows_keeps_the_last_weights():
    X, Y = numeric_table()
    est = tiny(max_epochs=20, callbacks=[interrupt_in_epoch(3, "on_epoch_end")])
    with pytest.warns(UserWarning, match="interrupted"), pytest.raises(KeyboardInterrupt):
        est.fit(X, Y)
    assert same_predictions(est, tiny(max_epochs=3).fit(X, Y), X)


def test_another_error_in_a_callback_passes_through_and_leaves_the_estimator_unfitted():
    X, Y = numeric_table()

    def fail(net, **kwargs):
        raise RuntimeError("mine")

    est = tiny(callbacks=[listener("on_epoch_end", fail)])
    with pytest.raises(RuntimeError, match="mine"):
        est.fit(X, Y)
    assert not hasattr(est, "history_")


def test_verbose_shows_a_bar_with_the_losses(capsys):
    X, Y = numeric_table(80)
    tiny(early_stopping=True, max_epochs=3, verbose=1).fit(X, Y)
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "train_loss=" in shown
    assert "valid_loss=" in shown


def test_silence_without_verbose(capsys):
    X, Y = numeric_table()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny().fit(X, Y)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_best_weights_of_a_task_without_validation_label_are_its_last():
    """A net whose task has one label never stops early, and loses nothing."""
    X, Y = numeric_table(80)
    Y = Y[["number"]].assign(rare=np.nan)
    Y.loc[3, "rare"] = 1.5
    est = tiny(sharing="none", early_stopping=True, max_epochs=3).fit(X, Y)
    assert est.predict(X).notna().all().all()
    assert all(math.isnan(loss) for loss in est.history_[:, "valid_loss/rare"])
    assert all(math.isfinite(loss) for loss in est.history_[:, "valid_loss"])


def test_callbacks_survive_clone_and_see_torch_parameters():
    X, Y = mixed_table()
    seen = []
    est = tiny(callbacks=[listener("on_train_end", lambda net, **kw: seen.append(net.module_))])
    clone(est).fit(X, Y)
    assert isinstance(seen[0], torch.nn.Module)

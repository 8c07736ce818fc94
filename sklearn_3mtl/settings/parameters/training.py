"""Parameters of training and of the run."""

from __future__ import annotations

import torch
from sklearn.utils._param_validation import StrOptions

from sklearn_3mtl.settings.parameters.base import (
    AUTO,
    COUNT,
    FRACTION,
    NON_NEGATIVE,
    POSITIVE,
    Parameter,
    choices,
)

__all__ = ["TRAINING"]

_OPTIMIZERS = ("adamw", "adam", "sgd")
_LR_SCHEDULES = ("constant", "cosine")

TRAINING = (
    Parameter(
        name="max_epochs",
        annotation='int | Literal["auto"]',
        default="auto",
        constraint=[AUTO, COUNT],
        type='int or "auto"',
        text='Largest number of passes over the training rows. ``"auto"``: chosen by `fit`.',
        variants={
            "meta": {"text": 'Largest number of epochs. ``"auto"``: chosen by `fit`.'},
            "three_mtl": {"text": 'Largest number of epochs. ``"auto"``: chosen by `fit`.'},
        },
    ),
    Parameter(
        name="batch_size",
        annotation='int | Literal["auto"]',
        default="auto",
        constraint=[AUTO, COUNT],
        type='int or "auto"',
        text='Number of rows per training step. ``"auto"``: chosen by `fit`.',
        variants={
            family: {
                "text": """
                    Number of rows per training step if no task adapts. ``"auto"``: chosen by `fit`.
                """,
            }
            for family in ("meta", "three_mtl")
        },
    ),
    Parameter(
        name="lr",
        annotation='float | Literal["auto"]',
        default="auto",
        constraint=[AUTO, POSITIVE],
        type='float or "auto"',
        text='Learning rate before the schedule is applied. ``"auto"``: chosen by `fit`.',
    ),
    Parameter(
        name="weight_decay",
        annotation='float | Literal["auto"]',
        default="auto",
        constraint=[AUTO, NON_NEGATIVE],
        type='float or "auto"',
        text="""
            Weight decay, decoupled from the gradient for ``"adamw"``. ``"auto"``: chosen by `fit`.
        """,
    ),
    Parameter(
        name="optimizer",
        annotation="str | type[torch.optim.Optimizer]",
        default="adamw",
        constraint=[StrOptions(set(_OPTIMIZERS)), type],
        type=f"{choices(_OPTIMIZERS)} or torch.optim.Optimizer subclass",
        text="Optimizer of the weights.",
    ),
    Parameter(
        name="lr_schedule",
        annotation="str | Callable[[float], float]",
        default="cosine",
        constraint=[StrOptions(set(_LR_SCHEDULES)), callable],
        type=f"{choices(_LR_SCHEDULES)} or callable",
        text="""
            Factor of the learning rate. A callable maps training progress, in [0, 1), to this
            factor.
        """,
    ),
    Parameter(
        name="early_stopping",
        annotation="bool",
        default=True,
        constraint=["boolean"],
        type="bool",
        text="""
            Whether to hold out rows, stop when the validation loss no longer improves, and restore
            the best weights.
        """,
        variants={
            "meta": {
                "text": """
                    Whether to hold out whole tasks, stop when the loss on their episodes no longer
                    improves, and restore the best weights. With fewer than 10 tasks none is held
                    out.
                """,
            },
            "three_mtl": {
                "text": """
                    Whether to hold out rows (whole tasks if tasks adapt), stop when the validation
                    loss no longer improves, and restore the best weights.
                """,
            },
        },
    ),
    Parameter(
        name="validation_fraction",
        annotation="float",
        default=0.1,
        constraint=[FRACTION],
        type="float in (0, 1)",
        text="""
            Share of the rows that each network holds out, at most 1 / `n_estimators`. Every target
            and class has rows in both parts.
        """,
        variants={
            "meta": {"text": "Share of the tasks held out; at least two are."},
            "three_mtl": {"text": "Share of the rows held out, or of the tasks if tasks adapt."},
        },
    ),
    Parameter(
        name="n_iter_no_change",
        annotation='int | Literal["auto"]',
        default="auto",
        constraint=[AUTO, COUNT],
        type='int or "auto"',
        text='Epochs without improvement before training stops. ``"auto"``: chosen by `fit`.',
    ),
    Parameter(
        name="callbacks",
        annotation="Sequence[Callback] | None",
        default=None,
        constraint=[list, tuple, None],
        type="list of skorch callbacks or None",
        text="Callbacks of skorch; copies of them are used. None: none.",
    ),
    Parameter(
        name="warm_start",
        annotation="bool",
        default=False,
        constraint=["boolean"],
        type="bool",
        text="""
            Whether `fit` continues from the last fit's weights; targets and columns must be the
            same.
        """,
    ),
    Parameter(
        name="device",
        annotation="str | torch.device",
        default="auto",
        constraint=[str, torch.device],
        type="str or torch.device",
        text='Device to train and predict on. ``"auto"``: CUDA if it is available, else the CPU.',
    ),
    Parameter(
        name="random_state",
        annotation="int | RandomState | None",
        default=None,
        constraint=["random_state"],
        type="int, RandomState instance or None",
        text="""
            Seed of everything random. An int makes results reproducible on one machine; None does
            not.
        """,
    ),
    Parameter(
        name="verbose",
        annotation="int",
        default=0,
        constraint=["verbose"],
        type="int",
        text="1 shows a progress bar.",
    ),
)

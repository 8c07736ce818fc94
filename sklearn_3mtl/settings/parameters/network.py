"""Parameters that shape the network."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real

from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from torch import nn

from sklearn_3mtl.core.activations import ACTIVATIONS
from sklearn_3mtl.core.backbones import BACKBONES
from sklearn_3mtl.core.fusion import FUSION, Fusion
from sklearn_3mtl.core.numeric import NUMERIC_EMBEDDINGS
from sklearn_3mtl.prior import PRIORS
from sklearn_3mtl.settings.parameters.base import AUTO, COUNT, Parameter, choices
from sklearn_3mtl.sharing import SHARING, Sharing

__all__ = ["NETWORK"]

NETWORK = (
    Parameter(
        name="numeric_embedding",
        annotation="str | None",
        default="piecewise_linear",
        constraint=[StrOptions(set(NUMERIC_EMBEDDINGS)), None],
        type=f"{choices(NUMERIC_EMBEDDINGS)} or None",
        text="""
            Features added to each numeric column. ``"piecewise_linear"``: its position within bins
            of equal frequency. ``"periodic"``: sines and cosines of learned frequencies. None:
            none.
        """,
    ),
    Parameter(
        name="backbone",
        annotation="str | torch.nn.Module",
        default="mlp",
        constraint=[StrOptions(set(BACKBONES)), nn.Module],
        type=f"{choices(BACKBONES)} or nn.Module",
        text="""
            Layers between the encoders and the heads. ``"tabm"``: an efficient ensemble of MLPs
            (extra ``[tabm]``). A module maps (batch, n_inputs) to (batch, n_features); a copy is
            trained.
        """,
    ),
    Parameter(
        name="hidden_layer_sizes",
        annotation='int | Sequence[int] | Literal["auto"]',
        default="auto",
        constraint=[AUTO, "array-like", Integral],
        type='int, sequence of int or "auto"',
        text="""
            Width of each layer (or block) of a backbone that is named. ``"auto"``: chosen by `fit`.
        """,
    ),
    Parameter(
        name="activation",
        annotation="str",
        default="silu",
        constraint=[StrOptions(set(ACTIVATIONS))],
        type=choices(ACTIVATIONS),
        text="Activation function of the backbone.",
    ),
    Parameter(
        name="dropout",
        annotation='float | Literal["auto"]',
        default="auto",
        constraint=[AUTO, Interval(Real, 0, 1, closed="left")],
        type='float in [0, 1) or "auto"',
        text='Dropout rate after each layer of the backbone. ``"auto"``: chosen by `fit`.',
    ),
    Parameter(
        name="n_estimators",
        annotation='int | Literal["auto"]',
        default="auto",
        constraint=[AUTO, COUNT],
        type='int or "auto"',
        text="""
            Number of networks that are trained side by side and averaged. With early stopping each
            holds out different rows. ``"auto"``: chosen by `fit`.
        """,
        variants={
            "meta": {
                "text": """
                    Number of networks that are trained side by side and averaged. ``"auto"``: 4 for
                    closed-form methods, 1 for methods with an inner loop.
                """,
            },
            "three_mtl": {
                "text": """
                    Number of networks that are trained side by side and averaged. ``"auto"``:
                    chosen by `fit`.
                """,
            },
        },
    ),
    Parameter(
        name="sharing",
        annotation="str | Sharing",
        default="hard",
        constraint=[StrOptions(set(SHARING)), Sharing],
        type=f"{choices(SHARING)} or Sharing",
        text="""
            How targets share the backbone. ``"hard"``: all use the same one. ``"none"``: each
            target has a network of its own, of the same size (single-task learning).
        """,
        families=("multitask", "transfer", "three_mtl"),
    ),
    Parameter(
        name="heads",
        annotation='Literal["auto", "column", "group"] | Mapping[Hashable, object]',
        default="auto",
        constraint=[StrOptions({"auto", "column", "group"}), Mapping],
        type='{"auto", "column", "group"} or mapping of target name to spec',
        text="""
            Output layers. ``"column"``: a linear head for each target. ``"group"``: in addition a
            learned deviation from it for each task id. A mapping gives hidden widths (a tuple) or
            an nn.Module for some targets; the others get a linear head. ``"auto"``: ``"group"`` if
            there are task ids; otherwise linear heads, with a hidden layer for regression targets
            if several targets share a network of automatic size.
        """,
        variants={
            "meta": {
                "annotation": 'Literal["column"] | Mapping[Hashable, object]',
                "default": "column",
                # What a task adapts are its own parameters, so no layer belongs to a task id.
                "constraint": [StrOptions({"column"}), Mapping],
                "type": '"column" or mapping of target name to spec',
                "text": """
                    Output layers. ``"column"``: a linear head for each target. A mapping gives
                    hidden widths (a tuple) or an nn.Module for some targets; the others get a
                    linear head.
                """,
            },
            "three_mtl": {
                "text": """
                    Output layers. ``"column"``: a linear head per target. ``"group"``: also a
                    deviation per task id (needs ``meta=None``). A mapping: hidden widths or an
                    nn.Module for some targets; others are linear. ``"auto"``: see
                    :class:`MultiTaskEstimator`; ``"column"`` if tasks adapt.
                """,
            },
        },
    ),
    Parameter(
        name="fusion",
        annotation="str | Fusion",
        default="concat",
        constraint=[StrOptions(set(FUSION)), Fusion],
        type=f"{choices(FUSION)} or Fusion",
        text='How features of several modalities are combined: ``"concat"`` concatenates them.',
    ),
    Parameter(
        name="prior",
        annotation="str | BaseEstimator | Mapping[Hashable, object] | None",
        default="auto",
        constraint=[
            StrOptions({"auto", *PRIORS}),
            HasMethods(["fit", "get_params"]),
            Mapping,
            None,
        ],
        type=f"{choices(('auto', *PRIORS))}, model, mapping or None",
        text="""
            Model of scikit-learn whose predictions the network starts from and corrects.
            ``"linear"``: ridge or logistic regression. ``"boosting"``: HistGradientBoosting.
            ``"forest"``: ExtraTrees. ``"auto"``: those that suit the table, weighed by their
            predictions out of fold. Half of the networks start from that, half from nothing,
            and held-out rows weigh both halves; with `meta`, all start from it. It means None with
            `domain_loss`, ``meta="protonet"``, ``episodes="classes"`` and modules of the user. A
            mapping gives one for each of some targets. `fit` clones and cross-fits a scikit-learn
            model; one in FrozenEstimator is used as it is. None: no model.
        """,
        variants={
            "three_mtl": {
                "text": """
                    Model whose predictions the network starts from: ``"linear"``, ``"boosting"``,
                    ``"forest"``, ``"auto"`` or any; see :class:`MultiTaskEstimator`. None: no
                    model.
                """,
            },
        },
    ),
)

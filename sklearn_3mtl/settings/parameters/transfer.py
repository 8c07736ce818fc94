"""Parameters of transfer from a source, and between domains."""

from __future__ import annotations

from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods, StrOptions
from torch import nn

from sklearn_3mtl.settings.parameters.base import NON_NEGATIVE, Family, Parameter, choices
from sklearn_3mtl.transfer import DOMAIN_LOSSES, STRATEGIES, DomainLoss, TransferStrategy

__all__ = ["TRANSFER"]

_FAMILIES: tuple[Family, ...] = ("transfer", "three_mtl")
_STRATEGIES = """
    How the source network is used. ``"extract"``: `head` is fitted on its frozen features.
    ``"fine_tune"``: all layers are trained, lower ones more slowly and starting later. ``"auto"``:
    a linear correction on frozen features, then fine-tuning if at least 1,000 rows are labelled.
"""

TRANSFER = (
    Parameter(
        name="source",
        annotation="BaseEstimator | torch.nn.Module | None",
        default=None,
        constraint=[HasMethods("adapt"), FrozenEstimator, nn.Module, None],
        type="fitted estimator, nn.Module or None",
        text="""
            What `fit` starts from; `strategy` says how it is used. An estimator needs the same
            columns of X. Wrap it in scikit-learn's FrozenEstimator for grid searches, because
            ``clone`` makes it unfitted otherwise. A scikit-learn classifier or regressor in
            FrozenEstimator is corrected: `fit` learns what its predictions leave over. A pretrained
            module maps all columns of X (as float32), or one column of arrays, to features; a copy
            of it is trained unless all its weights are frozen. None: `fit` trains a new network.
        """,
        families=_FAMILIES,
        variants={
            "three_mtl": {
                "text": """
                    What `fit` starts from. With `meta`, training continues from an estimator's
                    weights; otherwise `strategy` says how the source is used. An estimator needs
                    the same columns of X; wrap it in FrozenEstimator for grid searches. A module,
                    or a scikit-learn model in FrozenEstimator, needs ``meta=None``. None: nothing.
                """,
            },
        },
    ),
    Parameter(
        name="strategy",
        annotation="str | TransferStrategy",
        default="auto",
        constraint=[StrOptions(set(STRATEGIES)), TransferStrategy],
        type=f"{choices(STRATEGIES)} or TransferStrategy",
        text=_STRATEGIES,
        families=_FAMILIES,
        variants={
            "three_mtl": {
                "annotation": "str | TransferStrategy | None",
                "constraint": [StrOptions(set(STRATEGIES)), TransferStrategy, None],
                "type": f"{choices(STRATEGIES)}, TransferStrategy or None",
                "text": _STRATEGIES + "None: `adapt_parts` alone says what is trained.",
            },
        },
    ),
    Parameter(
        name="head",
        annotation="BaseEstimator | None",
        default=None,
        constraint=[HasMethods(["fit", "predict"]), None],
        type="scikit-learn classifier or regressor, or None",
        text="""
            Model that ``strategy="extract"`` fits for each target. None: logistic regression, or
            ridge regression with the penalty chosen by leave-one-out, on standardised features.
        """,
        families=_FAMILIES,
    ),
    Parameter(
        name="domain_loss",
        annotation="str | DomainLoss | None",
        default=None,
        constraint=[StrOptions(set(DOMAIN_LOSSES)), DomainLoss, None],
        type=f"{choices(DOMAIN_LOSSES)}, DomainLoss or None",
        text="""
            Loss that makes features of the domains similar, unlabelled rows included. None: not
            used.
        """,
        families=_FAMILIES,
    ),
    Parameter(
        name="domain_loss_weight",
        annotation="float",
        default=1.0,
        constraint=[NON_NEGATIVE],
        type="float >= 0",
        text="Weight of `domain_loss` in the objective. 0 leaves it out.",
        families=_FAMILIES,
    ),
)

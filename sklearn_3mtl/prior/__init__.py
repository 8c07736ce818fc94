"""Priors: models of scikit-learn whose predictions the network starts from."""

from sklearn_3mtl.prior.base import PriorModel, PriorRows
from sklearn_3mtl.prior.boosting import BoostingPrior
from sklearn_3mtl.prior.cache import CACHE
from sklearn_3mtl.prior.cross_fit import CrossFit, PriorData, cross_fit
from sklearn_3mtl.prior.fitted import FittedPrior
from sklearn_3mtl.prior.forest import ForestPrior
from sklearn_3mtl.prior.given import GivenPrior
from sklearn_3mtl.prior.linear import LinearPrior
from sklearn_3mtl.prior.plan import PRIORS, PriorPlan, prior_plan

__all__ = [
    "CACHE",
    "PRIORS",
    "BoostingPrior",
    "CrossFit",
    "FittedPrior",
    "ForestPrior",
    "GivenPrior",
    "LinearPrior",
    "PriorData",
    "PriorModel",
    "PriorPlan",
    "PriorRows",
    "cross_fit",
    "prior_plan",
]

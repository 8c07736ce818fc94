"""Meta-learning: how a task uses its support set; a file for each method."""

from sklearn_3mtl.meta.anil import ANIL
from sklearn_3mtl.meta.base import Adapted, MetaMethod
from sklearn_3mtl.meta.fomaml import FOMAML
from sklearn_3mtl.meta.maml import MAML
from sklearn_3mtl.meta.meta_sgd import MetaSGD
from sklearn_3mtl.meta.plda import PLDA
from sklearn_3mtl.meta.protonet import ProtoNet
from sklearn_3mtl.meta.reptile import Reptile
from sklearn_3mtl.meta.ridge import Ridge
from sklearn_3mtl.meta.support import SupportSet

__all__ = [
    "ANIL",
    "FOMAML",
    "MAML",
    "META",
    "PLDA",
    "Adapted",
    "MetaMethod",
    "MetaSGD",
    "ProtoNet",
    "Reptile",
    "Ridge",
    "SupportSet",
]

META: dict[str, type[MetaMethod]] = {
    "maml": MAML,
    "fomaml": FOMAML,
    "anil": ANIL,
    "meta_sgd": MetaSGD,
    "reptile": Reptile,
    "protonet": ProtoNet,
    "plda": PLDA,
    "ridge": Ridge,
}

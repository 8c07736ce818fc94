"""Write scikit-learn estimators as skops files, members of the archive, and load them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from torch import nn

from sklearn_3mtl.data.extras import needs
from sklearn_3mtl.saving.dtypes import Json
from sklearn_3mtl.saving.trees import refuse_broken_trees
from sklearn_3mtl.saving.values import Encoder, NotPlainError

__all__ = ["ModelEncoder", "UntrustedError", "load_models"]

# The parameters that may hold scikit-learn estimators.
PARAMETERS = ("modalities", "head", "prior")
# What the models of prior="boosting" and "forest" consist of: trees, which are checked below, the
# folds of a TargetEncoder, and a check of the input. A partial of another function is refused by
# that function's name.
OF_TREES = (
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)


class UntrustedError(ValueError):
    """The error that a file holds objects of types that neither skops nor the user trusts."""


class ModelEncoder(Encoder):
    """Encodes parameters as JSON, and scikit-learn estimators in them as skops files.

    Any other object that JSON can't hold is refused.

    Attributes
    ----------
    members : list of bytes
        The skops file of each object.
    """

    def __init__(self) -> None:
        super().__init__()
        self.members: list[bytes] = []

    def take(self, value: object, where: str | None) -> None:
        """Collect a scikit-learn estimator as a skops file; refuse any other object."""
        allowed = where is None or where.partition("[")[0] in PARAMETERS
        if not allowed or not _is_model(value):
            raise NotPlainError(f"{type(value).__name__} {value!r}")
        what = "the models of strategy='extract'" if where is None else f"`{where}`"
        self.members.append(_dumped(value, what))

    def encode_parameter(self, name: str, value: object) -> Json:
        """Encode a parameter as JSON, with the scikit-learn estimators in it as skops files.

        If a part of it can't be encoded, the files collected from it are dropped.
        """
        n_before = len(self.members)
        try:
            return self.encode(value, name)
        except NotPlainError:
            del self.members[n_before:], self.objects[n_before:]
            raise


def _is_model(value: object) -> bool:
    """Whether an object is a scikit-learn estimator."""
    is_instance = not isinstance(value, type | nn.Module)
    return is_instance and hasattr(value, "__sklearn_tags__") and hasattr(value, "get_params")


def _dumped(model: object, what: str) -> bytes:
    skops = needs("skops.io", f"Saving {what}", extra="skops")
    try:
        data: bytes = skops.dumps(model)
        # Some objects, such as a lambda, skops can write but not read.
        skops.loads(data, trusted=skops.get_untrusted_types(data=data))
    except Exception as error:  # A user's class can raise anything.
        raise NotPlainError(
            f"{type(model).__name__} that skops can't hold ({type(error).__name__}: {error})"
        ) from error
    return data


def load_models(path: object, members: Sequence[bytes], trusted: Sequence[str]) -> list[object]:
    """Load the scikit-learn estimators that a file holds, each a member of the zip archive.

    Raises
    ------
    UntrustedError
        If a member of the archive holds types that neither skops nor `trusted` trusts; nothing is
        built then.
    ValueError
        If a member of the archive is damaged.
    """
    if not members:
        return []
    skops = needs("skops.io", f"Loading {str(path)!r}", extra="skops")
    trusted = [*trusted, *OF_TREES]
    strange: set[str] = set()
    for number, data in enumerate(members):
        _refuse_compressed(number, data)
        strange |= set(skops.get_untrusted_types(data=data)) - set(trusted)
    if strange:
        raise UntrustedError(
            f"{str(path)!r} holds objects of types that skops doesn't know to be harmless: "
            f"{sorted(strange)!r}. If you trust the file, name them: "
            f"load_estimator(path, trusted={sorted(strange)!r})."
        )
    models = [skops.loads(data, trusted=trusted) for data in members]
    for model in models:
        refuse_broken_trees(model)
    return models


def _refuse_compressed(number: int, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in inner.infolist())
    except zipfile.BadZipFile as error:
        raise ValueError(f"its model {number} is {error}") from error
    if not stored:
        raise ValueError(f"its model {number} is compressed, which `save` never does")

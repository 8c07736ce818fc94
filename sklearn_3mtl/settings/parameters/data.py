"""Parameters that say what the columns of X and y are."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from sklearn.utils._param_validation import StrOptions

from sklearn_3mtl.settings.parameters.base import Parameter

__all__ = ["DATA"]

DATA = (
    Parameter(
        name="task",
        annotation="Hashable | None",
        default=None,
        constraint=[Hashable, None],
        type="str, int or None",
        text="""
            Column of X with each row's task id (store, patient), by name or position. It is not an
            input of the network. None: there are no task ids, or they are passed to `fit`.
        """,
        variants={
            "meta": {
                "text": """
                    Column of X with each row's task id (store, patient), by name or position. It is
                    not an input of the network. None: task ids are passed to `fit`, or there are
                    none and nothing adapts, except with ``episodes="classes"``.
                """,
            },
        },
    ),
    Parameter(
        name="domain",
        annotation="Hashable | None",
        default=None,
        constraint=[Hashable, None],
        type="str, int or None",
        text="""
            Column of X with each row's domain (hospital, camera), by name or position. It is not an
            input of the network. None: there are no domains, or they are passed to `fit`.
        """,
        families=("transfer", "three_mtl"),
    ),
    Parameter(
        name="task_kinds",
        annotation="Mapping[Hashable, str | Kind] | None",
        default=None,
        constraint=[Mapping, None],
        type="mapping of target name to kind, or None",
        text="""
            Kinds that replace the inferred ones: ``"binary"``, ``"multiclass"``,
            ``"classification"``, ``"regression"``, or a :class:`~sklearn_3mtl.data.kinds.Kind`.
            None: all kinds are inferred from the labels.
        """,
        variants={
            "regression": {
                "text": """
                    ``"regression"`` or a :class:`~sklearn_3mtl.data.kinds.Kind` without classes.
                    None: regression. :class:`{mixed}` takes other kinds.
                """,
            },
            "classification": {
                "text": """
                    ``"binary"``, ``"multiclass"`` or a :class:`~sklearn_3mtl.data.kinds.Kind` with
                    classes. None: two labels are binary, more are multiclass.
                """,
            },
        },
    ),
    Parameter(
        name="categorical_features",
        annotation="ArrayLike | None",
        default="from_dtype",
        constraint=[StrOptions({"from_dtype"}), "array-like", None],
        type='"from_dtype", array-like or None',
        text="""
            Categorical columns of X: names, positions or a boolean mask. ``"from_dtype"``: the
            columns of category, string or object dtype. None: none.
        """,
    ),
    Parameter(
        name="modalities",
        annotation="Mapping[str, object] | None",
        default=None,
        constraint=[Mapping, None],
        type="mapping of modality name to columns or (encoder, columns), or None",
        text="""
            Groups of columns with their own encoder. ``"tabular"``, ``"text"`` and ``"image"`` have
            a default encoder. Others need one: the name of a sentence-transformers model, an object
            with ``encode(texts)``, a scikit-learn transformer, or an nn.Module, which is trained
            unless it is frozen. Other columns are tabular unless ``"tabular"`` is given. None: all
            columns are tabular.
        """,
    ),
)

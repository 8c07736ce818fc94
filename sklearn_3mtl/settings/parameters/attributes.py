"""Attributes that `fit` sets."""

from __future__ import annotations

from sklearn_3mtl.settings.parameters.base import Entry

__all__ = ["ATTRIBUTES"]

_HISTORY = """
    A record of each epoch: ``train_loss`` and ``valid_loss``, also of each target
    (``valid_loss/<target>``), and ``valid_score/<target>``: accuracy or R2.
"""
_WITH_GAP = (
    _HISTORY
    + """
    ``valid_domain_gap`` is the weighted difference between features of domains.
"""
)

ATTRIBUTES = (
    Entry(
        name="tasks_",
        type="dict of target name to Task",
        text="The targets, in the order of y's columns.",
    ),
    Entry(
        name="groups_",
        type="ndarray of shape (n_groups,)",
        text="The known task ids; absent without task ids.",
    ),
    Entry(
        name="classes_",
        type="ndarray of shape (n_classes,), or list of them",
        text="Labels of a single target; for several targets a list.",
        kinds=("classification", "mixed"),
        variants={
            "mixed": {
                "text": """
                    Labels of a single target; for several targets a list, with None for regression
                    targets. Absent if all targets are regression.
                """,
            },
        },
    ),
    Entry(name="n_features_in_", type="int", text="Number of columns of X."),
    Entry(
        name="feature_names_in_",
        type="ndarray of shape (n_features_in_,)",
        text="Names of the columns of X; absent unless all are strings.",
    ),
    Entry(
        name="chosen_",
        type="dict of parameter name to value",
        text="""
            Values of the parameters that were ``"auto"``; the user guide says how they are chosen.
        """,
    ),
    Entry(
        name="forgetting_",
        type="dict of target name to float",
        text="""
            After `adapt`: how much the predictions of targets without new labels changed on its
            rows, as mean total variation (classes) or root mean square in standard deviations
            (regression). With task ids, also of labelled targets under other ids. 0 if the network
            stayed frozen.
        """,
    ),
    Entry(
        name="history_",
        type="skorch History",
        text=_HISTORY,
        variants={"transfer": {"text": _WITH_GAP}, "three_mtl": {"text": _WITH_GAP}},
    ),
    Entry(name="n_iter_", type="int", text="Number of epochs."),
)

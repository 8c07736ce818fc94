"""The parameter that selects among the parts of the union."""

from __future__ import annotations

from sklearn.utils._param_validation import StrOptions

from sklearn_3mtl.settings.paradigms import PARADIGMS
from sklearn_3mtl.settings.parameters.base import Parameter

__all__ = ["UNION"]

UNION = (
    Parameter(
        name="paradigm",
        annotation="str",
        default="3mtl",
        constraint=[StrOptions(set(PARADIGMS))],
        type="str",
        text="""
            Which parts are used. ``"3mtl"`` and ``"meta+transfer"``: all. ``"meta"`` and
            ``"mtl+meta"``: neither `source` nor `domain_loss`. ``"transfer"`` and
            ``"mtl+transfer"``: not `meta`. ``"mtl"``: none of these.
        """,
        families=("three_mtl",),
    ),
)

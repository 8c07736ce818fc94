"""First-order MAML."""

from __future__ import annotations

from sklearn_3mtl.meta.maml import MAML

__all__ = ["FOMAML"]


class FOMAML(MAML):
    """First-order MAML: the start is updated with the gradient at the adapted weights.

    Cheaper than MAML where there are many inner steps, and often nearly as good.

    References
    ----------
    Finn, Abbeel, Levine, arXiv 1703.03400, section 5.2.

    Examples
    --------
    >>> from sklearn_3mtl.meta import FOMAML
    >>> FOMAML()
    FOMAML()
    """

    _second_order = False

"""What is particular to the parameters of the union."""

from __future__ import annotations

from sklearn_3mtl.estimators._docs import entries

__all__ = ["THREE_MTL_ENTRIES"]

THREE_MTL_ENTRIES = entries("""
paradigm : str, default="3mtl"
    Which parts are switched on. ``"3mtl"`` and ``"meta+transfer"``: all that the parameters ask
    for. ``"meta"`` and ``"mtl+meta"``: all but sources and domains. ``"transfer"`` and
    ``"mtl+transfer"``: all but `meta`. ``"mtl"``: neither. How many targets share the network is
    for y to say.
heads : {"auto", "column", "group"} or mapping of target name to spec, default="auto"
    As in MultiTaskEstimator where no task adapts; else a linear head for each column of y, or
    what a mapping names.
meta : str, MetaMethod or None
    How a task id uses its support, or drawn classes theirs; the default is ``"ridge"``. Others are
    ``"maml"``, ``"fomaml"``, ``"anil"``, ``"meta_sgd"``, ``"reptile"``, ``"protonet"`` and
    ``"plda"``. None: no task adapts, and ids have heads of their own. Without ids it says nothing.
source : fitted estimator of this library, or None, default=None
    What `fit` starts from; it needs the same columns of X. With `meta` its representation is
    trained on; else it is used as `strategy` says. Wrap it in scikit-learn's FrozenEstimator where
    the estimator is cloned. None: weights that are drawn.
n_estimators : int or "auto", default="auto"
    How many networks to train side by side and average. ``"auto"`` scales with the number of rows;
    four where tasks are solved for, one where they take steps.
early_stopping : bool, default=True
    Whether to hold rows out, or whole tasks where they adapt, and restore the best weights. With a
    `domain_loss` on rows nothing is held out.
validation_fraction : float in (0, 1), default=0.1
    The share of rows, or tasks, held out.
adapt_lr : float or "auto", default="auto"
    The size of the steps that a task takes when it is predicted, or of fine-tuning. ``"auto"``:
    `inner_lr`, or 1e-4.
adapt_steps : int or "auto", default="auto"
    How many steps. ``"auto"``: `inner_steps`, or what `strategy` says.
""")

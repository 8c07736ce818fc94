"""What is particular to the parameters of the estimators that meta-learn."""

from __future__ import annotations

from sklearn_3mtl.estimators._docs import entries

__all__ = ["META_ENTRIES"]

META_ENTRIES = entries("""
task : str, int or None, default=None
    The column of X that holds each row's task id (store, patient), by name, or by position in
    an array; it is no input. None: all rows are one task, and nothing is to be adapted to.
n_estimators : int or "auto", default="auto"
    How many networks to train side by side and average. ``"auto"``: four
    where a task is solved for, one where it takes steps.
heads : "column" or mapping of target name to spec, default="column"
    ``"column"``: a linear head for each column of y. In a mapping a spec is a tuple of hidden
    widths or an nn.Module from (B, n_features) to (B, n_outputs); targets that aren't named
    keep the linear head.
meta : {"maml", "fomaml", "anil", "meta_sgd", "reptile", "protonet", "plda", "ridge"} or MetaMethod
    How a task uses its support; the default is ``"ridge"``. The user guide tells them apart.
inner_lr : float or "auto", default="auto"
    The size of an inner step, on standardised targets. ``"auto"``: 0.03, and less on the features
    of a `source`, as their squared norm asks for. Not used by ``"protonet"``, ``"plda"`` and
    ``"ridge"``, which take no steps.
inner_steps : int, default=5
    How many steps a task takes on its support. With 0 no task adapts: one network for all; methods
    that take no steps refuse it.
episodes : {"tasks", "classes"}, default="tasks"
    What an episode is: a task, by its id; or `n_ways` classes, drawn from those of the one target,
    as if no others were known (N-way K-shot). Then `adapt` defines new classes: those of its
    labels, and no others.
n_ways : int, default=5
    Classes of an episode. Not used by ``episodes="tasks"``.
n_shots : int, (int, int) or "auto", default="auto"
    Support rows of an episode, or of each of its classes; of a pair each episode draws a number
    between. ``"auto"``: 0 to 20 rows of a task, so that what all tasks share predicts by itself
    too, and 1 to 20 of a class. The largest task, or class, must have more than the fewest.
n_queries : int, default=20
    Query rows of an episode, or of each of its classes, at most.
meta_batch_size : int, default=16
    Episodes per step; an epoch has 64 steps.
min_task_rows : int, default=5
    Tasks, or classes, with fewer labelled rows are only adapted to: they stay out of training
    and validation.
max_support : int, default=100
    Of how many of its rows at most a task, or a class, of `fit` is remembered. Those of `adapt`
    all are.
max_epochs : int or "auto", default="auto"
    Epochs of episodes, or passes over the rows, at most.
batch_size : int or "auto", default="auto"
    Rows per step where no task adapts.
early_stopping : bool, default=True
    Whether to hold whole tasks out, stop when the loss on their episodes no longer falls, and
    restore the best weights. With fewer than ten tasks none is held out.
validation_fraction : float in (0, 1), default=0.1
    The share of tasks held out, at least two.
adapt_lr : float or "auto", default="auto"
    The size of the steps that a task takes when it is predicted. ``"auto"``: `inner_lr`.
adapt_steps : int or "auto", default="auto"
    How many it takes then. ``"auto"``: `inner_steps`.
tasks_ : dict of task name to Task
    The targets, in the order of y's columns.
groups_ : ndarray of shape (n_groups,)
    The known task ids; only where there were some.
""")

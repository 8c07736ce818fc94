"""Classification that adapts to tasks of few rows."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import ClassifierMixin

from sklearn_3mtl.data._columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._kinds import classes_only
from sklearn_3mtl.estimators._meta_settings import MetaSettings

__all__ = ["MetaClassifier"]


class MetaClassifier(ClassifierMixin, MetaSettings, BaseMultiTask):
    """Classification for many small tasks, and for a new one from few rows.

    The network is trained so that a task, once it has adapted to a few of its rows (its support),
    predicts its others (its query) well. A task that `fit` saw is predicted from its own rows, a
    new one from those that `adapt` is given; an unknown one with what all tasks share.

    Parameters
    ----------
    task : str, int or None, default=None
        The column of X that holds each row's task id (store, patient), by name, or by position in
        an array; it is no input. None: all rows are one task, and nothing is to be adapted to.
    task_kinds : mapping of task name to kind, or None, default=None
        ``"binary"`` or ``"multiclass"``, where it should not follow from the number of labels.
        None lets it follow.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Which columns of X hold categories: names, positions or a boolean mask of shape
        (n_features,). ``"from_dtype"``: those of a category, string or object dtype. None:
        none.
    numeric_embedding : {"piecewise_linear", "periodic"} or None, default="piecewise_linear"
        What stands beside each number: how far it has come through each of its column's bins of
        equal mass, or trained waves of it. None: nothing.
    backbone : {"mlp", "resnet", "tabm"} or nn.Module, default="mlp"
        The generic layers. ``"tabm"``: one MLP whose members differ by small adapters only (extra
        ``[tabm]``). A module maps (B, n_inputs) to (B, n_features); a copy of it is trained.
    hidden_layer_sizes : int, sequence of int or "auto", default="auto"
        Width of each layer, or of each block of a resnet. Not used with a module as backbone.
        ``"auto"``, here and below, scales with the number of labelled rows by the table in the
        user guide ("What auto means"); `chosen_` tells what it became.
    activation : {"relu", "silu", "gelu", "mish", "tanh", "logistic", "identity"}, default="silu"
        The nonlinearity of the backbone.
    dropout : float in [0, 1) or "auto", default="auto"
        The share of features dropped after each layer in training.
    n_estimators : int or "auto", default="auto"
        How many networks to train side by side and average. ``"auto"``: four
        where a task is solved for, one where it takes steps.
    heads : "column" or mapping of target name to spec, default="column"
        ``"column"``: a linear head for each column of y. In a mapping a spec is a tuple of hidden
        widths or an nn.Module from (B, n_features) to (B, n_outputs); targets that aren't named
        keep the linear head.
    balancing : {"equal", "manual", "uncertainty"} or Balancing, default="equal"
        How the task losses become one step.
    task_weight : mapping of task name to float, array-like of shape (n_tasks,) or None
        A factor >= 0 for each task's loss; 0 takes the task out of training. None, the default:
        1 for each.
    class_weight : "balanced", mapping or None, default=None
        Weights of the classes: ``"balanced"`` for all classification tasks, or for each task by
        name ``"balanced"`` or ``{label: weight}`` (with one task also ``{label: weight}``
        itself). None: 1 for each.
    regression_loss : {"squared_error", "huber"}, default="squared_error"
        The loss of regression tasks, on standardised targets.
    meta : {"maml", "fomaml", "anil", "meta_sgd", "reptile", "protonet", "ridge"} or MetaMethod
        How a task uses its support; the default is ``"ridge"``. The user guide tells them apart.
    inner_lr : float, default=0.03
        The size of an inner step. Not used by ``"protonet"`` and ``"ridge"``, which take none.
    inner_steps : int, default=5
        How many steps a task takes on its support. With 0 no task adapts: one network for all.
    n_shots : int or (int, int), default=(2, 20)
        Support rows of an episode; of a pair each episode draws a number between.
    n_queries : int, default=20
        Query rows of an episode at most.
    meta_batch_size : int, default=16
        Episodes per step; an epoch has 64 steps.
    min_task_rows : int, default=5
        Tasks with fewer labelled rows are only adapted to: they stay out of training and
        validation.
    max_support : int, default=100
        Of how many of its rows at most a task of `fit` is remembered. Those of `adapt` all are.
    max_epochs : int or "auto", default="auto"
        Epochs of episodes, or passes over the rows, at most.
    batch_size : int or "auto", default="auto"
        Rows per step where no task adapts.
    lr : float or "auto", default="auto"
        The learning rate, before the schedule.
    weight_decay : float or "auto", default="auto"
        Weight decay, decoupled from the gradient for ``"adamw"``.
    optimizer : {"adamw", "adam", "sgd"} or torch.optim.Optimizer subclass, default="adamw"
        What updates the weights.
    lr_schedule : {"constant", "cosine"} or callable, default="cosine"
        The factor of the learning rate in each epoch; a callable maps the share of `max_epochs`
        that is done, in [0, 1), to it.
    early_stopping : bool, default=True
        Whether to hold whole tasks out, stop when the loss on their episodes no longer falls, and
        restore the best weights. With fewer than ten tasks none is held out.
    validation_fraction : float in (0, 1), default=0.1
        The share of tasks held out, at least two.
    n_iter_no_change : int or "auto", default="auto"
        Epochs without a better validation loss after which training stops.
    callbacks : list of skorch callbacks or None, default=None
        Called as skorch calls them; copies are used. None: none.
    warm_start : bool, default=False
        Whether another `fit` goes on from the present weights (with a fresh optimizer), on the
        same tasks and columns.
    adapt_lr : float or "auto", default="auto"
        The size of the steps that a task takes when it is predicted. ``"auto"``: `inner_lr`.
    adapt_steps : int or "auto", default="auto"
        How many it takes then. ``"auto"``: `inner_steps`.
    device : str or torch.device, default="auto"
        Where to train and predict. ``"auto"``: CUDA where there is one, else the CPU.
    random_state : int, RandomState instance or None, default=None
        Seeds everything that is drawn; the same int gives the same bits on one machine. None:
        another result each time.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    tasks_ : dict of task name to Task
        The targets, in the order of y's columns.
    groups_ : ndarray of shape (n_groups,)
        The known task ids; only where there were some.
    classes_ : ndarray of shape (n_classes,), or list of them
        The labels of a single task; with several tasks a list.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.
    chosen_ : dict of parameter name to value
        What each parameter that was ``"auto"`` became.
    history_ : skorch History
        A record per epoch: ``train_loss``, ``valid_loss``, and with ``/<task>`` appended those of
        each task; ``valid_score/<task>`` is accuracy or R2.
    n_iter_ : int
        Number of epochs.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_3mtl import MetaClassifier
    >>> random = np.random.default_rng(0)
    >>> X = pd.DataFrame({"x": random.uniform(-1, 1, 400), "user": np.repeat(range(20), 20)})
    >>> y = np.where(X["x"] * random.normal(size=20)[X["user"]] > 0, "yes", "no")
    >>> meta = MetaClassifier(task="user", meta="protonet", max_epochs=5, random_state=0)
    >>> user = meta.fit(X, y).adapt(pd.DataFrame({"x": [-1.0, 1.0]}), ["yes", "no"])
    >>> user.predict_proba(pd.DataFrame({"x": [-0.8, 0.0, 0.8]})).shape
    (3, 2)
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = BaseMultiTask.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return classes_only(self, targets, "MetaLearner")

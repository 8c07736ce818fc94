"""Classification for many small tasks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal

import torch
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from skorch.callbacks import Callback

from sklearn_3mtl.balancing import Balancing
from sklearn_3mtl.core.fusion import Fusion
from sklearn_3mtl.data.kinds import Kind
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._kinds import ClassTasks
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.settings.constraints import META_CONSTRAINTS

__all__ = ["MetaClassifier"]


class MetaClassifier(ClassTasks, BaseMultiTask):
    """Few-shot classification: learn from many small tasks, adapt to new ones with few rows.

    The network is trained on episodes: a task adapts to some of its rows, the support set, and is
    judged on others, the query set. A task that was seen in `fit` is predicted with its own rows as
    support set. `adapt` adds new tasks. Rows of an unknown task are predicted with what all tasks
    share.

    Parameters
    ----------
    task : str, int or None, default=None
        Column of X with each row's task id (store, patient), by name or position. It is not an
        input of the network. None: task ids are passed to `fit`, or there are none and nothing
        adapts, except with ``episodes="classes"``.
    task_kinds : mapping of target name to kind, or None, default=None
        ``"binary"``, ``"multiclass"`` or a :class:`~sklearn_3mtl.data.kinds.Kind` with classes.
        None: two labels are binary, more are multiclass.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Categorical columns of X: names, positions or a boolean mask. ``"from_dtype"``: the columns
        of category, string or object dtype. None: none.
    modalities : mapping of modality name to columns or (encoder, columns), or None, default=None
        Groups of columns with their own encoder. ``"tabular"``, ``"text"`` and ``"image"`` have a
        default encoder. Others need one: the name of a sentence-transformers model, an object with
        ``encode(texts)``, a scikit-learn transformer, or an nn.Module, which is trained unless it
        is frozen. Other columns are tabular unless ``"tabular"`` is given. None: all columns are
        tabular.
    numeric_embedding : {"piecewise_linear", "periodic"} or None, default="piecewise_linear"
        Features added to each numeric column. ``"piecewise_linear"``: its position within bins of
        equal frequency. ``"periodic"``: sines and cosines of learned frequencies. None: none.
    backbone : {"mlp", "resnet", "tabm"} or nn.Module, default="mlp"
        Layers between the encoders and the heads. ``"tabm"``: an efficient ensemble of MLPs (extra
        ``[tabm]``). A module maps (batch, n_inputs) to (batch, n_features); a copy is trained.
    hidden_layer_sizes : int, sequence of int or "auto", default="auto"
        Width of each layer (or block) of a backbone that is named. ``"auto"``: chosen by `fit`.
    activation : {"relu", "silu", "gelu", "mish", "tanh", "logistic", "identity"}, default="silu"
        Activation function of the backbone.
    dropout : float in [0, 1) or "auto", default="auto"
        Dropout rate after each layer of the backbone. ``"auto"``: chosen by `fit`.
    n_estimators : int or "auto", default="auto"
        Number of networks that are trained side by side and averaged. ``"auto"``: 4 for closed-form
        methods, 1 for methods with an inner loop.
    heads : "column" or mapping of target name to spec, default="column"
        Output layers. ``"column"``: a linear head for each target. A mapping gives hidden widths (a
        tuple) or an nn.Module for some targets; the others get a linear head.
    fusion : {"concat"} or Fusion, default="concat"
        How features of several modalities are combined: ``"concat"`` concatenates them.
    prior : {"auto", "boosting", "forest", "linear"}, model, mapping or None, default="auto"
        Model of scikit-learn whose predictions the network starts from and corrects. ``"linear"``:
        ridge or logistic regression. ``"boosting"``: HistGradientBoosting. ``"forest"``:
        ExtraTrees. ``"auto"``: those that suit the table, weighed by their predictions out of fold.
        Half of the networks start from that, half from nothing, and held-out rows weigh both
        halves; with `meta`, all start from it. It means None with `domain_loss`,
        ``meta="protonet"``, ``episodes="classes"`` and modules of the user. A mapping gives one for
        each of some targets. `fit` clones and cross-fits a scikit-learn model; one in
        FrozenEstimator is used as it is. None: no model.
    balancing : {"equal", "manual", "uncertainty"} or Balancing, default="equal"
        How the losses of the targets are combined. ``"equal"``: their sum. ``"manual"``: the same,
        but `task_weight` must be given. ``"uncertainty"``: a sum with learned weights.
    task_weight : mapping of target name to float, array-like or None, default=None
        Weight of each target's loss, by name or in y's order; 0 leaves it out. None: 1 for each.
    class_weight : "balanced", mapping or None, default=None
        Weights of the classes: ``"balanced"``, or for each target by name ``"balanced"`` or
        ``{label: weight}``. A single target takes ``{label: weight}`` itself. None: 1 for each.
    regression_loss : {"squared_error", "huber"}, default="squared_error"
        Loss of regression targets, computed on standardised labels.
    meta : str or MetaMethod, default="ridge"
        How a task uses its support set: by gradient steps in an inner loop (``"maml"``,
        ``"fomaml"``, ``"anil"``, ``"meta_sgd"``, ``"reptile"``), or in closed form (``"protonet"``,
        ``"plda"``, ``"ridge"``).
    inner_lr : float or "auto", default="auto"
        Learning rate of the inner loop. ``"auto"``: 0.03, or less on the features of a `source`.
    inner_steps : int, default=5
        Gradient steps of the inner loop. With 0 no task adapts: one network serves all.
    episodes : {"tasks", "classes"}, default="tasks"
        What an episode is. ``"tasks"``: one task id. ``"classes"``: `n_ways` classes drawn from
        those of the one target (N-way K-shot); the labels given to `adapt` are then new classes.
    n_ways : int, default=5
        Number of classes in an episode. Ignored with ``episodes="tasks"``.
    n_shots : int, (int, int) or "auto", default="auto"
        Support rows of an episode, or of each of its classes. A pair is the range from which each
        episode draws a number. ``"auto"``: (0, 20) for tasks, (1, 20) for classes.
    n_queries : int, default=20
        Largest number of query rows of an episode, or of each of its classes.
    meta_batch_size : int, default=16
        Number of episodes per training step. An epoch has 64 steps.
    min_task_rows : int, default=5
        Tasks (or classes) with fewer labelled rows are left out of training, but still predicted.
    max_support : int, default=100
        How many labelled rows of each task (or class) seen in `fit` are kept as its support set; a
        larger task keeps a random sample. Rows given to `adapt` are all kept.
    adapt_lr : float or "auto", default="auto"
        Learning rate of the inner loop at prediction. ``"auto"``: `inner_lr`.
    adapt_steps : int or "auto", default="auto"
        Gradient steps of the inner loop at prediction. ``"auto"``: `inner_steps`.
    max_epochs : int or "auto", default="auto"
        Largest number of epochs. ``"auto"``: chosen by `fit`.
    batch_size : int or "auto", default="auto"
        Number of rows per training step if no task adapts. ``"auto"``: chosen by `fit`.
    lr : float or "auto", default="auto"
        Learning rate before the schedule is applied. ``"auto"``: chosen by `fit`.
    weight_decay : float or "auto", default="auto"
        Weight decay, decoupled from the gradient for ``"adamw"``. ``"auto"``: chosen by `fit`.
    optimizer : {"adamw", "adam", "sgd"} or torch.optim.Optimizer subclass, default="adamw"
        Optimizer of the weights.
    lr_schedule : {"constant", "cosine"} or callable, default="cosine"
        Factor of the learning rate. A callable maps training progress, in [0, 1), to this factor.
    early_stopping : bool, default=True
        Whether to hold out whole tasks, stop when the loss on their episodes no longer improves,
        and restore the best weights. With fewer than 10 tasks none is held out.
    validation_fraction : float in (0, 1), default=0.1
        Share of the tasks held out; at least two are.
    n_iter_no_change : int or "auto", default="auto"
        Epochs without improvement before training stops. ``"auto"``: chosen by `fit`.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks of skorch; copies of them are used. None: none.
    warm_start : bool, default=False
        Whether `fit` continues from the last fit's weights; targets and columns must be the same.
    device : str or torch.device, default="auto"
        Device to train and predict on. ``"auto"``: CUDA if it is available, else the CPU.
    random_state : int, RandomState instance or None, default=None
        Seed of everything random. An int makes results reproducible on one machine; None does not.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    tasks_ : dict of target name to Task
        The targets, in the order of y's columns.
    groups_ : ndarray of shape (n_groups,)
        The known task ids; absent without task ids.
    classes_ : ndarray of shape (n_classes,), or list of them
        Labels of a single target; for several targets a list.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns of X; absent unless all are strings.
    chosen_ : dict of parameter name to value
        Values of the parameters that were ``"auto"``; the user guide says how they are chosen.
    forgetting_ : dict of target name to float
        After `adapt`: how much the predictions of targets without new labels changed on its rows,
        as mean total variation (classes) or root mean square in standard deviations (regression).
        With task ids, also of labelled targets under other ids. 0 if the network stayed frozen.
    history_ : skorch History
        A record of each epoch: ``train_loss`` and ``valid_loss``, also of each target
        (``valid_loss/<target>``), and ``valid_score/<target>``: accuracy or R2.
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

    _mixed = "MetaLearner"

    _parameter_constraints = META_CONSTRAINTS
    # The mixin's score supports neither missing labels nor several targets.
    score = BaseMultiTask.score

    def __init__(
        self,
        *,
        task: Hashable | None = None,
        task_kinds: Mapping[Hashable, str | Kind] | None = None,
        categorical_features: ArrayLike | None = "from_dtype",
        modalities: Mapping[str, object] | None = None,
        numeric_embedding: str | None = "piecewise_linear",
        backbone: str | torch.nn.Module = "mlp",
        hidden_layer_sizes: int | Sequence[int] | Literal["auto"] = "auto",
        activation: str = "silu",
        dropout: float | Literal["auto"] = "auto",
        n_estimators: int | Literal["auto"] = "auto",
        heads: Literal["column"] | Mapping[Hashable, object] = "column",
        fusion: str | Fusion = "concat",
        prior: str | BaseEstimator | Mapping[Hashable, object] | None = "auto",
        balancing: str | Balancing = "equal",
        task_weight: Mapping[Hashable, float] | ArrayLike | None = None,
        class_weight: Literal["balanced"] | Mapping[Hashable, object] | None = None,
        regression_loss: str = "squared_error",
        meta: str | MetaMethod = "ridge",
        inner_lr: float | Literal["auto"] = "auto",
        inner_steps: int = 5,
        episodes: Literal["tasks", "classes"] = "tasks",
        n_ways: int = 5,
        n_shots: int | tuple[int, int] | Literal["auto"] = "auto",
        n_queries: int = 20,
        meta_batch_size: int = 16,
        min_task_rows: int = 5,
        max_support: int = 100,
        adapt_lr: float | Literal["auto"] = "auto",
        adapt_steps: int | Literal["auto"] = "auto",
        max_epochs: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        lr: float | Literal["auto"] = "auto",
        weight_decay: float | Literal["auto"] = "auto",
        optimizer: str | type[torch.optim.Optimizer] = "adamw",
        lr_schedule: str | Callable[[float], float] = "cosine",
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | Literal["auto"] = "auto",
        callbacks: Sequence[Callback] | None = None,
        warm_start: bool = False,
        device: str | torch.device = "auto",
        random_state: int | RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.task = task
        self.task_kinds = task_kinds
        self.categorical_features = categorical_features
        self.modalities = modalities
        self.numeric_embedding = numeric_embedding
        self.backbone = backbone
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.n_estimators = n_estimators
        self.heads = heads
        self.fusion = fusion
        self.prior = prior
        self.balancing = balancing
        self.task_weight = task_weight
        self.class_weight = class_weight
        self.regression_loss = regression_loss
        self.meta = meta
        self.inner_lr = inner_lr
        self.inner_steps = inner_steps
        self.episodes = episodes
        self.n_ways = n_ways
        self.n_shots = n_shots
        self.n_queries = n_queries
        self.meta_batch_size = meta_batch_size
        self.min_task_rows = min_task_rows
        self.max_support = max_support
        self.adapt_lr = adapt_lr
        self.adapt_steps = adapt_steps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.lr_schedule = lr_schedule
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

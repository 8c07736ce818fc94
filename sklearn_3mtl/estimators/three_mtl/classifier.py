"""All paradigms in one estimator, for classification."""

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
from sklearn_3mtl.estimators._kinds import ClassTasks
from sklearn_3mtl.estimators._uniting import ThreeMTLMixin
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.sharing import Sharing
from sklearn_3mtl.transfer import DomainLoss, TransferStrategy

__all__ = ["ThreeMTLClassifier"]


class ThreeMTLClassifier(ClassTasks, ThreeMTLMixin):
    """Multi-modal multi-task meta transfer learning (3MTL) of classification targets.

    Each modality has an encoder, which may be pretrained. Their features are fused and passed
    through a shared backbone and a head for each target. With task ids the network learns to adapt
    to a task from few rows (`meta`). `source` and `domain_loss` transfer from other data. Each part
    can be absent.

    Parameters
    ----------
    paradigm : str, default="3mtl"
        Which parts are used. ``"3mtl"`` and ``"meta+transfer"``: all. ``"meta"`` and
        ``"mtl+meta"``: neither `source` nor `domain_loss`. ``"transfer"`` and ``"mtl+transfer"``:
        not `meta`. ``"mtl"``: none of these.
    task : str, int or None, default=None
        Column of X with each row's task id (store, patient), by name or position. It is not an
        input of the network. None: there are no task ids, or they are passed to `fit`.
    domain : str, int or None, default=None
        Column of X with each row's domain (hospital, camera), by name or position. It is not an
        input of the network. None: there are no domains, or they are passed to `fit`.
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
        Number of networks that are trained side by side and averaged. ``"auto"``: chosen by `fit`.
    sharing : {"hard", "none"} or Sharing, default="hard"
        How targets share the backbone. ``"hard"``: all use the same one. ``"none"``: each target
        has a network of its own, of the same size (single-task learning).
    heads : {"auto", "column", "group"} or mapping of target name to spec, default="auto"
        Output layers. ``"column"``: a linear head per target. ``"group"``: also a deviation per
        task id (needs ``meta=None``). A mapping: hidden widths or an nn.Module for some targets;
        others are linear. ``"auto"``: see :class:`MultiTaskEstimator`; ``"column"`` if tasks adapt.
    fusion : {"concat"} or Fusion, default="concat"
        How features of several modalities are combined: ``"concat"`` concatenates them.
    prior : {"auto", "boosting", "forest", "linear"}, model, mapping or None, default="auto"
        Model whose predictions the network starts from: ``"linear"``, ``"boosting"``, ``"forest"``,
        ``"auto"`` or any; see :class:`MultiTaskEstimator`. None: no model.
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
    meta : str, MetaMethod or None, default="ridge"
        How a task uses its support set: by gradient steps in an inner loop (``"maml"``,
        ``"fomaml"``, ``"anil"``, ``"meta_sgd"``, ``"reptile"``), or in closed form (``"protonet"``,
        ``"plda"``, ``"ridge"``). None: no task adapts; each task id has a head.
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
    source : fitted estimator, nn.Module or None, default=None
        What `fit` starts from. With `meta`, training continues from an estimator's weights;
        otherwise `strategy` says how the source is used. An estimator needs the same columns of X;
        wrap it in FrozenEstimator for grid searches. A module, or a scikit-learn model in
        FrozenEstimator, needs ``meta=None``. None: nothing.
    strategy : {"auto", "extract", "fine_tune"}, TransferStrategy or None, default="auto"
        How the source network is used. ``"extract"``: `head` is fitted on its frozen features.
        ``"fine_tune"``: all layers are trained, lower ones more slowly and starting later.
        ``"auto"``: a linear correction on frozen features, then fine-tuning if at least 1,000 rows
        are labelled. None: `adapt_parts` alone says what is trained.
    head : scikit-learn classifier or regressor, or None, default=None
        Model that ``strategy="extract"`` fits for each target. None: logistic regression, or ridge
        regression with the penalty chosen by leave-one-out, on standardised features.
    domain_loss : {"dann", "coral", "mmd"}, DomainLoss or None, default=None
        Loss that makes features of the domains similar, unlabelled rows included. None: not used.
    domain_loss_weight : float >= 0, default=1.0
        Weight of `domain_loss` in the objective. 0 leaves it out.
    adapt_parts : {"head", "all", "auto"} or list of str, default="auto"
        Parts of the network that fine-tuning trains: ``"all"``, ``"head"``, or a list of
        ``"encoders"``, ``"backbone"`` and ``"heads"``. ``"auto"``: as `strategy` says.
    adapt_lr : float or "auto", default="auto"
        Learning rate at prediction or fine-tuning. ``"auto"``: `inner_lr` or 1e-4, respectively.
    adapt_steps : int or "auto", default="auto"
        Gradient steps at prediction or fine-tuning. ``"auto"``: `inner_steps` or 100, respectively.
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
        Whether to hold out rows (whole tasks if tasks adapt), stop when the validation loss no
        longer improves, and restore the best weights.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows held out, or of the tasks if tasks adapt.
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
        ``valid_domain_gap`` is the weighted difference between features of domains.
    n_iter_ : int
        Number of epochs.

    References
    ----------
    Upadhyay et al., "Sharing to learn and learning to share", arXiv 2111.12146, figures 6 to 8.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_3mtl import ThreeMTLClassifier
    >>> random = np.random.default_rng(0)
    >>> X = pd.DataFrame({"x": random.uniform(-1, 1, 300), "user": np.repeat(range(15), 20)})
    >>> y = np.where(X["x"] * random.normal(size=15)[X["user"]] > 0, "yes", "no")
    >>> est = ThreeMTLClassifier(task="user", max_epochs=2, random_state=0).fit(X, y)
    >>> user = est.adapt(pd.DataFrame({"x": [-1.0, 1.0]}), ["yes", "no"])
    >>> user.predict_proba(pd.DataFrame({"x": [-0.8, 0.8]})).shape
    (2, 2)
    """

    _mixed = "ThreeMTLEstimator"

    # The mixin's score supports neither missing labels nor several targets.
    score = ThreeMTLMixin.score

    def __init__(
        self, *,
        paradigm: str = "3mtl", task: Hashable | None = None, domain: Hashable | None = None,
        task_kinds: Mapping[Hashable, str | Kind] | None = None,
        categorical_features: ArrayLike | None = "from_dtype",
        modalities: Mapping[str, object] | None = None,
        numeric_embedding: str | None = "piecewise_linear", backbone: str | torch.nn.Module = "mlp",
        hidden_layer_sizes: int | Sequence[int] | Literal["auto"] = "auto",
        activation: str = "silu", dropout: float | Literal["auto"] = "auto",
        n_estimators: int | Literal["auto"] = "auto", sharing: str | Sharing = "hard",
        heads: Literal["auto", "column", "group"] | Mapping[Hashable, object] = "auto",
        fusion: str | Fusion = "concat",
        prior: str | BaseEstimator | Mapping[Hashable, object] | None = "auto",
        balancing: str | Balancing = "equal",
        task_weight: Mapping[Hashable, float] | ArrayLike | None = None,
        class_weight: Literal["balanced"] | Mapping[Hashable, object] | None = None,
        regression_loss: str = "squared_error", meta: str | MetaMethod | None = "ridge",
        inner_lr: float | Literal["auto"] = "auto", inner_steps: int = 5,
        episodes: Literal["tasks", "classes"] = "tasks", n_ways: int = 5,
        n_shots: int | tuple[int, int] | Literal["auto"] = "auto", n_queries: int = 20,
        meta_batch_size: int = 16, min_task_rows: int = 5, max_support: int = 100,
        source: BaseEstimator | torch.nn.Module | None = None,
        strategy: str | TransferStrategy | None = "auto", head: BaseEstimator | None = None,
        domain_loss: str | DomainLoss | None = None, domain_loss_weight: float = 1.0,
        adapt_parts: str | Sequence[str] = "auto", adapt_lr: float | Literal["auto"] = "auto",
        adapt_steps: int | Literal["auto"] = "auto", max_epochs: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto", lr: float | Literal["auto"] = "auto",
        weight_decay: float | Literal["auto"] = "auto",
        optimizer: str | type[torch.optim.Optimizer] = "adamw",
        lr_schedule: str | Callable[[float], float] = "cosine", early_stopping: bool = True,
        validation_fraction: float = 0.1, n_iter_no_change: int | Literal["auto"] = "auto",
        callbacks: Sequence[Callback] | None = None, warm_start: bool = False,
        device: str | torch.device = "auto", random_state: int | RandomState | None = None,
        verbose: int = 0,
    ) -> None:  # fmt: skip
        self.paradigm, self.task, self.domain, self.task_kinds = paradigm, task, domain, task_kinds
        self.categorical_features, self.modalities = categorical_features, modalities
        self.numeric_embedding, self.backbone = numeric_embedding, backbone
        self.hidden_layer_sizes, self.activation = hidden_layer_sizes, activation
        self.dropout, self.n_estimators, self.sharing = dropout, n_estimators, sharing
        self.heads, self.fusion, self.prior, self.balancing = heads, fusion, prior, balancing
        self.task_weight, self.class_weight = task_weight, class_weight
        self.regression_loss, self.meta, self.inner_lr = regression_loss, meta, inner_lr
        self.inner_steps, self.episodes, self.n_ways = inner_steps, episodes, n_ways
        self.n_shots, self.n_queries, self.meta_batch_size = n_shots, n_queries, meta_batch_size
        self.min_task_rows, self.max_support, self.source = min_task_rows, max_support, source
        self.strategy, self.head, self.domain_loss = strategy, head, domain_loss
        self.domain_loss_weight, self.adapt_parts = domain_loss_weight, adapt_parts
        self.adapt_lr, self.adapt_steps, self.max_epochs = adapt_lr, adapt_steps, max_epochs
        self.batch_size, self.lr, self.weight_decay = batch_size, lr, weight_decay
        self.optimizer, self.lr_schedule = optimizer, lr_schedule
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.n_iter_no_change, self.callbacks = n_iter_no_change, callbacks
        self.warm_start, self.device, self.random_state = warm_start, device, random_state
        self.verbose = verbose

"""Transfer learning of classification targets."""

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
from sklearn_3mtl.estimators._transferring import TransferMixin
from sklearn_3mtl.sharing import Sharing
from sklearn_3mtl.transfer import DomainLoss, TransferStrategy

__all__ = ["TransferClassifier"]


class TransferClassifier(ClassTasks, TransferMixin):
    """Transfer learning of classification targets: from a source to a target with few labels.

    `fit` learns from a source with many labels. `adapt` uses this for a target with few labels, on
    other rows or of another column, and returns an estimator that predicts the target's columns
    only. For a target domain without any label, fit both domains together with a `domain_loss`.
    `fit` itself can start from a fitted estimator or a pretrained module, the `source`.

    Parameters
    ----------
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
        Number of networks that are trained side by side and averaged. With early stopping each
        holds out different rows. ``"auto"``: chosen by `fit`.
    sharing : {"hard", "none"} or Sharing, default="hard"
        How targets share the backbone. ``"hard"``: all use the same one. ``"none"``: each target
        has a network of its own, of the same size (single-task learning).
    heads : {"auto", "column", "group"} or mapping of target name to spec, default="auto"
        Output layers. ``"column"``: a linear head for each target. ``"group"``: in addition a
        learned deviation from it for each task id. A mapping gives hidden widths (a tuple) or an
        nn.Module for some targets; the others get a linear head. ``"auto"``: ``"group"`` if there
        are task ids; otherwise linear heads, with a hidden layer for regression targets if several
        targets share a network of automatic size.
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
    source : fitted estimator, nn.Module or None, default=None
        What `fit` starts from; `strategy` says how it is used. An estimator needs the same columns
        of X. Wrap it in scikit-learn's FrozenEstimator for grid searches, because ``clone`` makes
        it unfitted otherwise. A scikit-learn classifier or regressor in FrozenEstimator is
        corrected: `fit` learns what its predictions leave over. A pretrained module maps all
        columns of X (as float32), or one column of arrays, to features; a copy of it is trained
        unless all its weights are frozen. None: `fit` trains a new network.
    strategy : {"auto", "extract", "fine_tune"} or TransferStrategy, default="auto"
        How the source network is used. ``"extract"``: `head` is fitted on its frozen features.
        ``"fine_tune"``: all layers are trained, lower ones more slowly and starting later.
        ``"auto"``: a linear correction on frozen features, then fine-tuning if at least 1,000 rows
        are labelled.
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
        Learning rate of the gradient steps in `adapt`. ``"auto"``: 1e-4.
    adapt_steps : int or "auto", default="auto"
        Number of gradient steps of fine-tuning. ``"auto"``: 100.
    max_epochs : int or "auto", default="auto"
        Largest number of passes over the training rows. ``"auto"``: chosen by `fit`.
    batch_size : int or "auto", default="auto"
        Number of rows per training step. ``"auto"``: chosen by `fit`.
    lr : float or "auto", default="auto"
        Learning rate before the schedule is applied. ``"auto"``: chosen by `fit`.
    weight_decay : float or "auto", default="auto"
        Weight decay, decoupled from the gradient for ``"adamw"``. ``"auto"``: chosen by `fit`.
    optimizer : {"adamw", "adam", "sgd"} or torch.optim.Optimizer subclass, default="adamw"
        Optimizer of the weights.
    lr_schedule : {"constant", "cosine"} or callable, default="cosine"
        Factor of the learning rate. A callable maps training progress, in [0, 1), to this factor.
    early_stopping : bool, default=True
        Whether to hold out rows, stop when the validation loss no longer improves, and restore the
        best weights.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows that each network holds out, at most 1 / `n_estimators`. Every target and
        class has rows in both parts.
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

    Examples
    --------
    A target domain without labels:

    >>> import numpy as np
    >>> from sklearn_3mtl import TransferClassifier
    >>> random = np.random.default_rng(0)
    >>> X = random.normal(size=(200, 2))
    >>> y = np.where(X[:, 0] > 0, "yes", "no").astype(object)
    >>> site = np.repeat(["old", "new"], 100)
    >>> X[100:] += [0.5, 3.0]
    >>> y[100:] = None
    >>> est = TransferClassifier(domain_loss="dann", max_epochs=5, random_state=0)
    >>> est.fit(X, y, domain=site).predict(X[100:]).shape
    (100,)
    """

    _mixed = "TransferEstimator"

    # The mixin's score supports neither missing labels nor several targets.
    score = TransferMixin.score

    def __init__(
        self,
        *,
        task: Hashable | None = None,
        domain: Hashable | None = None,
        task_kinds: Mapping[Hashable, str | Kind] | None = None,
        categorical_features: ArrayLike | None = "from_dtype",
        modalities: Mapping[str, object] | None = None,
        numeric_embedding: str | None = "piecewise_linear",
        backbone: str | torch.nn.Module = "mlp",
        hidden_layer_sizes: int | Sequence[int] | Literal["auto"] = "auto",
        activation: str = "silu",
        dropout: float | Literal["auto"] = "auto",
        n_estimators: int | Literal["auto"] = "auto",
        sharing: str | Sharing = "hard",
        heads: Literal["auto", "column", "group"] | Mapping[Hashable, object] = "auto",
        fusion: str | Fusion = "concat",
        prior: str | BaseEstimator | Mapping[Hashable, object] | None = "auto",
        balancing: str | Balancing = "equal",
        task_weight: Mapping[Hashable, float] | ArrayLike | None = None,
        class_weight: Literal["balanced"] | Mapping[Hashable, object] | None = None,
        regression_loss: str = "squared_error",
        source: BaseEstimator | torch.nn.Module | None = None,
        strategy: str | TransferStrategy = "auto",
        head: BaseEstimator | None = None,
        domain_loss: str | DomainLoss | None = None,
        domain_loss_weight: float = 1.0,
        adapt_parts: str | Sequence[str] = "auto",
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
        self.domain = domain
        self.task_kinds = task_kinds
        self.categorical_features = categorical_features
        self.modalities = modalities
        self.numeric_embedding = numeric_embedding
        self.backbone = backbone
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.n_estimators = n_estimators
        self.sharing = sharing
        self.heads = heads
        self.fusion = fusion
        self.prior = prior
        self.balancing = balancing
        self.task_weight = task_weight
        self.class_weight = class_weight
        self.regression_loss = regression_loss
        self.source = source
        self.strategy = strategy
        self.head = head
        self.domain_loss = domain_loss
        self.domain_loss_weight = domain_loss_weight
        self.adapt_parts = adapt_parts
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

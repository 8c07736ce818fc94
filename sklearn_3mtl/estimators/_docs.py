"""What the parameters and attributes of the shells are, said once."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import TypeVar

__all__ = ["documented", "entries"]

Shell = TypeVar("Shell", bound=type)


def entries(text: str) -> dict[str, str]:
    """The entries of a numpydoc section by name."""
    found = re.split(r"(?m)^(?=\w+ : )", text.strip("\n") + "\n")
    return {entry.split(" : ")[0]: entry for entry in found if entry}


def documented(
    kinds: str, *families: Mapping[str, str], mixed: str = "MultiTaskEstimator"
) -> Callable[[Shell], Shell]:
    """Put the entries of a shell's parameters and attributes into its docstring.

    They stand in the places of ``{parameters}``, in the order of the constructor, and
    ``{attributes}``.

    Parameters
    ----------
    kinds : "regression", "classification" or "mixed"
        Which tasks the shell takes.
    *families : mappings of name to entry
        Entries that say it better for a family of shells than the common ones.
    mixed : str, default="MultiTaskEstimator"
        The family's estimator for mixed kinds.
    """
    known: dict[str, str] = {**PARAMETERS, **ATTRIBUTES, **KINDS[kinds]}
    for family in families:
        known |= family

    def fill(cls: Shell) -> Shell:
        if cls.__doc__ is not None:
            names = list(inspect.signature(cls.__init__).parameters)[1:]  # type: ignore[misc]
            attributes = [name for name in known if name.endswith("_")]
            for place, wanted in (("{parameters}", names), ("{attributes}", attributes)):
                section = "".join(known[name] for name in wanted).replace("{mixed}", mixed)
                section = textwrap.indent(section, "    ").strip()
                cls.__doc__ = cls.__doc__.replace(place, section)
        return cls

    return fill


PARAMETERS = entries("""
task : str, int or None, default=None
    The column of X that holds each row's task id (the long layout: stores, patients), by
    name, or by position in an array; it is no input. None: all rows belong together.
categorical_features : "from_dtype", array-like or None, default="from_dtype"
    Which columns of X hold categories: names, positions or a boolean mask of shape
    (n_features,). ``"from_dtype"``: those of a category, string or object dtype. None:
    none.
modalities : mapping of modality name to spec, or None, default=None
    Which columns are read by which encoder. A spec is a column's name, a list of names, or a
    pair (encoder, columns) in the order of ColumnTransformer. ``"tabular"``: numbers and
    categories; where it is not named, all columns that no modality names. ``"text"``: strings;
    by default weights of words, in fewer dimensions. ``"image"``: an array (H, W) or (H, W, C)
    in each cell; by default a small net that is trained. Any other name needs an encoder: the
    name or folder of a sentence-transformers model (extra ``[text]``), a scikit-learn
    transformer, an object with ``encode(texts)``, or an nn.Module, which is trained unless
    none of its parameters requires a gradient. What is frozen runs once for each distinct
    value. A row may miss a modality. None: all columns are tabular.
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
    How many networks to train side by side and average. With early stopping each holds out
    rows of its own, so that all rows are learned from and most are validated on.
sharing : {"hard", "none"} or Sharing, default="hard"
    How tasks share the backbone. ``"hard"``: one for all. ``"none"``: a net of the same
    size for each task, all trained side by side; the single-task baseline.
heads : {"auto", "column", "group"} or mapping of task name to spec, default="auto"
    ``"column"``: a linear head for each column of y. ``"group"``: each task id has its own
    deviation from it. ``"auto"``: ``"group"`` where there are task ids; else a hidden layer
    for each regression target where several targets share a net of automatic size. In a
    mapping a spec is a tuple of hidden widths or an nn.Module from (B, n_features) to
    (B, n_outputs); tasks that aren't named keep the linear head.
fusion : {"concat"}, default="concat"
    How the features of several modalities become one: side by side.
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
max_epochs : int or "auto", default="auto"
    Passes over the training rows at most.
batch_size : int or "auto", default="auto"
    Rows per step.
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
    Whether to hold rows out, stop when the validation loss no longer falls, and restore the
    best weights.
validation_fraction : float in (0, 1), default=0.1
    The share of rows held out; with several networks from each, at most 1 / n_estimators.
    Every task, and every class, keeps rows on both sides.
n_iter_no_change : int or "auto", default="auto"
    Epochs without a better validation loss after which training stops.
callbacks : list of skorch callbacks or None, default=None
    Called as skorch calls them; copies are used. None: none.
warm_start : bool, default=False
    Whether another `fit` goes on from the present weights (with a fresh optimizer), on the
    same tasks and columns.
adapt_parts : {"head", "all", "auto"} or list of str, default="auto"
    What `adapt` may change. ``"head"``: a linear correction on the frozen features, solved
    for. ``"all"``: every weight, by gradient steps after that. A list names parts of the
    network: ``"encoders"``, ``"backbone"``, ``"heads"``. ``"auto"``: ``"head"``.
adapt_lr : float or "auto", default="auto"
    The learning rate of these steps. ``"auto"``: 1e-4.
adapt_steps : int or "auto", default="auto"
    How many gradient steps to take after the heads were solved for. ``"auto"``: 0 for
    ``"head"``, else 100.
device : str or torch.device, default="auto"
    Where to train and predict. ``"auto"``: CUDA where there is one, else the CPU.
random_state : int, RandomState instance or None, default=None
    Seeds everything that is drawn; the same int gives the same bits on one machine. None:
    another result each time.
verbose : int, default=0
    1 shows a progress bar.
""")
ATTRIBUTES = entries("""
tasks_ : dict of task name to Task
    The tasks, in the order of y's columns.
groups_ : ndarray of shape (n_groups,)
    The task ids of the long layout; only where there were some.
""")
_REST = entries("""
n_features_in_ : int
    Number of columns of X.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Their names, where all are strings.
chosen_ : dict of parameter name to value
    What each parameter that was ``"auto"`` became.
forgetting_ : dict of task name to float
    Only after `adapt`: how far the predictions of the tasks that it gave no labels of moved on
    its rows; mean total variation of the probabilities, or root mean square in standard
    deviations of the target. With task ids also of those that it gave labels of, had the rows
    been of other ids. 0 with a frozen representation.
history_ : skorch History
    A record per epoch: ``train_loss``, ``valid_loss``, and with ``/<task>`` appended those of
    each task; ``valid_score/<task>`` is accuracy or R2, ``valid_domain_gap`` how unlike the
    features of domains are, times the weight of the domain loss.
n_iter_ : int
    Number of epochs.
""")
KINDS = {
    "regression": {
        **entries("""
task_kinds : mapping of task name to kind, or None, default=None
    ``"regression"``, or an instance of a :class:`~sklearn_3mtl.data.kinds.Kind`
    without classes; for other kinds use :class:`{mixed}`. None is regression.
"""),
        **_REST,
    },
    "classification": {
        **entries("""
task_kinds : mapping of task name to kind, or None, default=None
    ``"binary"`` or ``"multiclass"``, where it should not follow from the number of labels, or
    an instance of a :class:`~sklearn_3mtl.data.kinds.Kind` with classes. None lets it follow.
classes_ : ndarray of shape (n_classes,), or list of them
    The labels of a single task; with several tasks a list.
"""),
        **_REST,
    },
    "mixed": {
        **entries("""
task_kinds : mapping of task name to kind, or None, default=None
    Kinds that override the inferred ones: ``"binary"``, ``"multiclass"``,
    ``"classification"``, ``"regression"``, or an instance of your own
    :class:`~sklearn_3mtl.data.kinds.Kind`. None infers all.
classes_ : ndarray of shape (n_classes,), or list of them
    The labels of a single task; with several tasks a list, None for a
    regression task; absent without any classification task.
"""),
        **_REST,
    },
}

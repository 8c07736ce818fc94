"""Parameters with wrong values or unknown names."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from torch import nn

from sklearn_3mtl import MultiTaskClassifier, MultiTaskEstimator, MultiTaskRegressor
from sklearn_3mtl.balancing import Manual
from tests._inputs import tiny

# A wrong value for each, and what the message says besides the name.
WRONG = [
    ("task", ["store"], "Hashable"),
    ("task_kinds", "regression", "Mapping"),
    ("task_kinds", {"number": "real"}, r"'binary', 'multiclass', 'regression'.*'real'"),
    ("categorical_features", "all", "'from_dtype'"),
    ("categorical_features", ["z"], r"should name a column of X.*'a', 'b', 'c'"),
    ("categorical_features", [True, False], "3 entries, one per column"),
    ("modalities", ["a"], "Mapping"),
    ("modalities", {"text": "x"}, r"\['text'\]`='x' should name a column"),
    ("numeric_embedding", "fourier", "'periodic'"),
    ("backbone", "transformer", "'mlp'"),
    ("backbone", nn.Linear, "Module"),
    ("hidden_layer_sizes", (8, 0), r"integers >= 1. Found \(8, 0\)"),
    ("hidden_layer_sizes", (8.5,), "integers >= 1"),
    ("hidden_layer_sizes", None, "array-like"),
    ("activation", "elu", "'relu'"),
    ("dropout", 1.0, r"\[0.0, 1.0\)"),
    ("dropout", -0.1, r"\[0.0, 1.0\)"),
    ("n_estimators", 0, r"'auto'.*\[1, inf\)"),
    ("n_estimators", 2.5, "int"),
    ("sharing", "soft", "'hard'"),
    ("heads", "row", "'column'"),
    ("heads", {"number": "wide"}, r"\['number'\]` should hold integers >= 1"),
    ("heads", {"number": 2.5}, r"\['number'\]"),
    ("heads", {"number": None}, r"\['number'\]"),
    ("heads", {"number": nn.Linear(3, 1)}, r"\['number'\]` should map \(B, 8\) to \(B, 1\)"),
    ("heads", {"number": nn.Linear(8, 2)}, r"\['number'\]`.*gave shape \(2, 2\)"),
    ("fusion", "sum", "'concat'"),
    ("prior", "stack", "'linear'"),
    (
        "prior",
        {"number": "stack"},
        r"\['number'\]` should be one of \['boosting', 'forest', 'linear'\]",
    ),
    ("prior", {"price": "linear"}, r"names \['price'\]"),
    ("prior", LogisticRegression(), "should be a regressor for task 'number'"),
    ("balancing", "fair", "'equal'"),
    ("task_weight", 2.0, "Mapping"),
    ("task_weight", [1, 2], "a number for each of the 3 tasks"),
    ("task_weight", {"number": -1}, "finite numbers >= 0"),
    ("task_weight", {"number": np.nan}, "finite numbers >= 0"),
    ("task_weight", [0, 0, 0], "not all 0"),
    ("task_weight", {"number": "much"}, "number"),
    ("class_weight", "equal", "'balanced'"),
    ("class_weight", {"answer": "equal"}, "balanced"),
    ("class_weight", {"answer": {"yes": -1}}, "'answer'.* should be >= 0"),
    ("class_weight", {"answer": {"yes": np.nan}}, "'answer'"),
    ("class_weight", {"answer": {"yes": "much"}}, "'answer'"),
    ("regression_loss", "absolute", "'huber'"),
    ("max_epochs", 0, r"\[1, inf\)"),
    ("max_epochs", 2.5, "int"),
    ("batch_size", 0, "'auto'"),
    ("lr", 0, r"\(0.0, inf\)"),
    ("lr", np.nan, r"\(0.0, inf\)"),
    ("weight_decay", -1, r"\[0.0, inf\)"),
    ("optimizer", "adagrad", "'adamw'"),
    ("optimizer", int, r"torch\.optim\.Optimizer"),
    ("lr_schedule", "linear", "'cosine'"),
    ("early_stopping", "no", "bool"),
    ("validation_fraction", 1.0, r"\(0.0, 1.0\)"),
    ("n_iter_no_change", 0, r"\[1, inf\)"),
    ("callbacks", "all", "list"),
    ("callbacks", [3], "3"),
    ("warm_start", "no", "bool"),
    ("adapt_parts", 3, "str"),
    ("adapt_lr", 0, r"'auto'.*\(0.0, inf\)"),
    ("adapt_steps", -1, r"'auto'.*\[0, inf\)"),
    ("device", "abacus", "'auto' or a torch device"),
    ("random_state", "zero", "int"),
    ("verbose", -1, r"\[0, inf\)"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_value_is_refused_with_the_parameters_name(table, name, value, message):
    with pytest.raises((ValueError, TypeError), match=rf"(?s)['`]{name}.*{message}"):
        tiny(**{name: value}).fit(*table)


def test_every_parameter_has_a_wrong_value_above():
    assert {name for name, _, _ in WRONG} == set(MultiTaskEstimator().get_params(deep=False))


UNKNOWN = [
    ("task_kinds", {"nmber": "regression"}, "which are not columns of y"),
    ("heads", {"nmber": (8,)}, "which are no tasks"),
    ("task_weight", {"nmber": 2.0}, "which are no tasks"),
    ("class_weight", {"nmber": "balanced"}, r"map classification tasks \(\['answer', 'sort'\]\)"),
    ("class_weight", {"answer": {"maybe": 2.0}}, r"names \['maybe'\], .* \['no', 'yes'\]"),
    ("balancing", Manual({"nmber": 2.0}), "'nmber', which is no task"),
]


@pytest.mark.parametrize(("name", "value", "message"), UNKNOWN)
def test_unknown_names_in_parameters(table, name, value, message):
    with pytest.raises(ValueError, match=message):
        tiny(**{name: value}).fit(*table)


def test_manual_balancing_without_weights(table):
    with pytest.raises(ValueError, match="balancing='manual' needs weights: give `task_weight`"):
        tiny(balancing="manual").fit(*table)


@pytest.mark.parametrize(("cls", "kind"), [(MultiTaskClassifier, "regression"),
                                           (MultiTaskRegressor, "binary")])  # fmt: skip
def test_kinds_that_the_shell_does_not_have(table, cls, kind):
    X, _ = table
    y = pd.Series([0, 1] * 30, name="flag")
    with pytest.raises(ValueError, match=rf"{kind}' doesn't fit {cls.__name__}"):
        tiny(cls, task_kinds={"flag": kind}).fit(X, y)


@pytest.mark.parametrize("backbone", ["resnet", "tabm"])
def test_backbones_that_need_equal_widths(table, backbone):
    with pytest.raises(ValueError, match=rf"backbone='{backbone}' needs `hidden_layer_sizes`"):
        tiny(backbone=backbone, hidden_layer_sizes=(8, 4)).fit(*table)

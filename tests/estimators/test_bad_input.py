import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.exceptions import NotFittedError
from torch import nn

from sklearn_3mtl import MultiTaskClassifier, MultiTaskEstimator, MultiTaskRegressor, stack_tasks
from sklearn_3mtl.balancing import Manual
from tests._inputs import mixed_table, numeric_table, tiny

N = 60
IDS = np.repeat(["north", "south", "west"], N // 3)


@pytest.fixture
def table():
    return numeric_table(N)


@pytest.fixture
def long_table():
    """X with a task column, and y."""
    X, Y = numeric_table(N)
    return X.assign(store=IDS), Y["number"]


# Shapes


def test_different_lengths(table):
    X, Y = table
    with pytest.raises(ValueError, match="X has 60 rows, y has 59"):
        tiny().fit(X, Y[:-1])


@pytest.mark.parametrize("rows", [0, slice(0, 0)])
def test_empty_x(table, rows):
    X, Y = table
    X, Y = (X.iloc[:, :0], Y) if rows == 0 else (X[rows], Y[rows])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        tiny().fit(X, Y)


def test_empty_x_in_predict(table):
    est = tiny().fit(*table)
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        est.predict(table[0][:0])


def test_y_without_a_column(table):
    X, Y = table
    with pytest.raises(ValueError, match="y is empty: it has no column"):
        tiny().fit(X, Y[[]])


def test_y_without_a_row(table):
    with pytest.raises(ValueError, match="y is empty: found 0 rows"):
        tiny().fit(table[0], [])


def test_y_is_none(table):
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        tiny().fit(table[0], None)


# Labels


@pytest.mark.parametrize("cls", [MultiTaskEstimator, MultiTaskClassifier])
@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_a_task_without_a_label_is_named(table, gap, cls):
    X, Y = table
    with pytest.raises(ValueError, match="Task 'sort' has no label"):
        tiny(cls).fit(X, Y[["answer", "sort"]].assign(sort=gap))


def test_a_task_with_one_class_is_named(table):
    X, Y = table
    with pytest.raises(ValueError, match="Classification task 'answer' has one class, 'yes'"):
        tiny().fit(X, Y.assign(answer=["yes"] * 30 + [None] * 30))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_y_is_named(table, value):
    X, Y = table
    with pytest.raises(ValueError, match="Task 'number' contains infinity in y"):
        tiny().fit(X, Y.assign(number=[value, *Y["number"][1:]]))


def test_infinity_in_y_of_a_regressor_is_named(table):
    X, _ = table
    with pytest.raises(ValueError, match="Task 1 contains infinity in y"):
        tiny(MultiTaskRegressor).fit(X, np.column_stack([X["a"], np.full(N, np.inf)]))


def test_text_in_y_of_a_regressor_is_named(table):
    X, Y = table
    with pytest.raises(ValueError, match="Regression task 'answer' holds labels that are not"):
        tiny(MultiTaskRegressor).fit(X, Y)


def test_continuous_y_of_a_classifier(table):
    X, Y = table
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        tiny(MultiTaskClassifier).fit(X, Y)


COLLECTIONS = {
    "dict": dict,
    "list": lambda Y: [Y[c].to_numpy() for c in Y],
    "tuple": lambda Y: tuple(Y[c].to_numpy() for c in Y),
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_collections_as_y_are_refused_with_the_way_out(table, name):
    X, Y = table
    with pytest.raises(TypeError, match="stack_tasks"):
        tiny().fit(X, COLLECTIONS[name](Y))


def test_the_way_out_works(table):
    X, Y = table
    X, y, task = stack_tasks(dict.fromkeys("ab", (X, Y["number"])))
    est = tiny().fit(X, y, task=task)
    assert est.predict(X, task=task).shape == (2 * N,)


def test_lists_as_labels(table):
    X, Y = table
    with pytest.raises(TypeError, match="Task 'sort' holds a list"):
        tiny().fit(X, Y.assign(sort=[["u"], ["v"]] * 30))


def test_duplicate_columns_of_y(table):
    X, Y = table
    with pytest.raises(ValueError, match=r"columns of y have duplicate names: \['a'\]"):
        tiny().fit(X, Y.set_axis(["a", "a", "b"], axis=1))


def test_multiindex_columns_of_y(table):
    X, Y = table
    columns = pd.MultiIndex.from_product([["a"], ["x", "y", "z"]])
    with pytest.raises(ValueError, match="columns of y are a MultiIndex"):
        tiny().fit(X, Y.set_axis(columns, axis=1))


def test_a_target_with_an_extreme_outlier_is_learned_without_overflow(table):
    X, Y = table
    est = tiny().fit(X, Y.assign(number=[1e300, *Y["number"][1:]]))
    assert np.isfinite([row["train_loss"] for row in est.history_]).all()
    assert np.isfinite(est.predict(X)["number"]).all()


# X


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_x_is_named(table, value):
    X, Y = table
    bad = X.assign(b=[value, *X["b"][1:]])
    with pytest.raises(ValueError, match=r"infinity in column\(s\) 'b'"):
        tiny().fit(bad, Y)
    with pytest.raises(ValueError, match=r"infinity in column\(s\) 'b'"):
        tiny().fit(X, Y).predict(bad)


def test_sparse_x(table):
    X, Y = table
    with pytest.raises(TypeError, match=r"Sparse data was passed, but dense data is required"):
        tiny().fit(scipy.sparse.csr_matrix(X.to_numpy()), Y)


@pytest.mark.parametrize("value", [[1], {"a": 1}, (1, 2)])
def test_columns_of_x_that_are_neither_numbers_nor_categories(table, value):
    X, Y = table
    with pytest.raises(TypeError, match=f"Column 'a' of X holds a {type(value).__name__}"):
        tiny().fit(X.assign(a=[value] * N), Y)


def test_dates_in_x(table):
    X, Y = table
    with pytest.raises(TypeError, match=r"Column 'a' of X has dtype datetime64.*days since"):
        tiny().fit(X.assign(a=pd.date_range("2020", periods=N)), Y)


def test_values_beyond_float32_are_clipped(table):
    X, Y = table
    est = tiny().fit(X, Y)
    wild = X.assign(a=[1e300, -1e300] * 30)
    assert np.isfinite(est.predict(wild)["number"]).all()
    assert np.isfinite(tiny().fit(wild, Y).predict(wild)["number"]).all()


def test_one_value_beyond_float32_leaves_the_column_informative(table):
    X, Y = table
    wild = X.assign(a=[1e300, *X["a"][1:]])
    parameters = {"max_epochs": 30, "lr": 0.05}
    est = tiny(**parameters).fit(wild, Y)
    assert est.score(wild[1:], Y[["number"]][1:].assign(answer=None, sort=None)) > 0.9


def test_a_column_that_is_all_missing_changes_nothing(table):
    X, Y = table
    est = tiny().fit(X.assign(a=np.nan), Y)
    gone, there = X.assign(a=np.nan), X.assign(a=1e6)
    pd.testing.assert_frame_equal(est.predict(gone), est.predict(there))


def test_duplicate_columns_of_x(table):
    X, Y = table
    with pytest.raises(ValueError, match=r"columns of X have duplicate names: \['a'\]"):
        tiny().fit(X.set_axis(["a", "a", "b"], axis=1), Y)


def test_multiindex_columns_of_x(table):
    X, Y = table
    columns = pd.MultiIndex.from_product([["a"], ["x", "y", "z"]])
    with pytest.raises(ValueError, match="columns of X are a MultiIndex"):
        tiny().fit(X.set_axis(columns, axis=1), Y)


def test_an_index_with_duplicates_is_kept_and_aligns_nothing():
    X, Y = mixed_table()
    assert X.index.has_duplicates
    result = tiny().fit(X, Y).predict(X)
    pd.testing.assert_index_equal(result.index, X.index)
    other = tiny().fit(X.reset_index(drop=True), Y.set_axis(range(len(Y))[::-1])).predict(X)
    pd.testing.assert_frame_equal(result, other)


COLUMNS = [
    (lambda X: X[["a", "b"]], r"(?s)seen at fit time, yet now missing.*- c"),
    (lambda X: X.assign(z=1.0), r"(?s)unseen at fit time.*- z"),
    (lambda X: X[["c", "b", "a"]], "must be in the same order"),
    (lambda X: X.to_numpy()[:, :2], "X has 2 features, but .* expecting 3"),
]


@pytest.mark.parametrize(("change", "message"), COLUMNS)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_other_columns_in_predict(table, change, message):
    X, Y = table
    est = tiny().fit(X, Y)
    for method in (est.predict, est.predict_proba, est.transform):
        with pytest.raises(ValueError, match=message):
            method(change(X))


def test_a_number_that_turned_into_text(table):
    X, Y = table
    with pytest.raises(ValueError, match="Column 'a' of X was numeric in fit"):
        tiny().fit(X, Y).predict(X.assign(a="x"))


# Sample weights


SAMPLE_WEIGHTS = [
    (np.full(N, -1.0), "`sample_weight` should be >= 0. Found -1"),
    (np.zeros(N), "`sample_weight` is (0|zero) for every row"),
    (np.full(N, np.nan), "`sample_weight` contains NaN or infinity"),
    (np.full(N, np.inf), "`sample_weight` contains NaN or infinity"),
    (np.ones(N - 1), r"`sample_weight` should have shape \(60,\) or \(60, 3\).*\(59,\)"),
    (np.ones((N, 2)), r"`sample_weight` should have shape \(60,\) or \(60, 3\).*\(60, 2\)"),
    (np.ones((N, 3)) * [1, 0, 1], "Task 'answer' has no label with a positive weight"),
    (["heavy"] * N, "`sample_weight`"),
]


@pytest.mark.parametrize(("weight", "message"), SAMPLE_WEIGHTS)
def test_unfit_sample_weights(table, weight, message):
    with pytest.raises(ValueError, match=message):
        tiny().fit(*table, sample_weight=weight)


# Task ids


def test_a_missing_id_in_the_column(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match=r"2 row\(s\) have no task id \(the first is row 3\)"):
        tiny(task="store").fit(X.assign(store=[*IDS[:3], None, np.nan, *IDS[5:]]), y)


@pytest.mark.parametrize("make", [list, lambda ids: np.array(ids, dtype=object), pd.Series])
@pytest.mark.parametrize("gap", [np.nan, None])
def test_a_missing_id_in_the_argument(long_table, make, gap):
    X, y = long_table
    ids = make([*IDS[:-1], gap])
    with pytest.raises(ValueError, match=r"1 row\(s\) have no task id \(the first is row 59\)"):
        tiny().fit(X[["a", "b", "c"]], y, task=ids)


def test_a_missing_id_in_predict(long_table):
    X, y = long_table
    est = tiny(task="store").fit(X, y)
    with pytest.raises(ValueError, match=r"1 row\(s\) have no task id"):
        est.predict(X.assign(store=[np.nan, *IDS[1:]]))


def test_ids_of_several_types_are_told_apart(long_table):
    X, y = long_table
    ids = [1, "1"] * 30
    est = tiny().fit(X[["a", "b", "c"]], y, task=ids)
    assert set(est.groups_) == {1, "1"}


def test_ids_of_another_length(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match=r"`task` should have shape \(60,\).*Found \(59,\)"):
        tiny().fit(X, y, task=IDS[:-1])


def test_ids_given_twice(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match="given twice: as the column task='store' of X and as"):
        tiny(task="store").fit(X, y, task=IDS)


def test_an_unknown_task_column(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match=r"`task`='shop' should name a column of X.*'store'"):
        tiny(task="shop").fit(X, y)


def test_ids_that_were_an_argument_of_fit_are_needed_in_predict(table):
    X, Y = table
    est = tiny().fit(X, Y, task=IDS)
    for method in (est.predict, est.predict_proba):
        with pytest.raises(ValueError, match=r"fit\(\.\.\., task=ids\).*MultiTaskEstimator\(task="):
            method(X)
    with pytest.raises(ValueError, match=r"fit\(\.\.\., task=ids\)"):
        est.score(X, Y)
    assert est.predict(X, task=IDS).shape == Y.shape


def test_ids_in_predict_that_fit_never_got(table):
    X, Y = table
    est = tiny().fit(X, Y)
    with pytest.raises(ValueError, match=r"`task` was passed, but .* fitted without task ids"):
        est.predict(X, task=IDS)


@pytest.mark.parametrize("sharing", ["hard", "none"])
def test_unknown_ids_get_one_warning_and_finite_predictions(long_table, sharing):
    X, y = long_table
    est = tiny(task="store", sharing=sharing).fit(X, y)
    strangers = X.assign(store=["east", "far east", *IDS[2:]])
    with pytest.warns(UserWarning, match=r"2 task id\(s\) were not seen .*'east'") as caught:
        result = est.predict(strangers)
    assert len(caught) == 1
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result[2:], est.predict(X)[2:], rtol=1e-6)


def test_known_ids_get_no_warning(long_table):
    X, y = long_table
    est = tiny(task="store").fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        est.predict(X[:20])


def test_heads_by_group_without_ids(table):
    with pytest.raises(ValueError, match="heads='group' needs task ids: name a column"):
        tiny(heads="group").fit(*table)


def test_nothing_but_the_task_column(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match="no column to learn from besides the task column"):
        tiny(task="store").fit(X[["store"]], y)


# Parameters: a wrong value for each, and what the message says besides the name.


WRONG = [
    ("task", ["store"], "Hashable"),
    ("task_kinds", "regression", "Mapping"),
    ("task_kinds", {"number": "real"}, r"'binary', 'multiclass', 'regression'.*'real'"),
    ("categorical_features", "all", "'from_dtype'"),
    ("categorical_features", ["z"], r"should name a column of X.*'a', 'b', 'c'"),
    ("categorical_features", [True, False], "3 entries, one per column"),
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


# Modules


def plain(**parameters):
    """One net on the numbers as they are: three columns."""
    return tiny(n_estimators=1, numeric_embedding=None, **parameters)


def with_statistics():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_a_backbone_of_the_wrong_width(table):
    with pytest.raises(ValueError, match=r"`backbone` should map .* \(B, 3\)"):
        plain(backbone=nn.Linear(7, 4)).fit(*table)


def test_a_backbone_that_gives_no_matrix(table):
    with pytest.raises(ValueError, match=r"`backbone` should return shape \(B, n_features\)"):
        plain(backbone=nn.Unflatten(1, (3, 1))).fit(*table)


@pytest.mark.parametrize("parameters", [{"sharing": "none"}, {"n_estimators": 2}])
def test_batch_norm_in_several_nets(table, parameters):
    est = plain(backbone=with_statistics()).set_params(**parameters)
    with pytest.raises(ValueError, match=r"`backbone` holds buffers.*sharing='hard'"):
        est.fit(*table)
    assert len(plain(backbone=with_statistics()).fit(*table).predict(table[0])) == N


def test_batch_norm_in_a_head_of_several_members(table):
    head = nn.Sequential(nn.Linear(8, 1), nn.BatchNorm1d(1))
    with pytest.raises(ValueError, match=r"`heads\['number'\]` holds buffers.*n_estimators=1"):
        tiny(heads={"number": head}).fit(*table)


def test_batch_norm_with_a_last_batch_of_one_row(table):
    est = plain(backbone=with_statistics(), batch_size=N - 1).fit(*table)
    assert np.isfinite(est.predict(table[0])["number"]).all()


def test_the_users_module_stays_as_it_was(table):
    module = with_statistics()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    plain(backbone=module).fit(*table)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize("backbone", ["resnet", "tabm"])
def test_backbones_that_need_equal_widths(table, backbone):
    with pytest.raises(ValueError, match=rf"backbone='{backbone}' needs `hidden_layer_sizes`"):
        tiny(backbone=backbone, hidden_layer_sizes=(8, 4)).fit(*table)


# Before fit, and after a fit that failed


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_not_fitted(table, method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(tiny(), method)(table[0])


def test_not_fitted_score_and_save(table, tmp_path):
    with pytest.raises(NotFittedError):
        tiny().score(*table)
    with pytest.raises(NotFittedError):
        tiny().save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_failed_fit_does_not_make_an_estimator_fitted(table):
    X, Y = table
    est = tiny()
    with pytest.raises(ValueError, match="has no label"):
        est.fit(X, Y.assign(sort=None))
    with pytest.raises(NotFittedError):
        est.predict(X)


def test_divergence_names_the_task_and_the_way_out(table):
    X, Y = table
    with pytest.raises(ValueError, match=r"diverged .*'number'.* Lower `lr` \(it is 1e\+30\)"):
        tiny(lr=1e30, max_epochs=5).fit(X, Y[["number"]])


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("optimizer", "lr"), [("adamw", 1e30), ("sgd", 1e38)])
def test_divergence_in_the_last_step_is_seen(table, optimizer, lr, early_stopping):
    """The loss that the epoch records was computed before the step that broke the weights."""
    est = tiny(
        lr=lr, optimizer=optimizer, max_epochs=1, batch_size=1000, early_stopping=early_stopping
    )
    with pytest.raises(ValueError, match="diverged"):
        est.fit(*table)


BREAKING = {
    "labels": (lambda X: X, lambda Y: Y.assign(sort=None), {}),
    "inputs": (lambda X: X.assign(a=np.inf), lambda Y: Y, {}),
    "other columns": (lambda X: X[["a"]], lambda Y: Y.assign(sort=None), {}),
    "parameters": (lambda X: X, lambda Y: Y, {"lr": -1}),
    "divergence": (lambda X: X, lambda Y: Y, {"lr": 1e30, "max_epochs": 5}),
    "divergence, warm": (
        lambda X: X,
        lambda Y: Y,
        {"lr": 1e30, "max_epochs": 5, "warm_start": True},
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_failed_fit_leaves_the_earlier_one_usable(table, name):
    X, Y = table
    change_X, change_Y, parameters = BREAKING[name]
    est = tiny().fit(X, Y)
    before = est.predict(X)
    with pytest.raises(ValueError, match=r"."):
        est.set_params(**parameters).fit(change_X(X), change_Y(Y))
    pd.testing.assert_frame_equal(est.predict(X), before)
    assert list(est.feature_names_in_) == list(X)

"""Out-of-fold predictions: no row is predicted by a model that saw its label."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import make_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data import infer_tasks
from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.prior import PriorData, PriorRows, cross_fit, prior_plan

RANDOM = np.random.default_rng(0)
NOISE_X = RANDOM.normal(size=(200, 3))
NOISE_Y = pd.DataFrame({"number": RANDOM.normal(size=200), "sign": RANDOM.integers(2, size=200)})


def fit(prior, X, Y, weights=None, groups=None, categorical=()):
    """The fitted priors and the out-of-fold outputs, and the codec."""
    targets, table = read_targets(Y), read_inputs(X)
    codec = TargetCodec(infer_tasks(Y)).fit(targets, None)
    inputs = ModalInputs().fit(table, range(table.n_columns), categorical, np.random.default_rng(0))
    rows = PriorRows(inputs, table, inputs.transform(table))
    plan = prior_plan(prior, codec.tasks, range(table.n_columns))
    data = PriorData(rows, codec.numbers(targets), weights, groups)
    return *cross_fit(plan, codec, data, Seed(0)), codec


def numbers_of(outputs, codec, name):
    """Predicted numbers of a regression task."""
    index = [task.name for task in codec.layout.tasks].index(name)
    own = outputs[:, codec.layout.outputs_of(index)].numpy().ravel()
    return own * codec.scale[index] + codec.center[index]


def test_a_model_that_memorises_says_nothing_of_noise():
    priors = {"number": DecisionTreeRegressor(), "sign": DecisionTreeClassifier()}
    fitted, outputs, codec = fit(priors, NOISE_X, NOISE_Y)
    assert abs(np.corrcoef(numbers_of(outputs, codec, "number"), NOISE_Y["number"])[0, 1]) < 0.2
    sign = outputs[:, codec.layout.outputs_of(1)].numpy().ravel() > 0
    assert 0.35 < (sign == NOISE_Y["sign"]).mean() < 0.65
    # The models that predict new rows have seen all labels.
    tree = fitted.tasks["number"].parts[0].model
    np.testing.assert_allclose(tree.predict(NOISE_X), NOISE_Y["number"])


def test_what_is_constant_within_a_group_is_not_learned_by_heart():
    group = np.repeat(np.arange(150), 4)
    X = np.repeat(RANDOM.normal(size=(150, 3)), 4, axis=0)
    y = pd.DataFrame({"number": np.repeat(RANDOM.normal(size=150), 4)})
    nearest = KNeighborsRegressor(1)
    _, by_row, codec = fit(nearest, X, y)
    _, by_group, _ = fit(nearest, X, y, groups=group)
    assert np.corrcoef(numbers_of(by_row, codec, "number"), y["number"])[0, 1] > 0.9
    assert abs(np.corrcoef(numbers_of(by_group, codec, "number"), y["number"])[0, 1]) < 0.3


def test_a_linear_truth_is_predicted_out_of_fold():
    X, y = make_regression(200, 3, noise=1.0, random_state=0)
    for prior in ("linear", Ridge(0.1)):
        _, outputs, codec = fit(prior, X, pd.DataFrame({"number": y}))
        assert np.corrcoef(numbers_of(outputs, codec, "number"), y)[0, 1] > 0.99


def test_boosting_predicts_new_rows_by_the_mean_of_the_folds():
    X, truth = make_regression(200, 3, noise=1.0, random_state=0)
    y = np.where(np.arange(200) < 20, np.nan, truth)
    fitted, outputs, codec = fit("boosting", X, pd.DataFrame({"number": y}))
    parts = fitted.tasks["number"].parts
    assert [part.n_labels for part in parts] == [120, 120, 120]
    assert [part.share for part in parts] == [1 / 3, 1 / 3, 1 / 3]
    found = numbers_of(outputs, codec, "number")[:20]
    assert np.corrcoef(found, truth[:20])[0, 1] > 0.9


def test_boosting_is_left_out_for_many_classes():
    X = RANDOM.normal(size=(300, 3))
    Y = pd.DataFrame(
        {name: [f"c{k % n}" for k in range(300)] for name, n in (("many", 60), ("few", 3))}
    )
    weighed = fit("auto", X, Y)[0].weighed()
    assert list(weighed["many"]) == ["forest", "linear"]
    assert list(weighed["few"]) == ["boosting", "forest", "linear"]


def test_trees_are_left_out_of_wide_and_the_forest_of_long_tables():
    wide = fit("auto", RANDOM.normal(size=(40, 1001)), NOISE_Y.iloc[:40])[0].weighed()
    assert [list(models) for models in wide.values()] == [["linear"], ["linear"]]
    long = pd.DataFrame({"number": RANDOM.normal(size=3000)})
    found = fit("auto", long, long)[0].weighed()
    assert list(found["number"]) == ["boosting", "linear"]


@pytest.mark.parametrize("prior", ["auto", "linear", "boosting", "forest"])
def test_classes_may_be_fractions(prior):
    y = np.where(NOISE_X[:, 0] > 0, 2.5, np.where(NOISE_X[:, 1] > 0, 0.5, 1.0))
    Y = pd.DataFrame({"part": pd.Categorical(y)})
    _, outputs, _ = fit(prior, NOISE_X, Y)
    found = np.array([0.5, 1.0, 2.5])[outputs.numpy().argmax(axis=1)]
    assert (found == y).mean() > 0.7


def test_the_size_of_boosting_follows_the_labels():
    X = RANDOM.normal(size=(10_100, 2))
    few = pd.DataFrame({"few": np.where(np.arange(10_100) < 300, X[:, 0], np.nan)})
    model = fit("boosting", X, few)[0].tasks["few"].parts[0].model
    assert model.max_leaf_nodes == 31


def test_a_class_of_two_rows_in_a_long_table_is_no_obstacle():
    random = np.random.default_rng(0)
    X = random.normal(size=(10_100, 2))
    y = np.where(X[:, 0] > 0, "a", "b").astype(object)
    y[:2] = "rare"
    _, outputs, _ = fit("boosting", X, pd.DataFrame({"class": y}))
    assert (outputs.numpy().argmax(1) == np.where(X[:, 0] > 0, 0, 1))[2:].mean() > 0.98


@pytest.mark.parametrize("kind", ["number", "class"])
def test_boosting_reads_a_column_of_many_categories(kind):
    random = np.random.default_rng(0)
    of_shop = random.normal(size=300)
    shop = random.integers(300, size=3000)
    X = pd.DataFrame({"shop": [f"s{number}" for number in shop], "x": random.normal(size=3000)})
    y = of_shop[shop] + X["x"] + 0.1 * random.normal(size=3000)
    Y = pd.DataFrame({"y": y if kind == "number" else np.digitize(y, [-1, 1])})
    # A target with few labels is predicted without these means.
    Y["rare"] = np.where(np.arange(3000) < 20, Y["y"], np.nan)
    fitted, outputs, codec = fit("boosting", X, Y, categorical=[0])
    if kind == "number":
        assert np.corrcoef(numbers_of(outputs, codec, "y"), y)[0, 1] > 0.9
    else:
        own = outputs[:, codec.layout.outputs_of(list(fitted.tasks).index("y"))].numpy()
        assert (own.argmax(1) == Y["y"]).mean() > 0.75


def test_a_row_without_a_label_is_predicted_by_the_model_of_all_rows():
    Y = NOISE_Y.copy()
    Y.loc[:49, "number"] = np.nan
    fitted, outputs, codec = fit({"number": Ridge()}, NOISE_X, Y)
    model = Ridge().fit(NOISE_X[50:], Y["number"][50:])
    np.testing.assert_allclose(fitted.tasks["number"].parts[0].model.coef_, model.coef_)
    found = numbers_of(outputs, codec, "number")
    np.testing.assert_allclose(found[:50], model.predict(NOISE_X[:50]), rtol=1e-5)
    assert not np.allclose(found[50:], model.predict(NOISE_X[50:]), rtol=1e-3)
    # The task without a prior starts from nothing.
    assert (outputs[:, codec.layout.outputs_of(1)] == 0).all()


def test_rows_of_weight_0_are_not_fitted():
    weights = np.ones((200, 2))
    weights[100:] = 0.0
    fitted, *_ = fit({"number": Ridge()}, NOISE_X, NOISE_Y, weights)
    own = Ridge().fit(NOISE_X[:100], NOISE_Y["number"][:100])
    np.testing.assert_allclose(fitted.tasks["number"].parts[0].model.coef_, own.coef_)


def test_a_fitted_model_is_used_as_it_is():
    model = Ridge().fit(NOISE_X, 3.0 * NOISE_X[:, 0])
    fitted, outputs, codec = fit({"number": FrozenEstimator(model)}, NOISE_X, NOISE_Y)
    np.testing.assert_allclose(
        numbers_of(outputs, codec, "number"), model.predict(NOISE_X), rtol=1e-5, atol=1e-6
    )
    assert fitted.tasks["number"].parts[0].model.estimator is model


@pytest.mark.parametrize("name", ["linear", "boosting"])
def test_a_class_that_a_fold_lacks_is_improbable_not_impossible(name):
    y = np.where(NOISE_X[:, 0] > 0, "often", "also")
    y[0] = "once"
    _, outputs, _ = fit(name, NOISE_X, pd.DataFrame({"class": y}))
    assert np.isfinite(outputs.numpy()).all()


def test_labels_reach_the_model_as_the_user_gave_them():
    y = np.where(NOISE_X[:, 0] > 0, "yes", "no")
    fitted, *_ = fit(LogisticRegression(class_weight={"yes": 5.0}), NOISE_X, pd.DataFrame({"a": y}))
    assert fitted.tasks["a"].parts[0].model.classes_.tolist() == ["no", "yes"]


class Failing(RegressorMixin, BaseEstimator):
    """Fails, or predicts what it should not."""

    def __init__(self, what="fit"):
        self.what = what

    def fit(self, X, y):
        if self.what == "fit":
            raise RuntimeError("out of paper")
        self.fitted_ = True
        return self

    def predict(self, X):
        found = np.zeros(len(X))
        if self.what == "nan":
            found[0] = np.nan
        return np.zeros((len(X), 2)) if self.what == "shape" else found


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("fit", r"The prior of task 'number' failed in fold 1 of 3: out of paper"),
        ("nan", r"task 'number' failed in fold 1 of 3: its predictions are not finite in 1 of 67"),
        ("shape", r"task 'number' failed in fold 1 of 3: it predicts shape \(67, 2\) for 67 rows"),
    ],
)
def test_a_failure_names_the_task_and_the_fold(what, message):
    with pytest.raises(ValueError, match=message):
        fit({"number": Failing(what)}, NOISE_X, NOISE_Y)


def test_one_label_is_too_few():
    Y = NOISE_Y.copy()
    Y.loc[1:, "number"] = np.nan
    Y.loc[0, "number"] = 0.5
    with pytest.raises(ValueError, match=r"'number' has 1 sample\(s\).*`prior` needs two"):
        fit({"number": "linear"}, NOISE_X, Y)


def test_fewer_rows_than_folds_and_fewer_groups():
    few = NOISE_Y[["number"]][:3]
    _, outputs, _ = fit("linear", NOISE_X[:3], few)
    assert np.isfinite(outputs.numpy()).all()
    groups = np.repeat([0, 1], 100)
    _, outputs, codec = fit(Ridge(), NOISE_X, NOISE_Y[["number"]], groups=groups)
    other = clone(Ridge()).fit(NOISE_X[100:], NOISE_Y["number"][100:])
    np.testing.assert_allclose(
        numbers_of(outputs, codec, "number")[:100], other.predict(NOISE_X[:100]), rtol=1e-4
    )


def test_weights_that_a_model_cannot_take_are_refused():
    with pytest.raises(ValueError, match=r"was given, but prior=KNeighbors.* takes no weights"):
        fit({"number": KNeighborsRegressor()}, NOISE_X, NOISE_Y, np.full((200, 2), 0.5))


def test_the_evidence_decides_by_itself():
    X = RANDOM.normal(size=(400, 3))
    Y = pd.DataFrame(
        {
            "line": X[:, 0] - X[:, 1] + 0.1 * RANDOM.normal(size=400),
            "steps": np.sign(X[:, 0] * X[:, 1]) + 0.1 * RANDOM.normal(size=400),
            "noise": RANDOM.normal(size=400),
            "class": np.where(X[:, 2] + 0.3 * RANDOM.normal(size=400) > 0, "p", "q"),
        }
    )
    fitted, outputs, codec = fit("auto", X, Y)
    weighed = fitted.weighed()
    assert weighed["line"]["linear"]["share"] > 0.8
    steps = weighed["steps"]
    assert steps["boosting"]["share"] + steps["forest"]["share"] > 0.8
    assert weighed["noise"]["boosting"]["share"] < 0.2
    assert weighed["class"]["linear"]["share"] > 0.5
    assert fitted.tasks["line"].losses["linear"] < fitted.tasks["line"].losses["boosting"]
    found = numbers_of(outputs, codec, "line")
    assert np.corrcoef(found, Y["line"])[0, 1] > 0.99
    # Out of fold, the weighed models are hardly worse than the mean of pure noise.
    left = Y["noise"] - numbers_of(outputs, codec, "noise")
    assert left.var() < 1.03 * Y["noise"].var()
    assert np.abs(numbers_of(outputs, codec, "noise")).max() < 0.5


def test_groups_of_one_class_leave_no_empty_fold():
    groups = np.repeat([0, 1, 2, 3], [8, 6, 11, 12])
    y = pd.DataFrame({"odd": np.where(groups % 2, "yes", "no")})
    _, outputs, _ = fit("linear", NOISE_X[: len(y)], y, groups=groups)
    assert np.isfinite(outputs.numpy()).all()


def test_a_fold_whose_training_rows_have_one_class_is_predicted_to_be_of_it():
    y = np.full(200, "often")
    y[7] = "once"
    _, outputs, _ = fit(LogisticRegression(), NOISE_X, pd.DataFrame({"a": y}))
    # The logit is that of "once", the second class.
    assert (outputs.numpy() < -2.0).all()


def test_scores_of_pairs_of_classes_are_not_taken_for_scores_of_classes():
    y = np.where(NOISE_X[:, 0] > 0.5, "p", np.where(NOISE_X[:, 0] < -0.5, "q", "r"))
    of_pairs = SVC(decision_function_shape="ovo").fit(NOISE_X, y)
    _, outputs, codec = fit(FrozenEstimator(of_pairs), NOISE_X, pd.DataFrame({"a": y}))
    classes = codec.layout.tasks[0].classes
    assert (classes[outputs.numpy().argmax(1)] == of_pairs.predict(NOISE_X)).all()


def test_a_fitted_classifier_keeps_its_probabilities():
    y = np.where(NOISE_X[:, 0] > 0, "p", "q")
    model = LogisticRegression(C=1e3).fit(NOISE_X, y)
    _, outputs, _ = fit(FrozenEstimator(model), NOISE_X[:5], pd.DataFrame({"a": y[:5]}))
    logits = np.clip(model.decision_function(NOISE_X[:5]), -13.8, 13.8)
    np.testing.assert_allclose(outputs.numpy().ravel(), logits, atol=0.5)


def test_a_column_may_have_no_value_in_a_fold():
    X = NOISE_X[:60].copy()
    X[:, 1] = np.nan
    X[7, 1] = 3.0
    outputs = fit("boosting", X, NOISE_Y[:60])[1].numpy()
    assert np.isfinite(outputs).all()

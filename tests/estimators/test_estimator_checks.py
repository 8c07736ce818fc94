"""scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_3mtl import (
    MetaClassifier,
    MetaLearner,
    MetaRegressor,
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    ThreeMTLClassifier,
    ThreeMTLEstimator,
    ThreeMTLRegressor,
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
)

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "minibatch training: removing or repeating rows changes the batches and the validation "
        "split, as for scikit-learn's own MLP with sgd"
    ),
}


# The shells differ in the tasks they take: smaller nets of them do, and few need a prior.
SMALL = {"n_estimators": 2, "hidden_layer_sizes": (64,)}
SMALLER = {"n_estimators": 1, "hidden_layer_sizes": (32,), "max_epochs": 64, "prior": None}


@parametrize_with_checks(
    [
        MultiTaskEstimator(),
        MultiTaskClassifier(prior=None, **SMALL),
        MultiTaskRegressor(**SMALL),
        MetaLearner(),
        MetaClassifier(**SMALL),
        MetaRegressor(**SMALL),
        TransferEstimator(**SMALLER),
        TransferClassifier(**SMALLER),
        TransferRegressor(**SMALLER),
        ThreeMTLEstimator(**SMALLER),
        ThreeMTLClassifier(**SMALLER),
        ThreeMTLRegressor(**SMALLER),
        MultiTaskClassifier(**{**SMALLER, "prior": "linear"}),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)

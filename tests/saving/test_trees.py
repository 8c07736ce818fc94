"""Trees that a damaged or forged file holds are refused before they are followed."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl.saving.trees import refuse_broken_trees

X, Y = make_classification(
    200, n_features=4, n_informative=3, n_redundant=0, n_classes=3, n_clusters_per_class=1,
    random_state=0,
)  # fmt: skip


def boosting(cls=HistGradientBoostingRegressor):
    categories = np.where(X[:, :1] > 0, 1, 0)
    columns = np.hstack([X, categories])
    return cls(max_iter=3, categorical_features=[4]).fit(columns, Y)


FORESTS = [ExtraTreesClassifier, ExtraTreesRegressor]


def forest(cls=ExtraTreesRegressor, columns=X):
    return cls(3, random_state=0).fit(columns, Y)


def set_in_tree(model, **changes):
    """Change a field of the first tree of a forest, or of that tree's first node."""
    tree = model.estimators_[0].tree_
    state = tree.__getstate__()
    for name, value in changes.items():
        if name in state["nodes"].dtype.names:
            state["nodes"][name][0] = value
        else:
            state[name] = value
    tree.__setstate__(state)
    return model


@pytest.mark.parametrize("cls", [HistGradientBoostingClassifier, HistGradientBoostingRegressor])
def test_sound_trees_pass(cls):
    refuse_broken_trees(boosting(cls))
    refuse_broken_trees([("it", make_pipeline(StandardScaler(), FrozenEstimator(boosting(cls))))])


@pytest.mark.parametrize(
    ("field", "value"),
    [("left", 10_000), ("right", 0), ("feature_idx", 5), ("feature_idx", -1)],
)
def test_a_node_that_leads_elsewhere_is_refused(field, value):
    model = boosting()
    model._predictors[1][0].nodes[field][0] = value
    with pytest.raises(ValueError, match="a tree of its HistGradientBoostingRegressor is damaged"):
        refuse_broken_trees(model)
    with pytest.raises(ValueError, match="damaged"):
        refuse_broken_trees({"models": [make_pipeline(StandardScaler(), model)]})


def test_a_set_of_categories_that_is_not_there_is_refused():
    model = boosting()
    nodes = model._predictors[0][0].nodes
    nodes["is_categorical"][0], nodes["bitset_idx"][0] = 1, 99
    with pytest.raises(ValueError, match="damaged"):
        refuse_broken_trees(model)


def test_a_category_that_is_none_is_refused():
    model = boosting()
    nodes = model._predictors[0][0].nodes
    nodes["is_categorical"][0], nodes["feature_idx"][0] = 1, 0
    with pytest.raises(ValueError, match="damaged"):
        refuse_broken_trees(model)
    model = boosting()
    model._bin_mapper.is_categorical_ = model._bin_mapper.is_categorical_[:0]
    with pytest.raises(ValueError, match="damaged"):
        refuse_broken_trees(model)


def test_a_broken_forest_within_boosting_is_refused():
    model = boosting()
    model._preprocessor = set_in_tree(forest(), left_child=10_000)
    with pytest.raises(ValueError, match="ExtraTreeRegressor is damaged"):
        refuse_broken_trees(model)


@pytest.mark.parametrize("cls", FORESTS)
def test_sound_forests_pass(cls):
    refuse_broken_trees({"it": make_pipeline(StandardScaler(), FrozenEstimator(forest(cls)))})


@pytest.mark.parametrize("cls", FORESTS)
@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10_000), ("right_child", 0), ("left_child", -1), ("feature", 4)],
)
def test_a_node_of_a_forest_that_leads_elsewhere_is_refused(cls, field, value):
    model = set_in_tree(forest(cls), **{field: value})
    with pytest.raises(ValueError, match=r"a tree of its ExtraTree\w+ is damaged"):
        refuse_broken_trees([model])


def test_a_forest_of_fewer_nodes_than_it_says_is_refused():
    with pytest.raises(ValueError, match="damaged"):
        refuse_broken_trees(set_in_tree(forest(), node_count=10_000))


def test_a_forest_with_the_trees_of_another_is_refused():
    model = forest()
    model.estimators_[2] = forest(columns=X[:, [0, 1, 2, 3, 0]]).estimators_[2]
    with pytest.raises(ValueError, match="a tree of its ExtraTreesRegressor has other features"):
        refuse_broken_trees(model)

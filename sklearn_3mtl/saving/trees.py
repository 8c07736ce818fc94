"""Checks of trees, which scikit-learn follows without any check."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["refuse_broken_trees"]

# A set of 256 categories, as bits of 32-bit words.
WORDS_OF_SET = 8


def refuse_broken_trees(model: object) -> None:
    """Refuse a model whose trees lead out of the memory that they stand in, or in circles.

    A prediction by such trees would end the process. Models within the model are checked too.

    Raises
    ------
    ValueError
        If a tree is broken.
    """
    seen: set[int] = set()
    left: list[Any] = [model]
    while left:
        found = left.pop()
        if id(found) in seen or isinstance(found, str | bytes | int | float | np.generic):
            continue
        seen.add(id(found))
        if isinstance(found, dict):
            left += found.values()
        elif isinstance(found, list | tuple | set):
            left += found
        elif isinstance(found, np.ndarray):
            left += found.ravel().tolist() if found.dtype == object else []
        elif hasattr(found, "_predictors") and hasattr(found, "n_features_in_"):
            is_category = np.asarray(found._bin_mapper.is_categorical_, dtype=bool)
            is_whole = is_category.shape == (int(found.n_features_in_),)
            trees = [tree for trees in found._predictors for tree in trees]
            if not is_whole or not all(_is_sound(tree, is_category) for tree in trees):
                raise ValueError(f"a tree of its {type(found).__name__} is damaged")
            # A column transformer before the trees, for example.
            left += vars(found).values()
        elif hasattr(found, "tree_") and hasattr(found, "n_features_in_"):
            if not _is_sound_tree(found.tree_, int(found.n_features_in_)):
                raise ValueError(f"a tree of its {type(found).__name__} is damaged")
        elif hasattr(found, "__dict__") and not isinstance(found, type):
            trees = [each for each in getattr(found, "estimators_", []) if hasattr(each, "tree_")]
            if any(tree.n_features_in_ != found.n_features_in_ for tree in trees):
                raise ValueError(f"a tree of its {type(found).__name__} has other features")
            left += vars(found).values()


def _is_sound(tree: Any, is_category: np.ndarray) -> bool:
    """Whether every node leads to later nodes of the tree, by a feature that is as it says."""
    nodes, sets = tree.nodes, tree.raw_left_cat_bitsets
    n_features, n_sets = len(is_category), len(sets)
    place = np.arange(len(nodes))
    inner = nodes["is_leaf"] == 0
    feature, bits = nodes["feature_idx"], nodes["bitset_idx"]
    own = (feature >= 0) & (feature < n_features)
    fits = is_category[np.where(own, feature, 0)] & (bits < n_sets)
    own &= (nodes["is_categorical"] == 0) | fits
    for child in (nodes["left"], nodes["right"]):
        own &= (child > place) & (child < len(nodes))
    is_wide = sets.ndim == 2 and sets.shape[1] == WORDS_OF_SET
    return len(nodes) > 0 and bool(own[inner].all()) and (is_wide or not n_sets)


def _is_sound_tree(tree: Any, n_features: int) -> bool:
    """The same for a tree of a forest, whose leaves have children of -1."""
    if not 0 < tree.node_count <= tree.capacity:
        return False
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    place = np.arange(len(left))
    inner = (left != -1) | (right != -1)
    own = (feature >= 0) & (feature < n_features)
    for child in (left, right):
        own &= (child > place) & (child < len(left))
    return bool(own[inner].all())

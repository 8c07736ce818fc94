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
    """Whether a tree of boosting can be followed, and has the sets of categories it asks for."""
    nodes, sets = tree.nodes, tree.raw_left_cat_bitsets
    if len(sets) and sets.shape[1:] != (WORDS_OF_SET,):
        return False
    inner = nodes["is_leaf"] == 0
    children = (nodes["left"], nodes["right"])
    if not _leads_on(children, nodes["feature_idx"], inner, len(is_category)):
        return False
    asking = nodes[inner & (nodes["is_categorical"] != 0)]
    has_set = asking["bitset_idx"] < len(sets)
    return bool((is_category[asking["feature_idx"]] & has_set).all())


def _is_sound_tree(tree: Any, n_features: int) -> bool:
    """Whether a tree of a forest can be followed; its leaves have children of -1."""
    if not 0 < tree.node_count <= tree.capacity:
        return False
    children = (tree.children_left, tree.children_right)
    inner = (children[0] != -1) | (children[1] != -1)
    return _leads_on(children, tree.feature, inner, n_features)


def _leads_on(
    children: tuple[np.ndarray, np.ndarray],
    feature: np.ndarray,
    inner: np.ndarray,
    n_features: int,
) -> bool:
    """Whether every inner node leads to later nodes, by a feature that there is."""
    place = np.arange(len(feature))
    own = (feature >= 0) & (feature < n_features)
    for child in children:
        own &= (child > place) & (child < len(feature))
    return len(feature) > 0 and bool(own[inner].all())

"""Checks trees from a file: skops does not trust them, because scikit-learn follows their indices unchecked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

TREE_TYPE = "sklearn.tree._tree.Tree"


class Nodes(Protocol):
    """The nodes of one tree, as in scikit-learn: arrays of shape (nodes,)."""

    children_left: NDArray[np.int64]
    children_right: NDArray[np.int64]
    feature: NDArray[np.int64]
    n_features: int


def trees_of(estimator: object) -> list[Nodes]:
    """Return the trees of an estimator, of the steps of a pipeline, and of the members of a forest."""
    steps = [estimator, *(step for _, step in getattr(estimator, "steps", ()))]
    members = [member for step in steps for member in np.ravel(getattr(step, "estimators_", ())).tolist()]
    return [one.tree_ for one in (*steps, *members) if getattr(one, "tree_", None) is not None]


def are_sound(trees: Iterable[Nodes], features: int) -> bool:
    """Return whether each walk through the trees stays inside and ends: children come after their parents."""
    return all(_is_sound(tree, features) for tree in trees)


def _is_sound(tree: Nodes, features: int) -> bool:
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    own, leaf = np.arange(len(left)), left == -1
    inner = ~leaf
    behind = [(side[inner] > own[inner]) & (side[inner] < len(left)) for side in (left, right)]
    known = (tree.feature[inner] >= 0) & (tree.feature[inner] < features)
    return bool(tree.n_features == features and np.all(right[leaf] == -1) and np.all(behind) and np.all(known))

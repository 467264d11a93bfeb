"""Worst-case accuracy: the worst cell, the worst class and the worst tenth of the classes.

    worst cell = the lowest a(c, s)
    worst class = the lowest accuracy of a class, each the mean over cells
    worst decile = mean of the lowest tenth (rounded up) of these class accuracies

in percent; classes without clips are left out. Source: worst-group accuracy, Sagawa et al. 2020,
Distributionally Robust Neural Networks for Group Shifts; the tenth as in Koh et al. 2021, WILDS
(section 4, tenth percentile). In a resample the minimum is taken again, so that the intervals
include the uncertainty of which is the worst one; like every minimum of noisy numbers it is biased
downwards.
"""

import math

import numpy as np

from .answers import Floats


def worst_cell(cells: Floats) -> Floats:
    """Return the lowest accuracy of cells (..., C, S)."""
    lowest: Floats = cells.min(axis=(-2, -1))
    return lowest


def worst_class(classes: Floats) -> Floats:
    """Return the lowest accuracy of classes (..., K); nan marks a class without clips."""
    return worst_classes(classes, 1)


def worst_decile(classes: Floats) -> Floats:
    """Return the mean of the lowest tenth of class accuracies (..., K), nan left out."""
    present = int(np.isfinite(classes).any(axis=tuple(range(classes.ndim - 1))).sum())
    return worst_classes(classes, max(1, math.ceil(present / 10)))


def worst_classes(classes: Floats, count: int) -> Floats:
    """Return the mean of the `count` lowest class accuracies (..., K); nan sorts last."""
    lowest: Floats = np.sort(classes, axis=-1)[..., :count].mean(axis=-1)
    return lowest

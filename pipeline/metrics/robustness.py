"""Robustness metrics: mPC, rPC, CE, relative CE, gamma_a, gamma_r and accuracy per class.

Formulas and sources are in the docstring of the package.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .answers import Floats, Predictions


@dataclass(frozen=True)
class CorruptionErrors:
    """Errors under corruption in percent of a reference model's errors; below 100 is better."""

    ce: dict[str, float]
    """Corruption error by corruption."""
    mce: float
    """Mean corruption error, mCE."""
    relative_ce: dict[str, float]
    """Relative corruption error; nan where the reference loses nothing under corruption."""
    relative_mce: float


def mean_performance(cells: Floats) -> float:
    """Return mPC, the mean over corruptions of the mean over severities.

    Parameters
    ----------
    cells : Floats
        (C, S), top-1 accuracies in percent.

    Returns
    -------
    float
        Percent, 0..100.

    """
    return float(np.mean(np.mean(cells, axis=1)))


def relative_performance(mpc: float, clean: float) -> float:
    """Return rPC = 100 mPC / clean.

    Parameters
    ----------
    mpc, clean : float
        Percent, 0..100.

    Returns
    -------
    float
        Percent; above 100 where corruption helps, nan if no clean clip is right.

    """
    return 100 * mpc / clean if clean else float("nan")


def relative_above_chance(mpc: float, clean: float, chance: float) -> float:
    """Return the chance-corrected rPC = 100 (mPC - chance) / (clean - chance).

    A model that guesses keeps all of its clean accuracy, so that its rPC is 100; this is 0 for a
    model whose corrupted accuracy is that of guessing.

    Parameters
    ----------
    mpc, clean, chance : float
        Percent, 0..100; chance is 100 over the number of classes.

    Returns
    -------
    float
        Percent; negative below chance, nan if the clean accuracy is not above chance.

    """
    return 100 * (mpc - chance) / (clean - chance) if clean > chance else float("nan")


def absolute_robustness(mpc: float, clean: float) -> float:
    """Return gamma_a = 1 - (clean - mPC) / 100.

    Parameters
    ----------
    mpc, clean : float
        Percent, 0..100.

    Returns
    -------
    float
        0..1, above 1 where corruption helps.

    """
    return 1 - (clean - mpc) / 100


def relative_robustness(cells: Floats, clean: float) -> float:
    """Return gamma_r, the mean ratio of corrupted and clean accuracy, equal to rPC / 100.

    Parameters
    ----------
    cells : Floats
        (C, S), top-1 accuracies in percent.
    clean : float
        Percent, 0..100.

    Returns
    -------
    float
        0..1, above 1 where corruption helps, nan if no clean clip is right.

    """
    return float(np.mean(cells / clean)) if clean else float("nan")


def corruption_errors(
    corruptions: tuple[str, ...],
    cells: Floats,
    clean: float,
    reference_cells: Floats,
    reference_clean: float,
) -> CorruptionErrors:
    """Return CE and relative CE against a reference model.

    Parameters
    ----------
    corruptions : tuple[str, ...]
        C names.
    cells, reference_cells : Floats
        (C, S), top-1 accuracies of the model and of the reference, in percent.
    clean, reference_clean : float
        Clean top-1 accuracies, in percent.

    Returns
    -------
    CorruptionErrors
        In percent of the reference's errors.

    """
    ce, relative = errors_by_corruption(
        cells, np.asarray(clean, float), reference_cells, np.asarray(reference_clean, float)
    )
    return CorruptionErrors(
        ce=dict(zip(corruptions, ce.tolist(), strict=True)),
        mce=float(np.mean(ce)),
        relative_ce=dict(zip(corruptions, relative.tolist(), strict=True)),
        relative_mce=float(np.mean(relative)),
    )


def errors_by_corruption(
    cells: Floats, clean: Floats, reference_cells: Floats, reference_clean: Floats
) -> tuple[Floats, Floats]:
    """Return CE and relative CE (..., C) in percent; nan where the reference has none.

    Cells are (..., C, S) and clean accuracies (...), in percent.
    """
    errors = np.sum(100 - cells, axis=-1)
    reference = np.sum(100 - reference_cells, axis=-1)
    losses = np.sum(clean[..., None, None] - cells, axis=-1)
    reference_losses = np.sum(reference_clean[..., None, None] - reference_cells, axis=-1)
    return percent_of(errors, reference), percent_of(losses, reference_losses)


def per_class(predictions: Predictions, labels: NDArray[np.integer], num_classes: int) -> Floats:
    """Return the top-1 accuracy by class.

    Parameters
    ----------
    predictions : Predictions
        As returned by `account`.
    labels : array (N,) of int
        Class index of each clip.
    num_classes : int
        Number of classes, K.

    Returns
    -------
    Floats
        (K, 1 + C, S), percent; nan for a class without clips. Entry 0 of the second axis is the
        clean accuracy, equal at every severity; the corruptions follow.

    Raises
    ------
    ValueError
        If there is not one label per clip, or if a label is not below `num_classes`.

    """
    if labels.shape != (predictions.num_clips,):
        raise ValueError(
            f"labels: wrong shape (got {labels.shape} for {predictions.num_clips} clips); pass "
            "one label per clip."
        )
    num_severities = len(predictions.severities)
    clean = np.repeat(predictions.clean_top1[:, None, None], num_severities, axis=2)
    right = np.concatenate([clean, predictions.top1], axis=1)
    members = np.bincount(labels, minlength=num_classes)
    if len(members) > num_classes:
        raise ValueError(f"labels: out of range (got {labels.max()}); {num_classes = }.")
    sums = np.zeros((num_classes, *right.shape[1:]), dtype=np.int64)
    np.add.at(sums, labels, right)
    return percent_of(sums.astype(np.float64), members[:, None, None].astype(np.float64))


def percent_of(part: Floats, whole: Floats) -> Floats:
    """Return 100 part / whole; nan where whole is 0."""
    whole = np.broadcast_to(whole, part.shape)
    ratio: Floats = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole != 0)
    return 100 * ratio

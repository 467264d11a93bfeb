"""Robustness metrics: mPC, rPC, CE, relative CE, gamma_a, gamma_r and accuracy per class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .answers import Floats, Predictions


@dataclass(frozen=True)
class CorruptionErrors:
    """Errors under corruption in percent of a reference model's; below 100 is better than it."""

    ce: dict[str, float]
    mce: float
    relative_ce: dict[str, float]
    """nan where the reference loses nothing against its clean accuracy."""
    relative_mce: float


def mean_performance(cells: Floats) -> float:
    """Compute mPC from top-1 accuracies (C, S) in percent."""
    return float(np.mean(np.mean(cells, axis=1)))


def relative_performance(mpc: float, clean: float) -> float:
    """Compute rPC in percent; nan for a model that gets no clean clip right."""
    return 100 * mpc / clean if clean else float("nan")


def absolute_robustness(mpc: float, clean: float) -> float:
    """gamma_a, 0..1 and above where corruption helps."""
    return 1 - (clean - mpc) / 100


def relative_robustness(cells: Floats, clean: float) -> float:
    """gamma_r of top-1 accuracies (C, S): the mean accuracy ratio, which is rPC / 100."""
    return float(np.mean(cells / clean)) if clean else float("nan")


def corruption_errors(
    corruptions: tuple[str, ...],
    cells: Floats,
    clean: float,
    reference_cells: Floats,
    reference_clean: float,
) -> CorruptionErrors:
    """CE and relative CE of top-1 accuracies (C, S) against those of a reference model."""
    errors = np.sum(100 - cells, axis=1)
    reference = np.sum(100 - reference_cells, axis=1)
    losses = np.sum(clean - cells, axis=1)
    reference_losses = np.sum(reference_clean - reference_cells, axis=1)
    ce = percent_of(errors, reference)
    relative = percent_of(losses, reference_losses)
    return CorruptionErrors(
        ce=dict(zip(corruptions, ce.tolist(), strict=True)),
        mce=float(np.mean(ce)),
        relative_ce=dict(zip(corruptions, relative.tolist(), strict=True)),
        relative_mce=float(np.mean(relative)),
    )


def per_class(answers: Predictions, labels: NDArray[np.integer], num_classes: int) -> Floats:
    """Top-1 (classes, 1 + C, S) in percent by class of the clip; nan where a class has no clip.

    `labels` (N,) are class indices. Row 0 of axis 1 is the clean accuracy (the same at every
    severity), then come the corruptions. `answers` are those that `account` gives.
    """
    if labels.shape != (answers.num_clips,):
        raise ValueError(f"labels of shape {labels.shape} for {answers.num_clips} clips.")
    num_severities = len(answers.severities)
    clean = np.repeat(answers.clean_top1[:, None, None], num_severities, axis=2)
    right = np.concatenate([clean, answers.top1], axis=1)
    members = np.bincount(labels, minlength=num_classes)
    if len(members) > num_classes:
        raise ValueError(f"label {labels.max()} is beyond {num_classes = }.")
    sums = np.zeros((num_classes, *right.shape[1:]), dtype=np.int64)
    np.add.at(sums, labels, right)
    return percent_of(sums.astype(np.float64), members[:, None, None].astype(np.float64))


def percent_of(part: Floats, whole: Floats) -> Floats:
    """100 part / whole, nan where whole is 0."""
    whole = np.broadcast_to(whole, part.shape)
    ratio: Floats = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole != 0)
    return 100 * ratio

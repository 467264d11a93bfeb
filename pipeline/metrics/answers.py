"""Predictions of one model as arrays, and the two ways to account for missing clips."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

Accounting = Literal["common", "strict"]
"""`common`: clips that exist in every cell; `strict`: all clips, missing ones count as wrong."""

Interval = tuple[float, float]
"""Lower and upper bound of a 95 % interval."""


@dataclass(frozen=True)
class Predictions:
    """Correct answers of one model by clip, clean and in every cell.

    Cells are (N clips, C corruptions, S severities); `top1` implies `top5`. Values where `ok` is
    False have no effect.

    Raises
    ------
    ValueError
        If there is no clip, corruption or severity, or if an array has another shape or dtype.

    """

    corruptions: tuple[str, ...]
    """C names, in the order of the arrays."""
    severities: tuple[int, ...]
    """S severities, in the order of the arrays."""
    clean_top1: Bools
    """(N,) True where the class with the highest score is the label."""
    clean_top5: Bools | None
    """(N,) True where the label is among the five classes with the highest scores; None if only the
    best class is known."""
    clean_ok: Bools
    """(N,) True where the clip could be produced and was evaluated."""
    top1: Bools
    """(N, C, S), as `clean_top1`."""
    top5: Bools | None
    """(N, C, S), as `clean_top5`; None together with it."""
    ok: Bools
    """(N, C, S), as `clean_ok`."""

    def __post_init__(self) -> None:
        shape = (len(self.clean_top1), len(self.corruptions), len(self.severities))
        if 0 in shape:
            raise ValueError(
                f"predictions: empty (got {shape} clips, corruptions and severities); pass at "
                "least one of each."
            )
        if (self.clean_top5 is None) != (self.top5 is None):
            raise ValueError("clean_top5 and top5: only one of them is None; pass both or neither.")
        for name in ("clean_top1", "clean_top5", "clean_ok", "top1", "top5", "ok"):
            array = getattr(self, name)
            if array is None and name.endswith("top5"):
                continue
            wanted = shape[:1] if name.startswith("clean") else shape
            if array.shape != wanted or array.dtype != np.bool_:
                raise ValueError(
                    f"{name}: wrong shape or dtype (got {array.dtype} of shape {array.shape}); "
                    f"it must be bool of shape {wanted}."
                )

    @property
    def num_clips(self) -> int:
        """Number of clips, N."""
        return len(self.clean_top1)

    def everywhere(self) -> Bools:
        """Return (N,), True for clips that exist in the clean set and in every cell."""
        found: Bools = self.clean_ok & self.ok.all(axis=(1, 2))
        return found

    def only(self, clips: Bools) -> "Predictions":
        """Return the predictions of the clips that `clips` (a mask or indices) selects."""
        return Predictions(
            self.corruptions,
            self.severities,
            self.clean_top1[clips],
            _at(self.clean_top5, clips),
            self.clean_ok[clips],
            self.top1[clips],
            _at(self.top5, clips),
            self.ok[clips],
        )

    def select(self, corruptions: tuple[str, ...]) -> "Predictions":
        """Return the predictions of some corruptions, in the order given, of the same clips."""
        unknown = sorted(set(corruptions) - set(self.corruptions))
        if unknown:
            raise ValueError(
                f"corruptions: no predictions for some of them (got {unknown}); "
                f"choose from {list(self.corruptions)}."
            )
        at = [self.corruptions.index(name) for name in corruptions]
        return Predictions(
            corruptions,
            self.severities,
            self.clean_top1,
            self.clean_top5,
            self.clean_ok,
            self.top1[:, at],
            None if self.top5 is None else self.top5[:, at],
            self.ok[:, at],
        )


def _at(answers: Bools | None, clips: Bools) -> Bools | None:
    return None if answers is None else answers[clips]


def _both(answers: Bools | None, ok: Bools) -> Bools | None:
    return None if answers is None else answers & ok


def account(predictions: Predictions, accounting: Accounting) -> Predictions:
    """Return the predictions that count.

    Parameters
    ----------
    predictions : Predictions
        Of all listed clips.
    accounting : {"common", "strict"}
        `common` keeps the clips that exist in the clean set and in every cell; `strict` keeps all
        and marks missing ones as wrong.

    Returns
    -------
    Predictions
        With the number of clips N that the accuracies are of.

    Raises
    ------
    ValueError
        If the accounting is unknown, or if no clip exists in every cell.

    """
    if accounting == "common":
        clips = predictions.everywhere()
        if not clips.any():
            raise ValueError(
                f"common accounting: none of {predictions.num_clips} clips exists in the clean set "
                f"and in all {predictions.ok[0].size} cells; use strict accounting, or make the "
                "missing cells."
            )
        return predictions.only(clips)
    if accounting != "strict":
        raise ValueError(f"accounting: unknown (got {accounting!r}); choose 'common' or 'strict'.")
    return Predictions(
        predictions.corruptions,
        predictions.severities,
        predictions.clean_top1 & predictions.clean_ok,
        _both(predictions.clean_top5, predictions.clean_ok),
        predictions.clean_ok,
        predictions.top1 & predictions.ok,
        _both(predictions.top5, predictions.ok),
        predictions.ok,
    )


def accuracies(predictions: Predictions) -> tuple[float, Floats]:
    """Return the top-1 accuracies, clean and of every cell.

    Parameters
    ----------
    predictions : Predictions
        As returned by `account`.

    Returns
    -------
    clean : float
        Percent, 0..100.
    cells : Floats
        (C, S), percent, 0..100.

    """
    clean = 100 * float(np.mean(predictions.clean_top1))
    return clean, 100 * np.mean(predictions.top1, axis=0)

"""Predictions of one model as arrays, and the two ways to account for missing clips."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


Counts = NDArray[np.int64]


Floats = NDArray[np.float64]


Accounting = Literal["common", "strict"]


Interval = tuple[float, float]


@dataclass(frozen=True)
class Predictions:
    """What one model got right: clip by clip, clean and in every cell.

    Cells are (N clips, C corruptions, S severities); `top1` implies `top5`. What stands where
    `ok` is False does not matter.
    """

    corruptions: tuple[str, ...]
    severities: tuple[int, ...]
    clean_top1: Bools
    """(N,) the right class was the first answer."""
    clean_top5: Bools
    """(N,) the right class was among the first five."""
    clean_ok: Bools
    """(N,) the clip could be produced and was asked."""
    top1: Bools
    """(N, C, S)"""
    top5: Bools
    """(N, C, S)"""
    ok: Bools
    """(N, C, S)"""

    def __post_init__(self) -> None:
        shape = (len(self.clean_top1), len(self.corruptions), len(self.severities))
        if 0 in shape:
            raise ValueError(f"answers for (clips, corruptions, severities) = {shape} are empty.")
        for name in ("clean_top1", "clean_top5", "clean_ok", "top1", "top5", "ok"):
            array = getattr(self, name)
            wanted = shape[:1] if name.startswith("clean") else shape
            if array.shape != wanted or array.dtype != np.bool_:
                raise ValueError(
                    f"{name} is {array.dtype} of shape {array.shape}, must be bool {wanted}."
                )

    @property
    def num_clips(self) -> int:
        return len(self.clean_top1)

    def everywhere(self) -> Bools:
        """(N,) clips that are there in the clean set and in every cell."""
        found: Bools = self.clean_ok & self.ok.all(axis=(1, 2))
        return found

    def only(self, clips: Bools) -> "Predictions":
        """The same for the clips (N,) that are True."""
        return Predictions(
            self.corruptions,
            self.severities,
            self.clean_top1[clips],
            self.clean_top5[clips],
            self.clean_ok[clips],
            self.top1[clips],
            self.top5[clips],
            self.ok[clips],
        )

    def select(self, corruptions: tuple[str, ...]) -> "Predictions":
        """The same for some corruptions, in the order given; clips stay as they are."""
        unknown = sorted(set(corruptions) - set(self.corruptions))
        if unknown:
            raise ValueError(f"no answers for {unknown}; there are: {list(self.corruptions)}.")
        at = [self.corruptions.index(name) for name in corruptions]
        return Predictions(
            corruptions,
            self.severities,
            self.clean_top1,
            self.clean_top5,
            self.clean_ok,
            self.top1[:, at],
            self.top5[:, at],
            self.ok[:, at],
        )


def account(answers: Predictions, accounting: Accounting) -> Predictions:
    """Answers that count: the clips of `common`, or all with the missing ones as wrong."""
    if accounting == "common":
        clips = answers.everywhere()
        if not clips.any():
            raise ValueError(
                f"none of {answers.num_clips} clips is there in the clean set and all "
                f"{answers.ok[0].size} cells; use strict accounting, or make the missing cells."
            )
        return answers.only(clips)
    if accounting != "strict":
        raise ValueError(f"{accounting = } must be 'common' or 'strict'.")
    return Predictions(
        answers.corruptions,
        answers.severities,
        answers.clean_top1 & answers.clean_ok,
        answers.clean_top5 & answers.clean_ok,
        answers.clean_ok,
        answers.top1 & answers.ok,
        answers.top5 & answers.ok,
        answers.ok,
    )


def accuracies(answers: Predictions) -> tuple[float, Floats]:
    """Clean top-1 and top-1 of the cells (C, S), in percent; missing clips must be dealt with."""
    return 100 * float(np.mean(answers.clean_top1)), 100 * np.mean(answers.top1, axis=0)

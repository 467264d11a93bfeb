"""Every pair of models compared on the same clips, with paired intervals.

The numbers are those of `metrics.compare`. All models share one set of resamples, drawn once, so
that the 21 pairs of seven models cost little more than one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .. import metrics
from .answers import Accounting, Counts, Floats, Interval, Predictions
from .comparison import Difference


@dataclass(frozen=True)
class Pair:
    """First model less second, in percentage points."""

    first: str
    second: str
    difference: Difference
    corruptions: dict[str, tuple[float, Interval]]
    """Difference of the mean over severities, by corruption."""


@dataclass(frozen=True)
class _Drawn:
    """One model: its numbers (rows of 1) or its numbers in each resample (rows of R)."""

    clean: Floats
    corruptions: Floats
    """(R, C) mean over severities."""

    @property
    def mpc(self) -> Floats:
        mean: Floats = self.corruptions.mean(axis=1)
        return mean

    @property
    def rpc(self) -> Floats:
        ratio: Floats = np.full(self.clean.shape, np.nan)
        np.divide(100 * self.mpc, self.clean, out=ratio, where=self.clean != 0)
        return ratio


def differences(
    answers: Mapping[str, Predictions], accounting: Accounting, resamples: int
) -> list[Pair]:
    """All pairs, each with the model that comes first in `answers` as its first.

    With common accounting the clips are those that all of these models were asked about.
    """
    if len(answers) < 2:
        return []
    some = next(iter(answers.values()))
    if accounting == "common":
        shared = np.logical_and.reduce([one.everywhere() for one in answers.values()])
        answers = {name: one.only(shared) for name, one in answers.items()}
    counted = [metrics.account(one, accounting) for one in answers.values()]
    num_clips = counted[0].num_clips
    right = np.concatenate([_columns(one) for one in counted], axis=1)
    shape = (len(some.corruptions), len(some.severities))
    counts = metrics.resampled_counts(right, resamples, metrics.SEED)
    values = _split(right.sum(axis=0, dtype=np.int64)[None], num_clips, shape)
    draws = _split(counts, num_clips, shape)
    return [
        _pair(first, second, some.corruptions, values, draws, num_clips)
        for first, second in combinations(enumerate(answers), 2)
    ]


def _columns(answers: Predictions) -> metrics.Bools:
    """(N, 1 + C S) clean and cells."""
    cells = answers.top1.reshape(answers.num_clips, -1)
    return np.concatenate([answers.clean_top1[:, None], cells], axis=1)


def _split(counts: Counts, num_clips: int, shape: tuple[int, int]) -> list[_Drawn]:
    """Right answers (R, models (1 + C S)) as percent, model by model."""
    percent = counts.astype(np.float64) * (100 / num_clips)
    width = 1 + shape[0] * shape[1]
    blocks = [percent[:, start : start + width] for start in range(0, percent.shape[1], width)]
    return [
        _Drawn(block[:, 0], block[:, 1:].reshape(len(block), *shape).mean(axis=2))
        for block in blocks
    ]


def _pair(
    first: tuple[int, str],
    second: tuple[int, str],
    corruptions: tuple[str, ...],
    values: list[_Drawn],
    draws: list[_Drawn],
    num_clips: int,
) -> Pair:
    (a, name), (b, other) = first, second
    one, two, drawn_one, drawn_two = values[a], values[b], draws[a], draws[b]
    difference = Difference(
        float((one.clean - two.clean)[0]),
        _interval(drawn_one.clean - drawn_two.clean),
        float((one.mpc - two.mpc)[0]),
        _interval(drawn_one.mpc - drawn_two.mpc),
        float((one.rpc - two.rpc)[0]),
        _interval(drawn_one.rpc - drawn_two.rpc),
        num_clips,
    )
    by_corruption = {}
    for column, corruption in enumerate(corruptions):
        value = one.corruptions[0, column] - two.corruptions[0, column]
        drawn = drawn_one.corruptions[:, column] - drawn_two.corruptions[:, column]
        by_corruption[corruption] = (float(value), _interval(drawn))
    return Pair(name, other, difference, by_corruption)


def _interval(draws: Floats) -> Interval:
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)

"""Robustness of one model in numbers: values in, values out; all accuracies in percent.

Definitions. With a(c, s) the top-1 accuracy under corruption c at severity s, and P the clean one:

    mPC = mean over c of the mean over s of a(c, s)            rPC = 100 mPC / P
    CE(c) = 100 sum_s (100 - a(c, s)) / sum_s (100 - a_ref(c, s))      mCE = mean over c of CE(c)
    relative CE(c): the same with both errors less the clean error of their own model
    gamma_r = mean over c, s of a(c, s) / P = rPC / 100        gamma_a = 1 - (P - mPC) / 100

Sources: mPC and rPC from Michaelis et al. 2019, Benchmarking Robustness in Object Detection
(section 3.3); CE and relative CE from Hendrycks and Dietterich 2019 (section 4.2); gamma_a and
gamma_r from Schiappa et al. 2023, A Large-Scale Robustness Analysis of Video Action Recognition
Models (section 4).

Clips that could not be produced are accounted for in two ways. `strict`: each counts as wrong where
it is missing, N is the number of listed clips. `common`: a clip that is missing anywhere is left
out everywhere, so that all cells are of the same clips.

Intervals are percentile bootstraps over clips. A resample takes the same clips in every cell and in
every model (cells and models are paired). All counts are whole numbers that float32 holds exactly,
so the intervals do not depend on the machine or its number of threads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Accounting = Literal["common", "strict"]
Interval = tuple[float, float]

RESAMPLES = 10_000
SEED = 20240607
"""Seed of every bootstrap: the same clips are drawn for every model of a dataset."""


@dataclass(frozen=True)
class Answers:
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

    def only(self, clips: Bools) -> "Answers":
        """The same for the clips (N,) that are True."""
        return Answers(
            self.corruptions,
            self.severities,
            self.clean_top1[clips],
            self.clean_top5[clips],
            self.clean_ok[clips],
            self.top1[clips],
            self.top5[clips],
            self.ok[clips],
        )

    def select(self, corruptions: tuple[str, ...]) -> "Answers":
        """The same for some corruptions, in the order given; clips stay as they are."""
        unknown = sorted(set(corruptions) - set(self.corruptions))
        if unknown:
            raise ValueError(f"no answers for {unknown}; there are: {list(self.corruptions)}.")
        at = [self.corruptions.index(name) for name in corruptions]
        return Answers(
            corruptions,
            self.severities,
            self.clean_top1,
            self.clean_top5,
            self.clean_ok,
            self.top1[:, at],
            self.top5[:, at],
            self.ok[:, at],
        )


@dataclass(frozen=True)
class Summary:
    """One row of the leaderboard; accuracies in percent, intervals of 95 %."""

    clean_top1: float
    clean_top1_ci95: Interval
    clean_top5: float
    mpc: float
    mpc_ci95: Interval
    mpc_top5: float
    rpc: float
    rpc_ci95: Interval
    gamma_a: float
    gamma_r: float
    accounting: Accounting
    num_clips: int
    """Clips that the accuracies are of."""
    num_clips_common: int
    """Clips that are there in every cell."""
    num_clips_strict: int
    """Clips that are listed."""
    cells: dict[str, dict[int, float]]
    """Top-1 by corruption and severity."""
    cells_ci95: dict[str, dict[int, Interval]]
    cells_top5: dict[str, dict[int, float]]


@dataclass(frozen=True)
class Difference:
    """First model less second, in percentage points, on the clips that both have."""

    clean_top1: float
    clean_top1_ci95: Interval
    mpc: float
    mpc_ci95: Interval
    rpc: float
    rpc_ci95: Interval
    num_clips: int

    @property
    def significant(self) -> bool:
        """Whether the interval of the mPC difference leaves out 0."""
        return not self.mpc_ci95[0] <= 0 <= self.mpc_ci95[1]


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
    ce = _percent(errors, reference)
    relative = _percent(losses, reference_losses)
    return CorruptionErrors(
        ce=dict(zip(corruptions, ce.tolist(), strict=True)),
        mce=float(np.mean(ce)),
        relative_ce=dict(zip(corruptions, relative.tolist(), strict=True)),
        relative_mce=float(np.mean(relative)),
    )


def account(answers: Answers, accounting: Accounting) -> Answers:
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
    return Answers(
        answers.corruptions,
        answers.severities,
        answers.clean_top1 & answers.clean_ok,
        answers.clean_top5 & answers.clean_ok,
        answers.clean_ok,
        answers.top1 & answers.ok,
        answers.top5 & answers.ok,
        answers.ok,
    )


def accuracies(answers: Answers) -> tuple[float, Floats]:
    """Clean top-1 and top-1 of the cells (C, S), in percent; missing clips must be dealt with."""
    return 100 * float(np.mean(answers.clean_top1)), 100 * np.mean(answers.top1, axis=0)


def summarize(
    answers: Answers,
    accounting: Accounting = "common",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Summary:
    """The numbers of one model, with bootstrap intervals."""
    counted = account(answers, accounting)
    clean, cells = accuracies(counted)
    cells_top5 = 100 * np.mean(counted.top5, axis=0)
    clean_draws, cell_draws = _resampled(counted, resamples, seed)
    mpc = mean_performance(cells)
    mpc_draws = cell_draws.mean(axis=2).mean(axis=1)
    limits = np.percentile(cell_draws, (2.5, 97.5), axis=0)
    return Summary(
        clean_top1=clean,
        clean_top1_ci95=_interval(clean_draws),
        clean_top5=100 * float(np.mean(counted.clean_top5)),
        mpc=mpc,
        mpc_ci95=_interval(mpc_draws),
        mpc_top5=mean_performance(cells_top5),
        rpc=relative_performance(mpc, clean),
        rpc_ci95=_interval(_percent(mpc_draws, clean_draws)),
        gamma_a=absolute_robustness(mpc, clean),
        gamma_r=relative_robustness(cells, clean),
        accounting=accounting,
        num_clips=counted.num_clips,
        num_clips_common=int(answers.everywhere().sum()),
        num_clips_strict=answers.num_clips,
        cells=_by_name(answers, cells),
        cells_ci95={
            name: {
                severity: (float(limits[0, row, column]), float(limits[1, row, column]))
                for column, severity in enumerate(answers.severities)
            }
            for row, name in enumerate(answers.corruptions)
        },
        cells_top5=_by_name(answers, cells_top5),
    )


def compare(
    first: Answers,
    second: Answers,
    accounting: Accounting = "common",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Difference:
    """Difference of two models whose answers are of the same clips in the same order."""
    for name in ("num_clips", "corruptions", "severities"):
        if getattr(first, name) != getattr(second, name):
            raise ValueError(
                f"models can be compared on the same clips and cells only: {name} is "
                f"{getattr(first, name)} and {getattr(second, name)}."
            )
    if accounting == "common":
        both = first.everywhere() & second.everywhere()
        first, second = first.only(both), second.only(both)
    first, second = account(first, accounting), account(second, accounting)
    numbers = []
    draws = []
    for answers in (first, second):
        clean, cells = accuracies(answers)
        mpc = mean_performance(cells)
        numbers.append((clean, mpc, relative_performance(mpc, clean)))
        clean_draws, cell_draws = _resampled(answers, resamples, seed)
        mpc_draws = cell_draws.mean(axis=2).mean(axis=1)
        draws.append((clean_draws, mpc_draws, _percent(mpc_draws, clean_draws)))
    clean, mpc, rpc = (a - b for a, b in zip(*numbers, strict=True))
    clean_ci, mpc_ci, rpc_ci = (_interval(a - b) for a, b in zip(*draws, strict=True))
    return Difference(clean, clean_ci, mpc, mpc_ci, rpc, rpc_ci, first.num_clips)


def per_class(answers: Answers, labels: NDArray[np.integer], num_classes: int) -> Floats:
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
    return _percent(sums.astype(np.float64), members[:, None, None].astype(np.float64))


def resampled_counts(right: Bools, resamples: int, seed: int) -> Counts:
    """Right answers in each resample of the clips: (N, K) columns give (resamples, K) counts.

    Row r is the sum of N rows of `right` drawn with replacement; which rows depends on (seed, N, r)
    alone, so different models and columns are paired.
    """
    num_clips = len(right)
    if num_clips >= 2**24:
        raise ValueError(f"{num_clips = } is too many for exact counts in float32.")
    table = np.ascontiguousarray(right, dtype=np.float32)
    parts = [weights @ table for weights in _weights(num_clips, resamples, seed)]
    return np.concatenate(parts).astype(np.int64)


def _weights(num_clips: int, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """How often each clip is drawn in each resample, in chunks (up to 256, N)."""
    bits = np.random.Philox(key=seed)
    words_each = (num_clips + 1) // 2
    for start in range(0, resamples, 256):
        size = min(256, resamples - start)
        weights = np.empty((size, num_clips), dtype=np.float32)
        for row in weights:
            words = bits.random_raw(words_each).astype("<u8", copy=False).view("<u4")[:num_clips]
            # Multiply and shift maps 32 random bits to 0..N-1; its bias is below N / 2**32.
            drawn = (words * np.uint64(num_clips)) >> np.uint64(32)
            row[:] = np.bincount(drawn.view(np.int64), minlength=num_clips)
        yield weights


def _resampled(answers: Answers, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Clean top-1 (R,) and top-1 of the cells (R, C, S), in percent, in each resample."""
    num_clips = answers.num_clips
    columns = np.concatenate(
        [answers.clean_top1[:, None], answers.top1.reshape(num_clips, -1)], axis=1
    )
    counts = resampled_counts(columns, resamples, seed)
    percent = counts.astype(np.float64) * (100 / num_clips)
    return percent[:, 0], percent[:, 1:].reshape(resamples, *answers.top1.shape[1:])


def _interval(draws: Floats) -> Interval:
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)


def _percent(part: Floats, whole: Floats) -> Floats:
    """100 part / whole, nan where whole is 0."""
    whole = np.broadcast_to(whole, part.shape)
    ratio: Floats = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole != 0)
    return 100 * ratio


def _by_name(answers: Answers, cells: Floats) -> dict[str, dict[int, float]]:
    return {
        name: dict(zip(answers.severities, row.tolist(), strict=True))
        for name, row in zip(answers.corruptions, cells, strict=True)
    }

"""Paired bootstrap over clips: the same clips are drawn for every model and every cell.

Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentile
intervals).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .answers import Bools, Counts, Floats, Interval, Predictions

RESAMPLES = 10_000
"""Default number of resamples."""

SEED = 20240607
"""Seed of every bootstrap: the same clips are drawn for every model of a dataset."""


def resampled_counts(right: Bools | Counts, resamples: int, seed: int) -> Counts:
    """Return the sum of each column over each resample of the clips.

    Row r is the sum of N rows of `right` drawn with replacement. Which rows are drawn depends only
    on (seed, N, r), so that different models and columns are paired.

    Parameters
    ----------
    right : array (N, K) of bool or int
        Correct answers by clip, or small counts of them; a column's sum over N draws must stay
        below 2**24, so that float32 represents it exactly.
    resamples : int
        Number of resamples, R.
    seed : int
        Key of the Philox generator.

    Returns
    -------
    Counts
        (R, K).

    Raises
    ------
    ValueError
        If N times the largest value is 2**24 or more.

    """
    (counts,) = resample(len(right), resamples, seed, [counts_of(right)])
    return counts.astype(np.int64)


Draws = NDArray[np.floating]
"""Values per resample, (R, ...): float32 where it is exact."""

Reducer = Callable[[NDArray[np.float32]], Draws]
"""Function from weights (r, N), how often each clip is drawn, to values (r, ...) per resample."""


def resample(num_clips: int, resamples: int, seed: int, reducers: Sequence[Reducer]) -> list[Draws]:
    """Return the values of every reducer in every resample; all reducers see the same draws.

    Parameters
    ----------
    num_clips : int
        Number of clips, N.
    resamples : int
        Number of resamples, R.
    seed : int
        Key of the Philox generator.
    reducers : Sequence[Reducer]
        Such as `counts_of`, `sums_of` and `group_counts_of`.

    Returns
    -------
    list[Draws]
        (R, ...) for each reducer.

    """
    found: list[Draws] = []
    start = 0
    for weights in resample_weights(num_clips, resamples, seed):
        chunks = [reducer(weights) for reducer in reducers]
        if not found:
            found = [np.empty((resamples, *chunk.shape[1:]), chunk.dtype) for chunk in chunks]
        for draws, chunk in zip(found, chunks, strict=True):
            draws[start : start + len(chunk)] = chunk
        start += len(weights)
    return found


def counts_of(right: Bools | Counts) -> Reducer:
    """Return the reducer to the sums (K,) of columns (N, K) of small integers, exact in float32."""
    num_clips = len(right)
    largest = max(1, int(right.max(initial=0)))
    if num_clips * largest >= 2**24:
        raise ValueError(
            f"resampled_counts: too large for exact sums in float32 (got {num_clips} clips with "
            f"values up to {largest}); the product must be below {2**24}."
        )
    table = np.ascontiguousarray(right, dtype=np.float32)
    return lambda weights: weights @ table


def sums_of(columns: Floats) -> Reducer:
    """Return the reducer to the sums (K,) of real columns (N, K).

    Columns are rounded to multiples of a power of 2 for which float64 sums are exact in any order
    (about 10 digits), so that sums do not depend on the machine or its number of threads.
    """
    largest = np.abs(columns).max(axis=0, initial=0)
    bits = 52 - np.ceil(np.log2(np.maximum(largest, 1e-30) * max(2, len(columns))))
    scale = np.exp2(bits)
    table = np.rint(columns * scale)
    return lambda weights: (weights.astype(np.float64) @ table) / scale


def group_counts_of(counts: Counts, groups: NDArray[np.integer], num_groups: int) -> Reducer:
    """Return the reducer to the sums (groups, K) of columns (N, K) of small integers by group."""
    members = [np.flatnonzero(groups == group) for group in range(num_groups)]
    tables = [np.ascontiguousarray(counts[rows], dtype=np.float32) for rows in members]

    def reduce(weights: NDArray[np.float32]) -> Draws:
        sums = [weights[:, rows] @ table for rows, table in zip(members, tables, strict=True)]
        return np.stack(sums, axis=1)

    return reduce


def resample_weights(num_clips: int, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Yield how often each clip is drawn in each resample, in chunks of shape (up to 256, N)."""
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


def resampled_accuracies(
    predictions: Predictions, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Return clean top-1 (R,) and top-1 of the cells (R, C, S) in each resample, in percent."""
    num_clips = predictions.num_clips
    columns = np.concatenate(
        [predictions.clean_top1[:, None], predictions.top1.reshape(num_clips, -1)], axis=1
    )
    counts = resampled_counts(columns, resamples, seed)
    percent = counts.astype(np.float64) * (100 / num_clips)
    return percent[:, 0], percent[:, 1:].reshape(resamples, *predictions.top1.shape[1:])


def percentile_interval(draws: Floats) -> Interval:
    """Return the 95 % percentile interval of bootstrap draws (R,)."""
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)

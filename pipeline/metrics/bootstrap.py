"""Paired bootstrap over clips: the same clips are drawn for every model and every cell."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .answers import Bools, Counts, Floats, Interval, Predictions

RESAMPLES = 10_000


SEED = 20240607
"""Seed of every bootstrap: the same clips are drawn for every model of a dataset."""


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


def resampled_accuracies(answers: Predictions, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Clean top-1 (R,) and top-1 of the cells (R, C, S), in percent, in each resample."""
    num_clips = answers.num_clips
    columns = np.concatenate(
        [answers.clean_top1[:, None], answers.top1.reshape(num_clips, -1)], axis=1
    )
    counts = resampled_counts(columns, resamples, seed)
    percent = counts.astype(np.float64) * (100 / num_clips)
    return percent[:, 0], percent[:, 1:].reshape(resamples, *answers.top1.shape[1:])


def percentile_interval(draws: Floats) -> Interval:
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)

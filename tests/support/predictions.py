"""Predictions for tests of metrics: a table small enough to compute by hand, and a random one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.metrics.answers import Predictions

ALL = ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1))


def hand_made(
    ok: Sequence[Sequence[int]] = ALL, clean_ok: Sequence[int] = (1, 1, 1, 1)
) -> Predictions:
    """Four clips, two corruptions at severities 1 and 3: columns fog 1, fog 3, rain 1, rain 3."""
    top1 = [[1, 1, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1]]
    cells = np.array(top1, dtype=bool).reshape(4, 2, 2)
    return Predictions(
        corruptions=("fog", "rain"),
        severities=(1, 3),
        clean_top1=np.array([1, 1, 1, 0], dtype=bool),
        clean_top5=np.array([1, 1, 1, 1], dtype=bool),
        clean_ok=np.array(clean_ok, dtype=bool),
        top1=cells,
        top5=np.ones_like(cells),
        ok=np.array(ok, dtype=bool).reshape(4, 2, 2),
    )


def random_predictions(
    num_clips: int = 200,
    corruptions: Sequence[str] = ("fog", "rain", "contrast"),
    seed: int = 0,
    skill: float = 0.6,
) -> Predictions:
    """Independent correct answers with probability `skill`, all clips present."""
    rng = np.random.default_rng(seed)
    shape = (num_clips, len(corruptions), 5)
    top1 = rng.random(shape) < skill
    clean = rng.random(num_clips) < min(1, skill + 0.2)
    return Predictions(
        corruptions=tuple(corruptions),
        severities=(1, 2, 3, 4, 5),
        clean_top1=clean,
        clean_top5=clean | (rng.random(num_clips) < 0.5),
        clean_ok=np.ones(num_clips, dtype=bool),
        top1=top1,
        top5=top1 | (rng.random(shape) < 0.5),
        ok=np.ones(shape, dtype=bool),
    )


def with_missing(predictions: Predictions, share: float, seed: int = 3) -> Predictions:
    """The same predictions where a share of the clips of every cell is missing."""
    there = np.random.default_rng(seed).random(predictions.ok.shape) >= share
    return replace(predictions, ok=there)

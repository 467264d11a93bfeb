"""How long the intervals take: 10,000 resamples of 10,000 clips in 60 cells, against a plain loop.

python benchmarks/bootstrap.py
"""

import os

# One core, so that seconds are core-seconds; must be set before numpy starts its threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time

import numpy as np

from pipeline.metrics.answers import Predictions
from pipeline.metrics.summary import summarize

CLIPS, CORRUPTIONS, SEVERITIES = 10_000, 12, 5


def answers(clips: int = CLIPS) -> Predictions:
    rng = np.random.default_rng(1)
    skill = rng.random(clips)
    cells = skill[:, None, None] > rng.random((clips, CORRUPTIONS, SEVERITIES))
    clean = skill > 0.3
    there = np.ones_like(clean)
    return Predictions(
        corruptions=tuple(f"c{index}" for index in range(CORRUPTIONS)),
        severities=(1, 2, 3, 4, 5),
        clean_top1=clean,
        clean_top5=clean,
        clean_ok=there,
        top1=cells,
        top5=cells,
        ok=np.ones_like(cells),
    )


def plain_loop(table: np.ndarray, resamples: int) -> None:
    """What one would write first: index the table with each resample and take its mean."""
    rng = np.random.default_rng(1)
    for _ in range(resamples):
        table[rng.integers(0, len(table), len(table))].mean(axis=0)


def main() -> None:
    data = answers()
    start = time.perf_counter()
    summary = summarize(data)
    ours = time.perf_counter() - start
    low, high = summary.mpc_ci95
    print(f"ours: {ours:.1f} s for 10,000 resamples (mPC {summary.mpc:.2f}, {low:.2f}..{high:.2f})")
    start = time.perf_counter()
    plain_loop(data.top1.reshape(CLIPS, -1), 100)
    plain = (time.perf_counter() - start) * 100
    print(f"plain loop: {plain:.0f} s for 10,000 resamples (timed over 100)")


if __name__ == "__main__":
    main()

"""Time of the bootstrap intervals of one model with 60 cells, against a plain loop.

python -m benchmarks.bootstrap [--clips 10000] [--resamples 10000]
"""

import os

# One core, so that seconds are core-seconds; must be set before numpy starts its threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time

import numpy as np

from benchmarks import options
from pipeline.metrics.answers import Predictions
from pipeline.metrics.summary import summarize

CORRUPTIONS, SEVERITIES = 12, 5
SMALLEST = {"clips": 100, "resamples": 100}
TIMED = 100
"""Resamples of the plain loop that are timed."""


def synthetic_predictions(clips: int) -> Predictions:
    """Return predictions of a model whose accuracy differs between clips."""
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
    """Index the table with each resample and take its mean, the straightforward way."""
    rng = np.random.default_rng(1)
    for _ in range(resamples):
        table[rng.integers(0, len(table), len(table))].mean(axis=0)


def main() -> None:
    """Print both times."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--clips", type=int, default=10_000, help="number of clips")
    parser.add_argument("--resamples", type=int, default=10_000, help="number of resamples")
    chosen = options.parse(parser, SMALLEST)
    data = synthetic_predictions(chosen.clips)
    start = time.perf_counter()
    summary = summarize(data, resamples=chosen.resamples)
    ours = time.perf_counter() - start
    low, high = summary.mpc_ci95
    words = f"{chosen.resamples:,} resamples of {chosen.clips:,} clips"
    print(f"ours: {ours:.1f} s for {words} (mPC {summary.mpc:.2f}, {low:.2f}..{high:.2f})")
    start = time.perf_counter()
    plain_loop(data.top1.reshape(chosen.clips, -1), TIMED)
    plain = (time.perf_counter() - start) * chosen.resamples / TIMED
    print(f"plain loop: {plain:.0f} s for {words} (timed over {TIMED})")


if __name__ == "__main__":
    main()

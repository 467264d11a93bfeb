"""Totals from a sample: exact where everything was measured, intervals that hold."""

import numpy as np
import pytest

from pipeline.tools.plan.estimate import (
    Population,
    choose_sample,
    estimate,
    exactly,
    of_noise,
    of_rounds,
)


def sizes(count: int, rng: np.random.Generator) -> np.ndarray:
    """Clips of 100 to 300 frames, from small to full HD."""
    frames = rng.integers(100, 301, count).astype(float)
    pixels = rng.choice([0.08, 0.31, 0.92, 2.07], count)
    return np.stack([np.ones(count), frames, frames * pixels], axis=1)


def costs(of: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Seconds of clips: some for each clip, frame and source pixel, some by content."""
    return (of @ [0.05, 0.002, 0.003]) * rng.lognormal(0, 0.2, len(of))


def test_noise_of_few_rounds_holds_its_mean_about_as_often_as_it_says() -> None:
    hits = 0
    for trial in range(400):
        rounds = np.random.default_rng(trial).normal(2.0, 0.5, 4)
        interval = of_noise(rounds, 10, "shards").interval()
        hits += interval.low <= 20 <= interval.high
    assert 0.92 < hits / 400 < 0.98


def test_all_clips_measured_is_no_estimate() -> None:
    rng = np.random.default_rng(0)
    every = sizes(10, rng)
    cost = costs(every, rng)
    found = estimate(cost, every, Population(every, 10), "val").interval()
    assert found.low == pytest.approx(cost.sum()) == found.high


@pytest.mark.parametrize("known", [1000, 200])
def test_the_interval_holds_the_total_about_as_often_as_it_says(known: int) -> None:
    """Also where only the sizes of some clips are known, and some of them cannot be read."""
    hits, widths = 0, []
    for trial in range(200):
        rng = np.random.default_rng(trial)
        every = sizes(1000, rng)
        every[rng.random(1000) < 0.1] = 0
        cost = costs(every, rng)
        seen = every[:known]
        chosen = choose_sample(seen, 12, rng)
        found = estimate(cost[chosen], seen[chosen], Population(seen, 1000), "val").interval()
        hits += found.low <= cost.sum() <= found.high
        widths.append((found.high - found.low) / found.value)
    assert hits / 200 > 0.91
    assert np.median(widths) < 0.5


def test_sums_know_what_they_owe_to_the_same_clips() -> None:
    """Errors of one sample add up; those of different samples partly cancel."""
    rng = np.random.default_rng(1)
    every = sizes(500, rng)
    cost = costs(every, rng)
    chosen = choose_sample(every, 12, rng)
    one, same, other = (
        estimate(cost[chosen], every[chosen], Population(every, 500), name)
        for name in ("val", "val", "train")
    )
    width = one.interval().high - one.interval().value
    twice, both = (one + same).interval(), (one + other).interval()
    assert twice.value == both.value == pytest.approx(2 * one.value)
    assert twice.high - twice.value == pytest.approx(2 * width)
    assert both.high - both.value == pytest.approx(2**0.5 * width)
    assert (one + exactly(7)).interval().value == pytest.approx(one.value + 7)


def test_the_draw_has_clips_of_all_sizes_and_no_broken_one() -> None:
    every = sizes(100, np.random.default_rng(2))
    every[::3] = 0
    chosen = choose_sample(every, 10, np.random.default_rng(3))
    assert len(set(chosen.tolist())) == 10
    assert every[chosen, 0].all()
    usable = every[every[:, 0] > 0]
    pixels, counts = np.unique(usable[:, 2] / usable[:, 1], return_counts=True)
    for size, count in zip(pixels, counts, strict=True):
        drawn = int((every[chosen, 2] / every[chosen, 1] == size).sum())
        assert abs(drawn - count * 10 / 66) < 2
    assert len(choose_sample(every, 1000, np.random.default_rng(4))) == 66


def test_rounds_give_the_uncertainty_of_measuring() -> None:
    found = of_rounds([1.0, 1.1, 0.9], 100, "model").interval()
    assert found.value == pytest.approx(100)
    assert found.high - found.value == pytest.approx(4.303 * 100 * 0.1 / 3**0.5, rel=1e-3)

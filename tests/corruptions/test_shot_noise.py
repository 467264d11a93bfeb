"""Shot noise is Poisson: mean, variance, histogram, and no frame like another."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import poisson

from corruptions import SEVERITIES, corrupt
from corruptions.registry import load
from corruptions.spatial._rounding import NEAREST
from corruptions.spatial.shot_noise import LEVELS, _quantiles
from corruptions.types import ClipRandom, Context
from tests.corruptions.reference_clip import flat_clip

SIDE = 224


def exact_histogram(value: int, photons: float, cut: bool = False) -> NDArray[np.float64]:
    """Chance of each level 0..255 after clipping and rounding."""
    mean = value / 255 * photons
    counts = np.arange(int(mean + 40 * mean**0.5) + 60)
    levels = np.floor(255 * counts / photons + (0 if cut else 0.5)).clip(0, 255).astype(int)
    return np.bincount(levels, poisson.pmf(counts, mean), minlength=256)


def variation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return 0.5 * np.abs(first - second).sum()


@pytest.mark.parametrize("photons", [*LEVELS, 0.7, 1000])
def test_table_is_within_half_a_percent_of_the_poisson_distribution(photons: float) -> None:
    table = _quantiles(float(photons), NEAREST).reshape(256, -1)
    worst = 0.0
    for value in range(256):
        found = np.bincount(table[value], minlength=256) / table.shape[1]
        worst = max(worst, variation(found, exact_histogram(value, photons)))
    assert worst < (0.004 if photons <= 60 else 0.011)  # about 1/8 of 4096 per level hit


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("value", [1, 60, 128, 220, 255])
def test_histogram_mean_and_variance(severity: int, value: int) -> None:
    clip = flat_clip(4, SIDE, SIDE, value)
    noisy = corrupt(clip, "shot_noise", severity, key=f"{value}")
    photons = LEVELS[severity - 1]
    expected = exact_histogram(value, photons)
    found = np.bincount(noisy.ravel(), minlength=256) / noisy.size
    assert variation(found, expected) < 0.006  # sampling alone: 0.003
    levels = np.arange(256)
    mean = expected @ levels
    variance = expected @ (levels - mean) ** 2
    spread = (variance / noisy.size) ** 0.5
    assert abs(noisy.mean() - mean) < 5 * spread + 0.004 * variance**0.5
    assert noisy.var() == pytest.approx(variance, rel=0.02)


def test_black_stays_black() -> None:
    assert corrupt(flat_clip(1, 9, 9, 0), "shot_noise", 5).max() == 0


def correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return np.corrcoef(first.ravel().astype(float), second.ravel().astype(float))[0, 1]


def test_frames_severities_keys_and_neighbours_are_independent() -> None:
    clip = flat_clip(2, SIDE, SIDE, 128)
    base = corrupt(clip, "shot_noise", 3, key="a")
    limit = 5 / base[0].size ** 0.5
    assert abs(correlation(base[0], base[1])) < limit
    assert abs(correlation(base[0], corrupt(clip, "shot_noise", 4, key="a")[0])) < limit
    assert abs(correlation(base[0], corrupt(clip, "shot_noise", 3, key="b")[0])) < limit
    assert abs(correlation(base[0, :, 1:], base[0, :, :-1])) < limit
    assert abs(correlation(base[0, 1:], base[0, :-1])) < limit
    assert abs(correlation(base[0, ..., 0], base[0, ..., 1])) < 2 * limit


def test_original_is_darker_by_its_cutting() -> None:
    clip = flat_clip(3, SIDE, SIDE, 100)
    ours, original = (load("shot_noise", dialect) for dialect in ("ours", "original"))
    context = Context(ClipRandom(0, "mini_kinetics", "", "shot_noise", "1"))
    difference = ours.function(clip, 60, context) - original.function(clip, 60, context).astype(int)
    assert set(np.unique(difference)) == {0, 1}
    assert difference.mean() == pytest.approx(0.5, abs=0.1)

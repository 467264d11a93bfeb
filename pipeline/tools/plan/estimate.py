"""Estimates of totals over all clips, with intervals, from measurements of a few.

The cost of a clip is modelled as a + b frames + c source pixels with non-negative coefficients,
fitted to the measured clips and summed over all clips, whose sizes are known (the regression
estimator of survey sampling: W. G. Cochran, Sampling Techniques, chapter 7). The interval is the
jackknife's: it is computed from the residual of each measured clip against the fit to the others,
and covers the uncertainty of having measured few clips; the fixed costs add the noise of their
measurement. It does not cover a machine that is busier or slower at another time, nor cores that
slow each other down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Sizes = NDArray[np.float64]
"""Sizes of clips, shape (N, 3): 1, frames, megapixels of the source; zeros if not usable."""

FRAMES = 1
LEVEL = 0.95


@dataclass(frozen=True)
class Population:
    """Clips over which a total is estimated; the sizes of all or of some of them are known."""

    sizes: Sizes
    count: int
    """Number of clips."""

    @property
    def usable(self) -> float:
        """Estimated number of clips that can be read without an error."""
        return float(self.sizes[:, 0].sum()) * self.count / max(1, len(self.sizes))


@dataclass(frozen=True)
class EstimateInterval:
    """A prediction and its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """An estimated total; errors are kept per sampled clip, so that sums respect correlation."""

    value: float
    errors: Mapping[str, NDArray[np.float64]]
    """Per sample, the contribution of each clip to the error; samples are independent."""
    freedom: int
    """Degrees of freedom of the interval."""

    def __add__(self, other: Self) -> "Estimate":
        errors = dict(self.errors)
        for sample, some in other.errors.items():
            errors[sample] = errors[sample] + some if sample in errors else some
        return Estimate(self.value + other.value, errors, min(self.freedom, other.freedom))

    def interval(self) -> EstimateInterval:
        deviation = np.sqrt(sum(float(some @ some) for some in self.errors.values()))
        half = float(stats.t.ppf((1 + LEVEL) / 2, self.freedom) * deviation)
        return EstimateInterval(self.value, max(0.0, self.value - half), self.value + half)


def exactly(value: float, deviation: float = 0.0, name: str = "") -> Estimate:
    """Return an exactly known quantity, optionally with an independent standard deviation."""
    return Estimate(value, {name: np.array([deviation])} if deviation else {}, 10**6)


def of_noise(rounds: Sequence[float], count: float, name: str) -> Estimate:
    """Return `count` times the mean of repeated measurements, as a small part of a larger sum.

    Their error is independent of the sample, and widened by Student's t for few rounds instead of
    lowering the degrees of freedom of the sum.
    """
    values = np.asarray(rounds)
    few = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) / stats.norm.ppf((1 + LEVEL) / 2)
    deviation = float(values.std(ddof=1) / np.sqrt(len(values)) * few)
    return exactly(max(0.0, float(values.mean())) * count, deviation * count, name)


def of_rounds(rounds: Sequence[float], count: float, name: str) -> Estimate:
    """Return `count` times the mean of repeated measurements, which differ by noise alone."""
    values = np.asarray(rounds)
    errors = (values - values.mean()) * count / np.sqrt(len(values) * max(1, len(values) - 1))
    return Estimate(float(values.mean()) * count, {name: errors}, max(1, len(values) - 1))


def estimate(
    costs: NDArray[np.float64], sampled: Sizes, population: Population, name: str
) -> Estimate:
    """Estimate the total cost of a population from the measured clips of the sample `name`."""
    if population.usable == 0:
        return exactly(0)
    factors = _fit(costs, sampled)
    measured = len(costs)
    others = ~np.eye(measured, dtype=bool)
    missed = np.array(
        [
            costs[index] - sampled[index] @ _fit(costs[rest], sampled[rest])
            for index, rest in enumerate(others)
        ]
    )
    fitted = population.sizes @ factors
    total, num_known, usable = population.count, len(fitted), population.usable
    part = max(0.0, 1 / measured - 1 / usable) / max(1, measured - 1)
    errors = {name: usable * np.sqrt(part) * missed}
    if num_known < total:
        scale = total * np.sqrt((1 / num_known - 1 / total) / (num_known - 1))
        errors[f"{name}: sizes"] = scale * (fitted - fitted.mean())
    value = total * float(fitted.mean()) + usable * float((costs - sampled @ factors).mean())
    return Estimate(value, errors, max(1, measured - int(np.count_nonzero(factors))))


def _fit(costs: NDArray[np.float64], sizes: Sizes) -> NDArray[np.float64]:
    """Fit the cost per clip, frame and megapixel, weighted since longer clips vary more."""
    weights = 1 / np.sqrt(sizes[:, FRAMES])
    factors: NDArray[np.float64] = optimize.nnls(sizes * weights[:, None], costs * weights)[0]
    return factors


def choose_sample(sizes: Sizes, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw the indices of `count` usable clips by systematic sampling.

    Clips are ordered by picture size, then by length, and taken at even steps from a random start.
    Every usable clip has the same probability, and the sample has clips of all sizes.
    """
    usable = np.flatnonzero(sizes[:, 0])
    count = min(count, len(usable))
    frames = sizes[usable, FRAMES]
    order = usable[np.lexsort((frames, sizes[usable, 2] / frames))]
    steps = (np.arange(count) + rng.random()) * len(order) / max(1, count)
    return np.sort(order[steps.astype(np.intp)])

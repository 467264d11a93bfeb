"""Totals over all clips from measurements of a few, with their uncertainty.

What a clip costs is a + b frames + c source pixels, none of the three negative: fitted to the
measured clips and summed over all clips, whose sizes are known (the regression estimator of survey
sampling: W. G. Cochran, Sampling Techniques, chapter 7). The interval comes from how far each
measured clip lies from the fit to the others (the jackknife), so it is the uncertainty of having
measured few clips. It cannot know that a machine is busier or slower at another time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Sizes = NDArray[np.float64]
"""Sizes of clips, one a row: (1, frames, megapixels of the source); zeros if it is not usable."""

FRAMES = 1
LEVEL = 0.95


@dataclass(frozen=True)
class Population:
    """The clips that a total is of; the sizes of all of them are known, or those of some."""

    sizes: Sizes
    count: int
    """Clips in all."""

    @property
    def usable(self) -> float:
        """Clips that are read without an error."""
        return float(self.sizes[:, 0].sum()) * self.count / max(1, len(self.sizes))


@dataclass(frozen=True)
class EstimateInterval:
    """A prediction and where it lies with a confidence of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A total; sums keep what they owe to the same clips."""

    value: float
    errors: Mapping[str, NDArray[np.float64]]
    """Per sample, what each clip of it adds to the error of the total; samples are independent."""
    freedom: int

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
    """What is known beforehand, or up to a `deviation` that has nothing to do with the sample."""
    return Estimate(value, {name: np.array([deviation])} if deviation else {}, 10**6)


def of_rounds(rounds: Sequence[float], count: float, name: str) -> Estimate:
    """`count` times what was measured in several rounds; what differs is the measuring alone."""
    values = np.asarray(rounds)
    errors = (values - values.mean()) * count / np.sqrt(len(values) * max(1, len(values) - 1))
    return Estimate(float(values.mean()) * count, {name: errors}, max(1, len(values) - 1))


def estimate(
    costs: NDArray[np.float64], sampled: Sizes, population: Population, name: str
) -> Estimate:
    """Total cost of a population of which the clips of the sample `name` were measured."""
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
    """Cost of a clip, a frame and a megapixel, none negative; longer clips scatter more."""
    weights = 1 / np.sqrt(sizes[:, FRAMES])
    factors: NDArray[np.float64] = optimize.nnls(sizes * weights[:, None], costs * weights)[0]
    return factors


def choose_sample(sizes: Sizes, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Indices of `count` usable clips, drawn at even steps from small pictures to large ones.

    Among pictures of one size the steps go from short clips to long ones. Every usable clip has the
    same chance; the draw has clips of all sizes in it.
    """
    usable = np.flatnonzero(sizes[:, 0])
    count = min(count, len(usable))
    frames = sizes[usable, FRAMES]
    order = usable[np.lexsort((frames, sizes[usable, 2] / frames))]
    steps = (np.arange(count) + rng.random()) * len(order) / max(1, count)
    return np.sort(order[steps.astype(np.intp)])

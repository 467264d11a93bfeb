"""Comparison of two models on the same clips, with paired bootstrap intervals."""

from dataclasses import dataclass

from .answers import Accounting, Interval, Predictions, account, accuracies
from .bootstrap import RESAMPLES, SEED, percentile_interval, resampled_accuracies
from .robustness import mean_performance, percent_of, relative_performance


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


def compare(
    first: Predictions,
    second: Predictions,
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
        clean_draws, cell_draws = resampled_accuracies(answers, resamples, seed)
        mpc_draws = cell_draws.mean(axis=2).mean(axis=1)
        draws.append((clean_draws, mpc_draws, percent_of(mpc_draws, clean_draws)))
    clean, mpc, rpc = (a - b for a, b in zip(*numbers, strict=True))
    clean_ci, mpc_ci, rpc_ci = (percentile_interval(a - b) for a, b in zip(*draws, strict=True))
    return Difference(clean, clean_ci, mpc, mpc_ci, rpc, rpc_ci, first.num_clips)

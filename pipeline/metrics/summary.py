"""Summary of one model: all metrics with their bootstrap intervals."""

from dataclasses import dataclass

import numpy as np

from .answers import Accounting, Floats, Interval, Predictions, account, accuracies
from .bootstrap import RESAMPLES, SEED, percentile_interval, resampled_accuracies
from .robustness import (
    absolute_robustness,
    mean_performance,
    percent_of,
    relative_above_chance,
    relative_performance,
    relative_robustness,
)


@dataclass(frozen=True)
class Summary:
    """Metrics of one model; accuracies in percent, intervals of 95 %."""

    clean_top1: float
    clean_top1_ci95: Interval
    clean_top5: float | None
    """None, like all top-5 accuracies, if only the best class is known."""
    mpc: float
    mpc_ci95: Interval
    mpc_top5: float | None
    rpc: float
    rpc_ci95: Interval
    chance: float
    """Accuracy of guessing."""
    rpc_corrected: float
    """Chance-corrected rPC."""
    rpc_corrected_ci95: Interval
    gamma_a: float
    gamma_r: float
    accounting: Accounting
    num_clips: int
    """Clips that the accuracies are of."""
    num_clips_common: int
    """Clips that exist in the clean set and in every cell."""
    num_clips_strict: int
    """Listed clips."""
    cells: dict[str, dict[int, float]]
    """Top-1 by corruption and severity."""
    cells_ci95: dict[str, dict[int, Interval]]
    cells_top5: dict[str, dict[int, float]] | None


def summarize(
    predictions: Predictions,
    accounting: Accounting = "common",
    resamples: int = RESAMPLES,
    seed: int = SEED,
    chance: float = 0.0,
) -> Summary:
    """Return the metrics of one model with bootstrap intervals.

    Parameters
    ----------
    predictions : Predictions
        Of all listed clips.
    accounting : {"common", "strict"}
        How missing clips count; see `account`.
    resamples : int
        Number of bootstrap resamples behind the intervals.
    seed : int
        Key of the random generator that draws the clips.
    chance : float
        Accuracy of guessing in percent, 100 over the number of classes, for the corrected rPC.

    Returns
    -------
    Summary
        Accuracies in percent.

    Raises
    ------
    ValueError
        If the accounting is unknown, or if no clip exists in every cell.

    """
    counted = account(predictions, accounting)
    clean, cells = accuracies(counted)
    cells_top5 = None if counted.top5 is None else 100 * np.mean(counted.top5, axis=0)
    clean_draws, cell_draws = resampled_accuracies(counted, resamples, seed)
    mpc = mean_performance(cells)
    mpc_draws = cell_draws.mean(axis=2).mean(axis=1)
    limits = np.percentile(cell_draws, (2.5, 97.5), axis=0)
    return Summary(
        clean_top1=clean,
        clean_top1_ci95=percentile_interval(clean_draws),
        clean_top5=None if counted.clean_top5 is None else 100 * float(np.mean(counted.clean_top5)),
        mpc=mpc,
        mpc_ci95=percentile_interval(mpc_draws),
        mpc_top5=None if cells_top5 is None else mean_performance(cells_top5),
        rpc=relative_performance(mpc, clean),
        rpc_ci95=percentile_interval(percent_of(mpc_draws, clean_draws)),
        chance=chance,
        rpc_corrected=relative_above_chance(mpc, clean, chance),
        rpc_corrected_ci95=_corrected_interval(mpc_draws, clean_draws, chance),
        gamma_a=absolute_robustness(mpc, clean),
        gamma_r=relative_robustness(cells, clean),
        accounting=accounting,
        num_clips=counted.num_clips,
        num_clips_common=int(predictions.everywhere().sum()),
        num_clips_strict=predictions.num_clips,
        cells=_by_name(predictions, cells),
        cells_ci95={
            name: {
                severity: (float(limits[0, row, column]), float(limits[1, row, column]))
                for column, severity in enumerate(predictions.severities)
            }
            for row, name in enumerate(predictions.corruptions)
        },
        cells_top5=None if cells_top5 is None else _by_name(predictions, cells_top5),
    )


def _corrected_interval(mpc: Floats, clean: Floats, chance: float) -> Interval:
    """Return the interval of the corrected rPC; nan if clean accuracies are not above chance."""
    above = np.where(clean > chance, clean - chance, np.nan)
    return percentile_interval(percent_of(mpc - chance, above))


def _by_name(predictions: Predictions, cells: Floats) -> dict[str, dict[int, float]]:
    return {
        name: dict(zip(predictions.severities, row.tolist(), strict=True))
        for name, row in zip(predictions.corruptions, cells, strict=True)
    }

"""Robustness metrics of video models: arrays in, numbers out; all accuracies in percent.

Definitions. With a(c, s) the top-1 accuracy under corruption c at severity s, and P the clean one:

    mPC = mean over c of the mean over s of a(c, s)            rPC = 100 mPC / P
    CE(c) = 100 sum_s (100 - a(c, s)) / sum_s (100 - a_ref(c, s))      mCE = mean over c of CE(c)
    relative CE(c): the same with both errors reduced by the clean error of their own model
    gamma_r = mean over c, s of a(c, s) / P = rPC / 100        gamma_a = 1 - (P - mPC) / 100
    corrected rPC = 100 (mPC - chance) / (P - chance), chance = 100 / classes

Sources: mPC and rPC from Michaelis et al. 2019, Benchmarking Robustness in Object Detection
(section 3.3); CE and relative CE from Hendrycks and Dietterich 2019 (section 4.2); gamma_a and
gamma_r from Schiappa et al. 2023, A Large-Scale Robustness Analysis of Video Action Recognition
Models (section 4).

Metrics beyond accuracy are one module each, headed by definition and source: `calibration`,
`likelihood`, `brier`, `selective`, `flips`, `resistance`, `worst`, `half_severity` and
`effective_robustness`; `measures` computes them all. `significance` states what holds when many
models or cells are compared, `sampling` what a sample of the clips says about all of them.

Clips that could not be produced are accounted for in two ways. `strict`: each counts as wrong where
it is missing, N is the number of listed clips. `common`: a clip that is missing anywhere is left
out everywhere, so that all cells are of the same clips.

Intervals are percentile bootstraps over clips. A resample takes the same clips in every cell and in
every model (cells and models are paired). All counts are integers that float32 represents exactly,
so the intervals do not depend on the machine or its number of threads.
"""

from .answers import (
    Accounting,
    Bools,
    Counts,
    Floats,
    Interval,
    Predictions,
    account,
    accuracies,
)
from .bootstrap import RESAMPLES, SEED, percentile_interval, resampled_counts
from .brier import brier_scores
from .calibration import BINS, Reliability, reliability
from .comparison import Difference, compare, compare_all
from .effective_robustness import LineModels, effective_robustness, fitted_line, line_at
from .flips import flip_shares
from .half_severity import half_severity
from .measures import MEASURES, Measure, accuracy_estimates, output_ratios
from .outputs import Outputs
from .ratios import Estimate, Ratio, difference, estimate_all
from .robustness import (
    CorruptionErrors,
    absolute_robustness,
    corruption_errors,
    mean_performance,
    per_class,
    relative_above_chance,
    relative_performance,
    relative_robustness,
)
from .sampling import SampledEstimate, joined_strata, stratified_estimate
from .selective import RiskCoverage, risk_coverage
from .significance import Family, family, rank_intervals, smallest_difference
from .summary import Summary, summarize
from .worst import worst_cell, worst_class, worst_decile

__all__ = [
    "BINS",
    "MEASURES",
    "RESAMPLES",
    "SEED",
    "Accounting",
    "Bools",
    "CorruptionErrors",
    "Counts",
    "Difference",
    "Estimate",
    "Family",
    "Floats",
    "Interval",
    "LineModels",
    "Measure",
    "Outputs",
    "Predictions",
    "Ratio",
    "Reliability",
    "RiskCoverage",
    "SampledEstimate",
    "Summary",
    "absolute_robustness",
    "account",
    "accuracies",
    "accuracy_estimates",
    "brier_scores",
    "compare",
    "compare_all",
    "corruption_errors",
    "difference",
    "effective_robustness",
    "estimate_all",
    "family",
    "fitted_line",
    "flip_shares",
    "half_severity",
    "joined_strata",
    "line_at",
    "mean_performance",
    "output_ratios",
    "per_class",
    "percentile_interval",
    "rank_intervals",
    "relative_above_chance",
    "relative_performance",
    "relative_robustness",
    "reliability",
    "resampled_counts",
    "risk_coverage",
    "smallest_difference",
    "stratified_estimate",
    "summarize",
    "worst_cell",
    "worst_class",
    "worst_decile",
]

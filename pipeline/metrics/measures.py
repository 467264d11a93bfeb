"""All metrics beyond mPC of all models of a dataset, with paired bootstrap draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .answers import Counts, Floats, Predictions
from .bootstrap import RESAMPLES, SEED, Draws, Reducer, counts_of, group_counts_of, resample
from .brier import brier_ratios
from .calibration import calibration_ratios
from .effective_robustness import LineModels, effective_robustness, line_points
from .flips import flip_ratios
from .half_severity import half_severity
from .likelihood import likelihood_ratios
from .outputs import Outputs, right_columns
from .ratios import Estimate, Ratio, estimate_all
from .resistance import resistance_ratios
from .robustness import errors_by_corruption, percent_of
from .selective import selective_ratios
from .worst import worst_cell, worst_class, worst_decile

Values = dict[str, Floats]
"""Values (R,) by metric, one per resample."""


@dataclass(frozen=True)
class Measure:
    """Description of one metric."""

    title: str
    unit: Literal["%", "points", "nats", "", "severity"]
    better: Literal["higher", "lower", ""]
    needs: Literal["accuracy", "classes", "scores", "models", "reference"]
    """What it is computed from: correct answers, predicted classes, softmax statistics, the
    accuracies of all models, or those of a reference model."""
    group: Literal["accuracy", "stability", "worst case", "calibration", "selective prediction"]
    """Heading under which tables list it."""


MEASURES = {
    "effective_robustness": Measure(
        "effective robustness", "points", "higher", "models", "accuracy"
    ),
    "mce": Measure("mCE", "%", "lower", "reference", "accuracy"),
    "relative_mce": Measure("relative mCE", "%", "lower", "reference", "accuracy"),
    "resist_rate": Measure("resist rate", "%", "higher", "accuracy", "accuracy"),
    "corrected_rate": Measure("corrected rate", "%", "higher", "accuracy", "accuracy"),
    "flip_rate": Measure("flip rate", "%", "lower", "classes", "stability"),
    "temporal_sensitivity": Measure("temporal sensitivity", "%", "", "classes", "stability"),
    "temporal_sensitivity_reverse": Measure(
        "temporal sensitivity, reverse", "%", "", "classes", "stability"
    ),
    "temporal_sensitivity_jumble": Measure(
        "temporal sensitivity, jumble", "%", "", "classes", "stability"
    ),
    "half_severity": Measure("half severity", "severity", "higher", "accuracy", "accuracy"),
    "worst_cell": Measure("worst cell", "%", "higher", "accuracy", "worst case"),
    "worst_class": Measure("worst class", "%", "higher", "accuracy", "worst case"),
    "worst_decile": Measure("worst decile of classes", "%", "higher", "accuracy", "worst case"),
    "ece_clean": Measure("ECE, clean", "%", "lower", "scores", "calibration"),
    "ece": Measure("ECE", "%", "lower", "scores", "calibration"),
    "overconfidence_clean": Measure("overconfidence, clean", "%", "lower", "scores", "calibration"),
    "overconfidence": Measure("overconfidence", "%", "lower", "scores", "calibration"),
    "underconfidence_clean": Measure(
        "underconfidence, clean", "%", "lower", "scores", "calibration"
    ),
    "underconfidence": Measure("underconfidence", "%", "lower", "scores", "calibration"),
    "nll_clean": Measure("NLL, clean", "nats", "lower", "scores", "calibration"),
    "nll": Measure("NLL", "nats", "lower", "scores", "calibration"),
    "brier_clean": Measure("Brier score, clean", "", "lower", "scores", "calibration"),
    "brier": Measure("Brier score", "", "lower", "scores", "calibration"),
    "aurc_clean": Measure("AURC, clean", "%", "lower", "scores", "selective prediction"),
    "aurc": Measure("AURC", "%", "lower", "scores", "selective prediction"),
    "e_aurc_clean": Measure("E-AURC, clean", "%", "lower", "scores", "selective prediction"),
    "e_aurc": Measure("E-AURC", "%", "lower", "scores", "selective prediction"),
    "augrc_clean": Measure("AUGRC, clean", "%", "lower", "scores", "selective prediction"),
    "augrc": Measure("AUGRC", "%", "lower", "scores", "selective prediction"),
}
"""Every metric by its name in result files, in the order of tables."""


def output_ratios(outputs: Outputs) -> dict[str, Ratio]:
    """Return the metrics of predicted classes and softmax statistics that `outputs` allows.

    Parameters
    ----------
    outputs : Outputs
        Of one model.

    Returns
    -------
    dict[str, Ratio]
        By name; a metric whose arrays are missing is not included.

    """
    return {
        **calibration_ratios(outputs),
        **likelihood_ratios(outputs),
        **brier_ratios(outputs),
        **selective_ratios(outputs),
        **flip_ratios(outputs),
    }


def accuracy_estimates(
    models: Mapping[str, Predictions],
    labels: NDArray[np.integer],
    num_classes: int,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    reference: str | None = None,
    line: LineModels = LineModels(),  # noqa: B008 - frozen
) -> dict[str, dict[str, Estimate]]:
    """Return the metrics that are computed from correct answers.

    Parameters
    ----------
    models : Mapping[str, Predictions]
        As returned by `account`, all of the same clips in the same order.
    labels : array (N,) of int
        Class of each clip.
    num_classes : int
        Number of classes, K.
    resamples : int
        Number of bootstrap resamples.
    seed : int
        Key of the random generator that draws the clips.
    reference : str or None
        Model whose errors mCE and relative mCE are measured by; None leaves both out.
    line : LineModels
        Models that the line of effective robustness goes through.

    Returns
    -------
    dict[str, dict[str, Estimate]]
        By model and metric: also `clean_top1` and `mpc`, in percent.

    """
    reducers: list[Reducer] = [counts_of(right_columns(one)) for one in models.values()]
    reducers.append(group_counts_of(_class_counts(models), labels, num_classes))
    *cells, groups = resample(len(labels), resamples, seed, reducers)
    ones = np.ones((1, len(labels)), np.float32)
    found = estimate_all(
        {name: resistance_ratios(one) for name, one in models.items()}, resamples, seed
    )
    standard = None if reference is None else list(models).index(reference)

    def computed(counts: Sequence[Draws], classes: Draws, number: int, one: Predictions) -> Values:
        clean, grid = _percent(counts[number], one)
        values = _accuracies(clean, grid, one, classes[:, :, [0, number + 1]])
        if standard is not None:
            values |= _corruption_errors(clean, grid, *_percent(counts[standard], one))
        return values

    all_clips = [reducer(ones) for reducer in reducers]
    for number, (name, one) in enumerate(models.items()):
        draws = computed(cells, groups, number, one)
        values = computed(all_clips, all_clips[-1], number, one)
        found[name] |= {
            metric: Estimate(float(values[metric][0]), draws[metric]) for metric in values
        }
    _add_effective_robustness(found, line)
    return found


def _class_counts(models: Mapping[str, Predictions]) -> Counts:
    """Return (N, 1 + models): ones, and the number of cells in which each model is right."""
    rights = [one.top1.sum(axis=(1, 2), dtype=np.int64) for one in models.values()]
    return np.stack([np.ones_like(rights[0]), *rights], axis=1)


def _percent(counts: Draws, one: Predictions) -> tuple[Floats, Floats]:
    """Return the clean accuracy (R,) and that of the cells (R, C, S) from counts (R, 1 + C S)."""
    percent = counts.astype(np.float64) * (100 / one.num_clips)
    shape = (len(counts), len(one.corruptions), len(one.severities))
    return percent[:, 0], percent[:, 1:].reshape(shape)


def _corruption_errors(
    clean: Floats, cells: Floats, reference_clean: Floats, reference_cells: Floats
) -> Values:
    ce, relative = errors_by_corruption(cells, clean, reference_cells, reference_clean)
    return {"mce": ce.mean(axis=-1), "relative_mce": relative.mean(axis=-1)}


def _accuracies(clean: Floats, cells: Floats, one: Predictions, groups: Draws) -> Values:
    """Return the metrics (R,) of one model; `groups` are its counts by class (R, K, 2)."""
    right, clips = groups[:, :, 1].astype(np.float64), groups[:, :, 0].astype(np.float64)
    classes = percent_of(right, clips * one.top1[0].size)
    return {
        "clean_top1": clean,
        "mpc": cells.mean(axis=(1, 2)),
        "worst_cell": worst_cell(cells),
        "worst_class": worst_class(classes),
        "worst_decile": worst_decile(classes),
        "half_severity": half_severity(clean, cells.mean(axis=1), one.severities),
    }


def _add_effective_robustness(found: dict[str, dict[str, Estimate]], line: LineModels) -> None:
    """Add the effective robustness of each model; the line is fitted again in every resample."""
    clean, mpc = (
        np.stack([np.append(one[name].draws, one[name].value) for one in found.values()], axis=1)
        for name in ("clean_top1", "mpc")
    )
    above = effective_robustness(clean, mpc, line_points(clean, mpc, list(found), line))
    for number, one in enumerate(found.values()):
        one["effective_robustness"] = Estimate(float(above[-1, number]), above[:-1, number])

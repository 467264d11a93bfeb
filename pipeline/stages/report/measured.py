"""Metrics beyond accuracy of one dataset's models, and the diagrams behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ... import metrics
from ...metrics.answers import Bools, Counts, Floats, Predictions
from ...metrics.calibration import Reliability
from ...metrics.outputs import Outputs
from ...metrics.ratios import Estimate, Ratio
from ...params import Params
from ...storage.paths import DatasetPaths
from .predictions import read_outputs

COVERAGES = np.linspace(0.02, 1, 50)
"""Coverages at which risk-coverage curves are drawn."""


@dataclass(frozen=True)
class Diagrams:
    """Reliability and risk-coverage diagrams of one model, by severity; 0 is the clean set."""

    reliability: Mapping[int, Reliability]
    """Pooled over corruptions."""
    risk: Mapping[int, Floats]
    """Selective risk in percent at COVERAGES, mean over corruptions."""


@dataclass(frozen=True)
class Flips:
    """Clips that are right when clean and wrong under corruption, of one model."""

    classes: NDArray[np.integer] | None
    """(N, 1 + C S), predicted classes of the measured clips."""
    right: Bools
    """(N, 1 + C S)"""


@dataclass(frozen=True)
class Measured:
    """Metrics of all models of a dataset, on the same clips for all of them."""

    estimates: Mapping[str, Mapping[str, Estimate]]
    """By model and metric. A metric that is not listed for a model is not available."""
    diagrams: Mapping[str, Diagrams]
    """By model; only models with softmax statistics."""
    flips: Mapping[str, Flips]
    """By model."""
    num_clips: int
    """Clips that metrics of correct answers are computed from."""
    clips: Counts
    """(N,) indices of the clips that exist in every cell of every model: the clips that metrics of
    predicted classes and softmax statistics are computed from."""


def measure(
    predictions: Mapping[str, Predictions],
    keys: pa.Array,
    labels: NDArray[np.integer],
    num_classes: int,
    params: Params,
    paths: DatasetPaths,
) -> Measured:
    """Compute the metrics of all models; the outputs of one model at a time are in memory."""
    resamples = params.report.bootstrap_resamples
    shared: Bools = np.logical_and.reduce([one.everywhere() for one in predictions.values()])
    strict = params.evaluate.accounting == "strict"
    used = np.ones_like(shared) if strict else shared
    if not used.any():
        raise ValueError(
            f"common accounting: no clip exists in every cell of {', '.join(predictions)}; set "
            "evaluate.accounting to strict, or evaluate the models on the same clips."
        )
    counted = {
        name: metrics.account(_best_class(one, used), params.evaluate.accounting)
        for name, one in predictions.items()
    }
    found = metrics.accuracy_estimates(counted, labels[used], num_classes, resamples)
    del counted
    ratios: dict[str, dict[str, Ratio]] = {}
    diagrams, flips = {}, {}
    for name in predictions if shared.any() else ():
        outputs = read_outputs(name, keys, shared, params, paths)
        ratios[name] = metrics.output_ratios(outputs)
        flips[name] = Flips(_compact(outputs.classes), outputs.right)
        if outputs.confidence is not None:
            diagrams[name] = _diagrams(outputs)
    for name, some in metrics.estimate_all(ratios, resamples).items():
        found[name] |= some
    return Measured(found, diagrams, flips, int(used.sum()), np.flatnonzero(shared))


def _best_class(predictions: Predictions, clips: Bools) -> Predictions:
    """Return the predictions of the clips without the five best classes, which take memory."""
    found = replace(predictions, clean_top5=None, top5=None)
    return found if clips.all() else found.only(clips)


def _compact(classes: NDArray[np.int32] | None) -> NDArray[np.integer] | None:
    """Return the classes in 16 bits where they fit: those of all models are kept in memory."""
    if classes is None or int(classes.max()) >= 2**15:
        return classes
    return classes.astype(np.int16)


def _diagrams(outputs: Outputs) -> Diagrams:
    assert outputs.confidence is not None  # noqa: S101 - the caller checks
    reliability: dict[int, Reliability] = {}
    risk: dict[int, list[Floats]] = {}
    for column in range(outputs.right.shape[1]):
        number = (column - 1) % len(outputs.severities)
        severity = outputs.severities[number] if column else 0
        confidence, right = outputs.confidence[:, column], outputs.right[:, column]
        one = metrics.reliability(confidence, right)
        reliability[severity] = reliability[severity] + one if severity in reliability else one
        curve = 100 * metrics.risk_coverage(confidence, right).selective
        answered = np.maximum(1, np.rint(COVERAGES * len(curve)).astype(int))
        risk.setdefault(severity, []).append(curve[answered - 1])
    return Diagrams(
        reliability, {severity: np.mean(curves, axis=0) for severity, curves in risk.items()}
    )

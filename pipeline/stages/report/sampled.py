"""Estimates for all clips of a dataset of which a stratified sample was evaluated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ... import metrics
from ...errors import StageError
from ...metrics.answers import Accounting, Predictions
from ...metrics.ratios import Ratio
from ...metrics.sampling import SampledEstimate
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths

MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Sampled:
    """What the evaluated sample says of all listed clips."""

    num_clips: int
    """Clips of which the sample was drawn."""
    mpc: Mapping[str, SampledEstimate]
    """By model, in percent."""


def read_sampled(
    paths: DatasetPaths,
    split: str,
    labels: NDArray[np.integer],
    predictions: Mapping[str, Predictions],
    accounting: Accounting,
) -> Sampled | None:
    """Return the estimates of all models; None if all clips of the split are listed."""
    sizes = _read_sizes(paths, split)
    if sizes.sum() <= len(labels):
        return None
    try:
        found = {
            model: estimated_mpc(one, labels, sizes, accounting)
            for model, one in predictions.items()
        }
    except (ValueError, IndexError) as error:
        raise _wrong_sizes(paths) from error
    return Sampled(int(sizes.sum()), found)


def _read_sizes(paths: DatasetPaths, split: str) -> NDArray[np.int64]:
    """Return the number of clips of each class (K,) of which the sample was drawn; else none."""
    stated = manifest.read_metadata(paths.clips).get(schemas.CLASS_SIZES, "{}")
    try:
        found = {int(k): int(count) for k, count in json.loads(stated).get(split, {}).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise _wrong_sizes(paths) from error
    if any(label not in range(MOST_CLASSES) or count < 0 for label, count in found.items()):
        raise _wrong_sizes(paths)
    sizes = np.zeros(1 + max(found, default=0), np.int64)
    sizes[list(found)] = list(found.values())
    return sizes


def _wrong_sizes(paths: DatasetPaths) -> StageError:
    return StageError(
        f"{paths.clips}: the sizes of the classes do not fit its clips; run the filter stage again."
    )


def estimated_mpc(
    predictions: Predictions,
    labels: NDArray[np.integer],
    sizes: NDArray[np.integer],
    accounting: Accounting,
) -> SampledEstimate:
    """Return mPC over all clips, whose classes have `sizes`; classes are the strata."""
    counted = metrics.account(predictions, accounting)
    drawn = labels if accounting == "strict" else labels[predictions.everywhere()]
    shares = counted.top1.mean(axis=2).mean(axis=1)
    return metrics.stratified_estimate(
        Ratio(shares, scale=100), *metrics.joined_strata(drawn, sizes)
    )

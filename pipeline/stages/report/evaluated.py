"""Predictions of one dataset, read from its manifests, with the summary of every model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ... import metrics
from ...datasets.class_list import read_classes
from ...errors import SettingsError, StageError
from ...metrics.answers import Accounting, Bools, Predictions
from ...metrics.comparison import Difference
from ...metrics.effective_robustness import LineModels
from ...metrics.summary import Summary
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .measured import Measured, measure
from .predictions import (
    BENCHMARK,
    labelled,
    models_of,
    read_hardware,
    read_predictions,
    read_protocol,
)
from .result import Result
from .sampled import Sampled, read_sampled
from .submissions import differences


@dataclass(frozen=True)
class Evaluated:
    """Evaluation results of one dataset: predictions and summary of every model."""

    dataset: str
    class_names: tuple[str, ...]
    keys: tuple[str, ...]
    """(N,) listed clips of the evaluated split."""
    labels: NDArray[np.integer]
    """(N,) class of each listed clip."""
    predictions: Mapping[str, Predictions]
    summaries: Mapping[str, Summary]
    protocols: Mapping[str, str]
    """How each model saw the clips: "benchmark", or what differs from the benchmark's protocol."""
    hardware: Mapping[str, dict[str, str] | None]
    """Device and precision of each model; None if its predictions do not state them."""
    measured: Measured
    resamples: int
    """Bootstrap resamples behind every interval."""
    imported: frozenset[str] = frozenset()
    """Models whose predictions another program made."""
    sampled: Sampled | None = None
    """What the clips say of all clips, if they are a sample."""
    external: tuple[Result, ...] = ()
    """External results that are comparable with this run."""
    line: LineModels = LineModels()
    """Models that the line of effective robustness goes through."""

    def label(self, model: str) -> str:
        """Return the name under which a model is compared with others."""
        return labelled(model, self.protocols[model])

    @property
    def corruptions(self) -> tuple[str, ...]:
        return next(iter(self.predictions.values())).corruptions

    @property
    def severities(self) -> tuple[int, ...]:
        return next(iter(self.predictions.values())).severities

    @property
    def accounting(self) -> Accounting:
        return next(iter(self.summaries.values())).accounting

    @cached_property
    def everywhere(self) -> Bools:
        """Clips (N,) for which every model has a prediction in every cell."""
        found: Bools = np.logical_and.reduce(
            [one.everywhere() for one in self.predictions.values()]
        )
        return found

    @property
    def counts(self) -> str:
        """Number of clips that the accuracies are of, or its range where models differ."""
        return ranged(one.num_clips for one in self.summaries.values())

    @property
    def common_counts(self) -> str:
        """Number of clips that exist in every cell, or its range where models differ."""
        return ranged(one.num_clips_common for one in self.summaries.values())

    @cached_property
    def differences(self) -> Mapping[tuple[str, str], Difference]:
        """Differences of all pairs of models, in the order of `predictions`."""
        return metrics.compare_all(self.predictions, self.accounting, self.resamples)

    @cached_property
    def rank_intervals(self) -> Mapping[str, tuple[int, int]]:
        """Best and worst rank of each model by mPC among the models of its protocol.

        All ranks hold together with probability 95 %.
        """
        pairs = {pair: one.mpc_joint for pair, one in self.differences.items()}
        found: dict[str, tuple[int, int]] = {}
        for protocol in dict.fromkeys(self.protocols.values()):
            models = [name for name, one in self.protocols.items() if one == protocol]
            found |= metrics.rank_intervals(
                models, {pair: one for pair, one in pairs.items() if set(pair) <= set(models)}
            )
        return found

    def ranked(self) -> "Evaluated":
        """Return the same with the models in the order of the leaderboard, best mPC first."""
        order = sorted(self.summaries, key=lambda name: (-self.summaries[name].mpc, name))
        return replace(
            self,
            predictions={name: self.predictions[name] for name in order},
            summaries={name: self.summaries[name] for name in order},
        )


def ranged(counts: Iterable[int]) -> str:
    """Return the number, or the range where numbers differ, such as "280 to 300"."""
    found = sorted(set(counts))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def read_evaluated(
    dataset: str, params: Params, paths: DatasetPaths, results: Sequence[Result] = ()
) -> Evaluated:
    """Read the predictions of a dataset's models, then imported ones.

    `results` are all external results; the comparable ones of the dataset are kept.
    """
    models = models_of(dataset, params, paths)
    if not models:
        raise SettingsError(
            f"params.yaml: models.{dataset}: no model to report on; add one and evaluate it."
        )
    clips = manifest.read(paths.clips, schemas.CLIPS, ["key", "split", "label_id"])
    clips = clips.filter(pc.equal(clips["split"], params.evaluate.split))
    keys = clips["key"].combine_chunks()
    predictions = {model: read_predictions(model, keys, params, paths) for model in models}
    names = tuple(read_classes(paths.root / params.filter.sources[dataset].classes))
    labels = clips["label_id"].to_numpy()
    protocols = {model: read_protocol(model, paths) for model in models}
    external = tuple(
        one for one in results if one.dataset == dataset and not differences(one, params)
    )
    line = _line(protocols, external)
    try:
        summaries = {
            model: metrics.summarize(
                one,
                params.evaluate.accounting,
                params.report.bootstrap_resamples,
                chance=100 / len(names),
            )
            for model, one in predictions.items()
        }
        measured = measure(predictions, keys, labels, len(names), params, paths, line)
    except ValueError as error:
        raise StageError(f"{dataset}: {error}") from error
    return Evaluated(
        dataset=dataset,
        class_names=names,
        keys=tuple(keys.to_pylist()),
        labels=labels,
        predictions=predictions,
        summaries=summaries,
        protocols=protocols,
        hardware={model: read_hardware(model, paths) for model in models},
        measured=measured,
        resamples=params.report.bootstrap_resamples,
        imported=frozenset(models) - set(params.models[dataset]),
        sampled=read_sampled(
            paths, params.evaluate.split, labels, predictions, params.evaluate.accounting
        ),
        external=external,
        line=line,
    )


def _line(protocols: Mapping[str, str], external: Sequence[Result]) -> LineModels:
    """Return the models that are compared with each other: those of the benchmark's protocol.

    Without any, models that all have one other protocol are compared with each other only.
    """
    names = frozenset(name for name, one in protocols.items() if one == BENCHMARK)
    if not names and len(set(protocols.values())) == 1:
        return LineModels(frozenset(protocols))
    return LineModels(
        names, tuple(one.clean_top1 for one in external), tuple(one.mpc for one in external)
    )

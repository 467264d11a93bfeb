"""Score of one model on a folder of videos, without a params.yaml: filter, evaluate and report.

The files of the run are in one folder: a params.yaml that does the same by `evaluate` and `report`,
manifests, predictions and the report. No shards are written. The same command resumes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corruptions import SETS, names

from ..errors import SettingsError
from ..io.atomic import write_text
from ..models import registry
from ..params import load
from ..stages.evaluate.evaluate import evaluate
from ..stages.evaluate.load import load_models
from ..stages.filter import filter_clips
from ..stages.report.report import report
from ..storage.paths import DatasetPaths

SPLIT = "val"
HEADER = "# Written by `score`; the same command may write it again.\n"

SECTIONS: dict[str, Any] = {
    "severities": [1, 2, 3, 4, 5],
    "seed": 0,
    "dialect": "ours",
    "synthesize": {
        "train_clips_per_class": 1,
        "val_clips_per_class": 1,
        "num_frames": 32,
        "fps": 25,
        "width": 160,
        "height": 128,
        "broken_per_split": 0,
    },
    "payload": {"codec": "jpeg", "quality": 95, "subsampling": "444"},
    "evaluate": {"frames": 32, "split": SPLIT, "reads": "videos", "accounting": "common"},
    "report": {"bootstrap_resamples": 10000},
}
"""Sections of params.yaml that do not depend on the options: the benchmark's protocol."""

MACHINE: dict[str, Any] = {
    "workers": 0,
    "backend": "loky",
    "device": "auto",
    "precision": "auto",
    "compile": False,
    "batch_size": 16,
    "loader_workers": 0,
    "clip_timeout_seconds": 600,
    "check_payloads": True,
}


@dataclass(frozen=True)
class ScoreRequest:
    """A model and the videos on which it is scored."""

    videos: Path
    """Folder of videos."""
    annotations: Path
    """Kinetics' CSV or Something-Something's JSON of the evaluated split."""
    classes: Path
    """CSV with class_id,class_name."""
    model: str
    """Model of the zoo, `package.module:factory`, a file, or a Hugging Face folder or id."""
    weights: Path | None = None
    labels: Path | None = None
    """File with the names of the model's outputs."""
    corruptions: str = "paper12"
    """Named set, or corruptions separated by commas."""
    clips: int | None = None
    """Size of a stratified sample; None for all listed clips."""


@dataclass(frozen=True)
class Score:
    """Result of a score."""

    dataset: str
    model: str
    metrics: Mapping[str, Any]
    """The model's entry in metrics.json, in percent."""
    page: Path
    params: Path

    @property
    def sentence(self) -> str:
        """Return mPC with its interval and the number of clips; of a sample, for all clips."""
        values = self.metrics
        drawn = f"{values['num_clips']:,} of {values['num_clips_listed']:,} clips"
        if "estimate" in values:
            values = values["estimate"]
            drawn += f", a stratified sample of {values['num_clips']:,}"
        low, high = values["mpc_ci95"]
        return (
            f"mPC {values['mpc']:.1f} % on {self.metrics['set']}, 95 % interval {low:.1f} to "
            f"{high:.1f} ({high - low:.1f} points wide), over {drawn}"
        )


def score(request: ScoreRequest, folder: Path) -> Score:
    """Score a model; write everything below `folder`.

    Raises
    ------
    SettingsError
        If an option is wrong, or `folder` holds a params.yaml that this function did not write.
    StageError
        If more than a fifth of the clips is not usable.

    """
    path = folder / "params.yaml"
    if path.is_file() and not path.read_text().startswith(HEADER):
        raise SettingsError(
            f"{path}: not written by `score`; choose another folder with --output, or move it."
        )
    values = settings_of(request)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, HEADER + yaml.safe_dump(values, sort_keys=False, width=88))
    params = load(path)
    (dataset,) = params.datasets
    (model,) = params.models[dataset]
    size = params.decode.pictures[dataset].crop
    _, failed = load_models(dataset, params, DatasetPaths(folder, dataset), size)
    if failed:  # known before the videos are read
        raise failed[model]
    filter_clips(params, folder, dataset)
    evaluate(params, folder, dataset)
    report(params, folder)
    found = _metrics(folder, dataset, model)
    return Score(dataset, model, found, folder / "report/index.html", path)


def settings_of(request: ScoreRequest) -> dict[str, Any]:
    """Return the values of the params.yaml of a score, with absolute paths."""
    suffix = request.annotations.suffix.lower()
    if suffix not in (".csv", ".json"):
        raise SettingsError(
            f"--annotations: unknown format (got {request.annotations.name!r}); give the CSV of "
            "Kinetics or the JSON of Something-Something-V2."
        )
    dataset, picture = (
        ("mini_kinetics", {"short_side": 256, "crop": 224, "clips_per_shard": 64})
        if suffix == ".csv"
        else ("mini_ssv2", {"short_side": 256, "crop": 224, "clips_per_shard": 256})
    )
    if request.model in registry.names() and request.weights is None:
        raise SettingsError(
            f"--weights: {request.model} has no weights of its own; give a checkpoint."
        )
    source: dict[str, Any] = {
        "format": "kinetics" if suffix == ".csv" else "ssv2",
        "videos": str(request.videos.resolve()),
        "annotations": str(request.annotations.resolve().parent),
        "classes": str(request.classes.resolve()),
        "splits": {SPLIT: request.annotations.name},
    }
    if request.clips is not None:
        source["clips"] = request.clips
    model: dict[str, Any] = {"model": _resolved(request.model)}
    for key, path in (("weights", request.weights), ("labels", request.labels)):
        if path is not None:
            model[key] = str(path.resolve())
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(request.model).name) or "model"
    return {
        "datasets": [dataset],
        "corruptions": list(_corruptions(request.corruptions)),
        "models": {dataset: {name: model}},
        "filter": {
            "min_frames": 8,
            "max_pixels": 35389440,
            "allowed_failures": 0.2,
            "sources": {dataset: source},
        },
        "decode": {"max_frames": 3000, "allowed_failures": 0.02, "pictures": {dataset: picture}},
        "corrupt": {
            "frames": "all",
            "split": SPLIT,
            "levels": {dataset: dataset},
            "allowed_failures": 0.02,
        },
        "train": {dataset: {}},
        **SECTIONS,
        "machine": MACHINE,
    }


def _resolved(model: str) -> str:
    """Return a model that is a path as an absolute path: the run has a folder of its own."""
    path = Path(model)
    return str(path.resolve()) if path.exists() else model


def _corruptions(text: str) -> Sequence[str]:
    found: list[str] = []
    for name in text.split(","):
        if name not in SETS and name not in names():
            raise SettingsError(
                f"--corruptions: unknown corruption or set {name!r}; choose from the sets "
                f"{', '.join(SETS)}, or {', '.join(names())}."
            )
        found += SETS.get(name, (name,))
    return list(dict.fromkeys(found))


def _metrics(folder: Path, dataset: str, model: str) -> Mapping[str, Any]:
    values = json.loads((folder / "report/metrics.json").read_text())
    found: Mapping[str, Any] = values[dataset][model]
    return found

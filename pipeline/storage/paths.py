"""Paths of all inputs and outputs of a dataset."""

from dataclasses import dataclass
from pathlib import Path

import corruptions

from .shards import shard_name


@dataclass(frozen=True)
class DatasetPaths:
    """Paths of one dataset below the project's folder."""

    root: Path
    """Folder of params.yaml."""
    dataset: str

    @property
    def clips(self) -> Path:
        """Return the manifest of listed clips."""
        return self.manifests / "clips.parquet"

    @property
    def manifests(self) -> Path:
        """Return the folder of the dataset's manifests."""
        return self.root / "manifests" / self.dataset

    @property
    def predictions(self) -> Path:
        """Return the folder of the predictions, one file per model."""
        return self.manifests / "predictions"

    @property
    def imported(self) -> Path:
        """Return the folder of imported predictions, one file per model, which git tracks."""
        return self.root / "manifests/results/predictions" / self.dataset

    def imported_models(self) -> list[str]:
        """Return the models with imported predictions, sorted."""
        return sorted(path.stem for path in self.imported.glob("*.parquet"))

    def predictions_of(self, model: str) -> Path:
        """Return the predictions of a model: imported, or written by the evaluate stage."""
        imported = self.imported / f"{model}.parquet"
        return imported if imported.is_file() else self.predictions / f"{model}.parquet"

    @property
    def data(self) -> Path:
        """Return the folder of videos, shards and weights."""
        return self.root / "data" / self.dataset

    def lock(self, work: str) -> Path:
        """Return the lock of a stage, which one run at a time may hold."""
        return self.data / f".{work}.lock"

    def manifest(self, corruption: str) -> Path:
        """Return the manifest of a corruption (all severities), or of the clean set."""
        return self.manifests / f"{corruption}.parquet"

    def clean_folder(self, split: str) -> Path:
        """Return the folder of the clean shards of a split."""
        return self.data / "clean" / split

    def clean_shard(self, split: str, index: int) -> Path:
        """Return a clean shard."""
        return self.clean_folder(split) / shard_name(self.dataset, "clean", 0, index)

    def cell_folder(self, corruption: str, severity: int) -> Path:
        """Return the folder of the shards of a cell."""
        return self.data / "corrupted" / corruption / str(severity)

    def cell_shard(self, corruption: str, severity: int, index: int) -> Path:
        """Return a shard of a cell."""
        name = shard_name(self.dataset, corruption, severity, index)
        return self.cell_folder(corruption, severity) / name

    def trained(self, model: str) -> Path:
        """Return the folder of a trained model."""
        return self.data / "train" / model

    def weights(self, model: str) -> Path:
        """Return the weights that the train stage writes."""
        return self.trained(model) / "weights.pt"

    def answers(self, model: str, corruption: str, severity: int) -> Path:
        """Return the part of a model's predictions that holds one cell."""
        return self.data / "evaluate" / model / f"{corruption}-{severity}.parquet"

    def unit_answers(self, model: str, corruption: str, index: int) -> Path:
        """Return a model's predictions for one corruption of one unit, made from videos."""
        return self.data / "evaluate" / model / corruption / f"{index:06d}.parquet"

    def unit_clips(self, corruption: str, index: int) -> Path:
        """Return the record of the clips of one corruption of one unit, made from videos."""
        return self.data / "evaluate" / ".clips" / corruption / f"{index:06d}.parquet"

    def evaluated(self, corruption: str) -> Path:
        """Return the record of the clips of a corruption that were made from videos."""
        return self.predictions / "clips" / f"{corruption}.parquet"

    def input_record(self, reads: str, name: str) -> Path:
        """Return the record of a manifest that an evaluation reads, for DVC."""
        return self.data / "inputs" / reads / f"{name}.json"

    @property
    def evaluation(self) -> Path:
        """Return the record of the files that the predictions are made from, for DVC."""
        return self.root / "data/evaluated" / f"{self.dataset}.json"

    def relative(self, path: Path) -> str:
        """Return a path as manifests record it: relative to the project's folder."""
        return path.relative_to(self.root).as_posix()


def writing_stage(path: Path) -> str | None:
    """Return the stage that writes a manifest of this name; None for a name that none writes."""
    if path.parent.name == "predictions":
        return "evaluate"
    if path.stem in corruptions.names():
        return "corrupt"
    return {"clips.parquet": "filter", "clean.parquet": "decode"}.get(path.name)

"""Where things lie below the project's folder: one place for every path of the data flow."""

from dataclasses import dataclass
from pathlib import Path

from .shards import shard_name


@dataclass(frozen=True)
class DatasetPaths:
    """Paths of one dataset."""

    root: Path
    dataset: str

    @property
    def clips(self) -> Path:
        """Manifest of every listed clip."""
        return self.manifests / "clips.parquet"

    @property
    def manifests(self) -> Path:
        return self.root / "manifests" / self.dataset

    @property
    def predictions(self) -> Path:
        return self.manifests / "predictions"

    @property
    def data(self) -> Path:
        return self.root / "data" / self.dataset

    def lock(self, work: str) -> Path:
        """Lock of a piece of work, which one run at a time may do."""
        return self.data / f".{work}.lock"

    def manifest(self, corruption: str) -> Path:
        """Manifest of a corruption (all severities), or of the clean set."""
        return self.manifests / f"{corruption}.parquet"

    def clean_folder(self, split: str) -> Path:
        return self.data / "clean" / split

    def clean_shard(self, split: str, index: int) -> Path:
        return self.clean_folder(split) / shard_name(self.dataset, "clean", 0, index)

    def cell_folder(self, corruption: str, severity: int) -> Path:
        return self.data / "corrupted" / corruption / str(severity)

    def cell_shard(self, corruption: str, severity: int, index: int) -> Path:
        name = shard_name(self.dataset, corruption, severity, index)
        return self.cell_folder(corruption, severity) / name

    def trained(self, model: str) -> Path:
        """Folder of a trained model."""
        return self.data / "train" / model

    def weights(self, model: str) -> Path:
        """Weights that the train stage wrote."""
        return self.trained(model) / "weights.pt"

    def answers(self, model: str, corruption: str, severity: int) -> Path:
        """Part of a model's predictions: one cell."""
        return self.data / "evaluate" / model / f"{corruption}-{severity}.parquet"

    def relative(self, path: Path) -> str:
        """A path as manifests hold it: relative to the project's folder."""
        return path.relative_to(self.root).as_posix()

"""Facts about a dataset, read from its parameters and manifests, and the files that hold it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..params import Params, set_name
from ..settings import SourceSettings
from ..storage import manifest, payload, schemas
from ..storage.paths import DatasetPaths
from ..storage.rows import CellRow, ClipRow
from .about import About
from .software import Software, software


@dataclass(frozen=True)
class ShardFile:
    """A shard: one tar file of clips of one cell."""

    name: str
    """Path relative to the project's folder, as the manifests record it."""
    url: str
    """Path relative to the description of the dataset."""
    size: int
    sha256: str
    corruption: str
    severity: int
    recipe: str
    """Hash of everything that determines its bytes."""


@dataclass(frozen=True)
class ManifestFile:
    """A manifest: `clips`, `clean` or a corruption."""

    name: str
    """Path relative to the project's folder."""
    url: str
    path: Path
    schema: schemas.Schema[ClipRow] | schemas.Schema[CellRow]

    @property
    def stem(self) -> str:
        """Name of the manifest, such as "fog"."""
        return self.path.stem


@dataclass(frozen=True)
class DatasetFacts:
    """What is known about a dataset without asking people."""

    dataset: str
    params: Params
    software: Software
    classes: tuple[str, ...]
    listed: dict[str, int]
    """Clips that the annotations list, by split."""
    usable: dict[str, int]
    """Clips with a usable video, by split."""
    corruptions: tuple[str, ...]
    severities: tuple[int, ...]
    num_clips: int
    """Stored clips, of the clean set and of all cells."""

    @property
    def source(self) -> SourceSettings:
        """Format and paths of the videos and annotations."""
        return self.params.filter.sources[self.dataset]

    def preprocessing(self) -> str:
        """Return how clean clips are made, as a sentence."""
        picture = self.params.decode.pictures[self.dataset]
        return (
            f"Every video is decoded once, scaled to a short side of {picture.short_side} pixels, "
            f"cropped to the central {picture.crop} x {picture.crop} pixels and stored as "
            f"{payload.describe(self.params.payload)}."
        )

    def manipulation(self) -> str:
        """Return how corrupted clips are made, as a sentence."""
        params = self.params
        if not self.corruptions:
            return "No clip is corrupted."
        severities = ", ".join(map(str, self.severities))
        return (
            f"The {params.corrupt.split} split is corrupted by {', '.join(self.corruptions)} (set "
            f"{set_name(params, self.corruptions)}) at severities {severities}, dialect "
            f"{params.dialect}, seed {params.seed}. Random numbers depend on seed, dataset, clip, "
            "corruption, severity and frame only."
        )

    def missing(self) -> str:
        """Return how many listed clips cannot be used, as a sentence."""
        counts = "; ".join(
            f"{split}: {self.usable.get(split, 0)} of {listed} listed clips are usable"
            for split, listed in sorted(self.listed.items())
        )
        return f"{counts}. clips.parquet has a reason for every other one."


def read_facts(
    paths: DatasetPaths,
    params: Params,
    classes: Sequence[str],
    corruptions: Sequence[str],
    severities: Sequence[int],
    num_clips: int,
) -> DatasetFacts:
    """Read the facts about a dataset, or about some of its corruptions and severities."""
    rows: list[ClipRow] = manifest.read_rows(paths.clips, schemas.CLIPS, ["split", "status"])
    return DatasetFacts(
        dataset=paths.dataset,
        params=params,
        software=software(),
        classes=tuple(classes),
        listed=dict(Counter(row["split"] for row in rows)),
        usable=dict(Counter(row["split"] for row in rows if row["status"] == "ok")),
        corruptions=tuple(corruptions),
        severities=tuple(severities),
        num_clips=num_clips,
    )


def manifest_files(
    paths: DatasetPaths, corruptions: Sequence[str], *, folder: str
) -> list[ManifestFile]:
    """Return the manifests of the clips, of the clean set and of some corruptions.

    `folder` is where they are, relative to the description of the dataset.
    """
    names = ("clips", schemas.CLEAN, *corruptions)
    return [
        ManifestFile(
            name=paths.relative(paths.manifest(name)),
            url=f"{folder}/{name}.parquet",
            path=paths.manifest(name),
            schema=schemas.CLIPS if name == "clips" else schemas.CELLS,
        )
        for name in names
    ]


@dataclass(frozen=True)
class Described:
    """Everything that Croissant and the dataset card are written from."""

    about: About
    facts: DatasetFacts
    manifests: tuple[ManifestFile, ...]
    shards: tuple[ShardFile, ...]

"""Input of a format writer: the clips of one shard, and the whole export."""

from dataclasses import dataclass
from pathlib import Path

from ...execution.ticks import clip_done
from ...metadata.about import About
from ...params import Params
from ...settings import PayloadSettings
from ...storage.paths import DatasetPaths
from ...storage.shards import read_member
from .registry import Link
from .selection import ExportCell, ExportClip, ExportShard

MARKS = ".done"
"""Folder of the completion markers of an export."""


@dataclass(frozen=True)
class File:
    """A file or folder written for a shard."""

    name: str
    """Its path below the task's folder."""
    size: int
    """Bytes of a file; number of files in a folder."""
    samples: int
    """Number of clips in it."""
    sha256: str = ""
    """Hash of the file, if the format's index needs it."""


@dataclass(frozen=True)
class ExportTask:
    """Clips of one shard to write in a format."""

    format: str
    corruption: str
    severity: int
    shard: Path
    clips: tuple[ExportClip, ...]
    folder: Path
    """Output folder of this cell."""
    mark: Path
    """Completion marker of this shard."""
    recipe: str
    link: Link
    classes: tuple[str, ...]
    payload: PayloadSettings

    def read(self, clip: ExportClip) -> bytes:
        """Read the clip's video file and check it against the manifest's hash."""
        clip_done()
        return read_member(self.shard, clip.offset, clip.size, clip.sha256)


@dataclass(frozen=True)
class Export:
    """A part of a dataset's grid in one format, below one folder."""

    format: str
    folder: Path
    cells: tuple[ExportCell, ...]
    classes: tuple[str, ...]
    """Class names; a clip's label is an index into this list."""
    link: Link
    params: Params
    paths: DatasetPaths
    """Paths of the dataset in the project."""
    about: About | None
    """Statements of people about the dataset; None if there are none and the format needs none."""

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.paths.dataset

    def summary(self) -> str:
        """Return a sentence with the numbers of clips and bytes, and of clips left out."""
        clips = sum(1 for cell in self.cells for _ in cell.clips)
        stored = sum(len(shard.clips) for cell in self.cells for shard in cell.shards)
        size = sum(clip.size for cell in self.cells for clip in cell.clips)
        failed = sum(cell.num_failed for cell in self.cells)
        text = f"{self.format}: {clips:,} clips of {len(self.cells)} cells, {size / 1e9:,.3f} GB"
        if failed:
            text += f"; {failed:,} failed clips left out"
        if stored > clips:
            text += f"; {stored - clips:,} clips left out that some cell lacks"
        return f"{text}."

    def mark(self, store: str, cell: ExportCell, shard: ExportShard) -> Path:
        """Return the path of a shard's completion marker."""
        return self.marks(store) / cell.folder / f"{shard.path.stem}.json"

    def marks(self, store: str) -> Path:
        """Return the folder of the completion markers of one folder of files."""
        return self.folder / MARKS / store

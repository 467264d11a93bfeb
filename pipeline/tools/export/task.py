"""What a format gets to see: the clips of one shard to write, and the export as a whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...settings import PayloadSettings
from ...storage.shards import read_member
from .selection import ExportCell, ExportClip, ExportShard

Link = Literal["hard", "symbolic", "copy"]


@dataclass(frozen=True)
class File:
    """A file or folder that came out of a shard."""

    name: str
    """Its path below the task's folder."""
    size: int
    """Bytes of a file; number of files of a folder."""
    samples: int
    """Clips in it."""
    sha256: str = ""
    """Where the format's index wants it."""


@dataclass(frozen=True)
class ExportTask:
    """Clips of one shard, on their way into files of a format."""

    format: str
    corruption: str
    severity: int
    shard: Path
    clips: tuple[ExportClip, ...]
    folder: Path
    """Where the files go: they belong to this cell."""
    mark: Path
    recipe: str
    link: Link
    classes: tuple[str, ...]
    payload: PayloadSettings

    def read(self, clip: ExportClip) -> bytes:
        """The clip's video file, checked against the manifest's hash."""
        return read_member(self.shard, clip.offset, clip.size, clip.sha256)


@dataclass(frozen=True)
class Export:
    """A part of a dataset's grid in one format, below one folder."""

    format: str
    folder: Path
    cells: tuple[ExportCell, ...]
    classes: tuple[str, ...]
    """Class names; a clip's label is a place in this list."""
    link: Link
    payload: PayloadSettings

    def words(self) -> str:
        """How much it is, and what is left out."""
        clips = sum(1 for cell in self.cells for _ in cell.clips)
        stored = sum(len(shard.clips) for cell in self.cells for shard in cell.shards)
        size = sum(clip.size for cell in self.cells for clip in cell.clips)
        failed = sum(cell.num_failed for cell in self.cells)
        text = f"{self.format}: {clips:,} clips of {len(self.cells)} cells, {size / 1e9:,.3f} GB"
        if failed:
            text += f"; {failed:,} left out that could not be made"
        if stored > clips:
            text += f"; {stored - clips:,} left out that not every cell has"
        return f"{text}."

    def mark(self, store: str, cell: ExportCell, shard: ExportShard) -> Path:
        """File that says what came out of a shard."""
        return self.marks(store) / cell.folder / f"{shard.path.stem}.json"

    def marks(self, store: str) -> Path:
        return self.folder / ".done" / store

"""Options of a mirror, and its result."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...storage.mirror_manifest import MirrorRow
from .apply import MEMORY_BYTES, TIMEOUT_SECONDS
from .listed import PATH_COLUMN

Others = Literal["leave", "link", "copy"]
"""Files that are not videos: they stay away, or are linked or copied to the mirror."""


@dataclass(frozen=True)
class MirrorOptions:
    """Options of a mirror; the defaults are those of the command."""

    lossless: bool = False
    """FFV1 instead of visually lossless H.264."""
    others: Others = "leave"
    follow_links: bool = False
    """Follow links that point outside of the input folder."""
    root: Path | None = None
    """Folder that the paths of a list start from; None is the folder of the list."""
    path_column: str = PATH_COLUMN
    key_column: str | None = None
    workers: int = 0
    """Videos at once; 0 is one per core."""
    memory_bytes: int = MEMORY_BYTES
    """Largest size of the decoded frames that each worker holds."""
    timeout_seconds: float = TIMEOUT_SECONDS
    force: bool = False
    """Overwrite existing files."""


@dataclass(frozen=True)
class Mirrored:
    """Result of a mirror."""

    manifest: Path
    rows: list[MirrorRow]
    """One row per video and cell of this run."""
    num_resumed: int
    """Rows that an earlier run had completed."""
    num_others: int
    """Files other than videos that were linked or copied."""

    @property
    def failed(self) -> list[MirrorRow]:
        """Rows without an output."""
        return [row for row in self.rows if row["status"] != "ok"]

"""Clips as plain video files, once for all formats that list video files."""

from typing import Literal

from ...io.atomic import atomic
from .selection import ExportCell, ExportClip
from .task import ExportTask, File

FOLDER = "videos"
UNIT: Literal["clip"] = "clip"


def write_shard(task: ExportTask) -> list[File]:
    """Write every clip of a shard as a file, byte by byte as it is stored."""
    files = []
    for clip in task.clips:
        file = File(f"{clip.key}.{clip.extension}", clip.size, 1)
        with atomic(task.folder / file.name) as temporary:
            temporary.write_bytes(task.read(clip))
        files.append(file)
    return files


def path(cell: ExportCell, clip: ExportClip) -> str:
    """A clip's file, as lists name it: relative to the export's folder."""
    return f"{FOLDER}/{cell.folder}/{clip.key}.{clip.extension}"

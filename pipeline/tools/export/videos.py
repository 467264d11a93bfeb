"""Clips as plain video files, shared by all formats that list video files."""

from typing import Literal

from ...io.atomic import atomic
from .selection import ExportCell, ExportClip
from .task import ExportTask, File

FOLDER = "videos"
UNIT: Literal["clip"] = "clip"


def write_shard(task: ExportTask) -> list[File]:
    """Write every clip of a shard as a file with the bytes that are stored."""
    files = []
    for clip in task.clips:
        file = File(f"{clip.key}.{clip.extension}", clip.size, 1)
        with atomic(task.folder / file.name) as temporary:
            temporary.write_bytes(task.read(clip))
        files.append(file)
    return files


def path(cell: ExportCell, clip: ExportClip) -> str:
    """Return a clip's file relative to the export's folder, as lists name it."""
    return f"{FOLDER}/{cell.folder}/{clip.key}.{clip.extension}"

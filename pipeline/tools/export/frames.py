"""Clips as folders of JPEG frames, shared by all formats that list such folders.

Frames are numbered from 1: img_00001.jpg, img_00002.jpg, ...
"""

import shutil
from typing import Literal

from .jpegs import jpegs
from .selection import ExportCell, ExportClip
from .task import ExportTask, File

FOLDER = "frames"
UNIT: Literal["clip"] = "clip"


def write_shard(task: ExportTask) -> list[File]:
    """Write every clip of a shard as a folder, by renaming a complete temporary one."""
    files = []
    for clip in task.clips:
        folder = task.folder / clip.key
        temporary = folder.with_name(f".{clip.key}.tmp")
        for old in (temporary, folder):  # of a killed run; of an older recipe
            if old.is_dir():
                shutil.rmtree(old)
        temporary.mkdir(parents=True)
        for number, frame in enumerate(jpegs(task, clip), 1):
            (temporary / f"img_{number:05}.jpg").write_bytes(frame)
        temporary.rename(folder)
        files.append(File(clip.key, clip.num_frames, 1))
    return files


def path(cell: ExportCell, clip: ExportClip) -> str:
    """Return a clip's folder relative to the export's folder, as lists name it."""
    return f"{FOLDER}/{cell.folder}/{clip.key}"

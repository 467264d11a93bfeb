"""Clips as folders of JPEG frames, once for all formats that list such folders.

Frames count from 1: img_00001.jpg, img_00002.jpg, ...
"""

import shutil
from typing import Literal

from .jpegs import jpegs
from .selection import ExportCell, ExportClip
from .task import ExportTask, File

FOLDER = "frames"
UNIT: Literal["clip"] = "clip"


def write_shard(task: ExportTask) -> list[File]:
    """Write every clip of a shard as a folder, which appears whole."""
    files = []
    for clip in task.clips:
        folder = task.folder / clip.key
        temporary = folder.with_name(f".{clip.key}.tmp")
        for left in (temporary, folder):  # of a killed run; of an older recipe
            if left.is_dir():
                shutil.rmtree(left)
        temporary.mkdir(parents=True)
        for number, frame in enumerate(jpegs(task, clip), 1):
            (temporary / f"img_{number:05}.jpg").write_bytes(frame)
        temporary.rename(folder)
        files.append(File(clip.key, clip.num_frames, 1))
    return files


def path(cell: ExportCell, clip: ExportClip) -> str:
    """A clip's folder, as lists name it: relative to the export's folder."""
    return f"{FOLDER}/{cell.folder}/{clip.key}"

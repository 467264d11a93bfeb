"""H.264 copies with one CSV per cell, to look at: browsers and players open them.

They look the same as the stored clips and are not their pixels; `plain` has those.
"""

import io
from fractions import Fraction
from typing import Literal

import av
import numpy as np

from ....io.atomic import atomic
from ....settings import PayloadSettings
from ....storage import payload
from ..lists import cell_lists
from ..selection import ExportCell, ExportClip
from ..task import Export, ExportTask, File

FOLDER = "playable"
UNIT: Literal["clip"] = "clip"

LOOKS_THE_SAME = PayloadSettings(codec="h264", crf=16)


def write_shard(task: ExportTask) -> list[File]:
    """Write every clip of a shard as H.264 in mp4."""
    files = []
    for clip in task.clips:
        data = task.read(clip)
        frames = payload.read_payload(data)
        height, width = frames.shape[1:3]
        even = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))  # as 4:2:0 needs it
        made = payload.write_payload(
            np.pad(frames, even, mode="edge"), Fraction(clip.fps), LOOKS_THE_SAME, _times(data)
        )
        file = File(f"{clip.key}.mp4", len(made), 1)
        with atomic(task.folder / file.name) as temporary:
            temporary.write_bytes(made)
        files.append(file)
    return files


def _times(data: bytes) -> tuple[Fraction, ...]:
    """Return when each frame of a clip is shown and when the last one ends, in seconds."""
    with av.open(io.BytesIO(data), mode="r", options=payload.PLAIN) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        shown = sorted(
            (packet.pts or 0, packet.duration or 0, packet.time_base) for packet in packets
        )
    first = shown[0][0]
    last, length, tick = shown[-1]
    length = length or (last - first) // max(1, len(shown) - 1) or 1
    return (*((start - first) * tick for start, _, _ in shown), (last + length - first) * tick)


def _path(cell: ExportCell, clip: ExportClip) -> str:
    return f"{FOLDER}/{cell.folder}/{clip.key}.mp4"


def _line(cell: ExportCell, clip: ExportClip) -> str:
    return f"{_path(cell, clip)},{clip.label},{clip.key},{clip.num_frames},{clip.fps:g}"


def index(export: Export) -> dict[str, str]:
    """Return lists with a header; paths are relative to the export's folder."""
    return cell_lists(export, _line, "path,label,key,num_frames,fps\n", "csv")

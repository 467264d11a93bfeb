"""Rows of clips.parquet: the record of one listed clip and of its video file."""

from dataclasses import dataclass
from typing import Literal

from ..media.source import SourceInfo
from ..storage.schemas import ClipRow
from .annotations import ListedClip


@dataclass(frozen=True)
class FoundClip:
    """A listed clip, its file and the file's published hash."""

    clip: ListedClip
    file: str | None
    """Path relative to the folder of videos; None if no file was found."""
    checksum: str | None
    """SHA-256 that the dataset's authors state, in hex; None if they state none."""


@dataclass(frozen=True)
class ProbeResult:
    """What reading the file of a listed clip showed."""

    status: Literal["ok", "missing", "broken"]
    reason: str = ""
    """Why the clip is not usable; empty if it is."""
    size: int | None = None
    """Bytes of the file."""
    sha256: str | None = None
    """Hash of the file, in hex."""
    video: SourceInfo | None = None
    """Properties of the video stream of a usable clip."""
    rotation: int | None = None
    """Rotation for display, counter-clockwise, 0..359 degrees."""


def clip_row(dataset: str, found: FoundClip, result: ProbeResult) -> ClipRow:
    """Return the row of a listed clip; columns that are not known are left out."""
    clip = found.clip
    row: ClipRow = {
        "key": clip.key,
        "clip_id": clip.key,
        "dataset": dataset,
        "split": clip.split,
        "label_id": clip.label_id,
        "label_name": clip.label_name,
        "source_label_id": clip.source_label_id,
        "status": result.status,
        "reason": result.reason,
        "source_path": found.file,
    }
    if result.size is not None:
        row["source_size"] = result.size
    if result.sha256 is not None:
        row["source_sha256"] = result.sha256
    if result.video is not None and result.rotation is not None:
        row |= _video_columns(result.video, result.rotation)
    return row


def _video_columns(video: SourceInfo, rotation: int) -> ClipRow:
    return {
        "container": video.container,
        "codec": video.codec,
        "pix_fmt": video.pix_fmt,
        "width": video.width,
        "height": video.height,
        "rotation": rotation,
        "fps_num": video.fps.numerator,
        "fps_den": video.fps.denominator,
        "num_frames": video.num_packets,
        "duration_seconds": float(video.num_packets / video.fps),
        "bit_rate": video.bit_rate,
    }

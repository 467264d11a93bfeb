"""Rows of clips.parquet: the record of one listed clip and of its video file."""

from dataclasses import dataclass
from typing import Literal, TypedDict

from ..media.source import SourceInfo
from .annotations import ListedClip


class VideoColumns(TypedDict):
    """Columns of clips.parquet about the video stream of a file."""

    container: str | None
    codec: str | None
    pix_fmt: str | None
    width: int | None
    height: int | None
    rotation: int | None
    fps_num: int | None
    fps_den: int | None
    num_frames: int | None
    duration_seconds: float | None
    bit_rate: int | None


class ClipRow(VideoColumns):
    """One row of clips.parquet; the schema is `pipeline.storage.schemas.CLIPS`."""

    key: str
    clip_id: str
    dataset: str
    split: str
    label_id: int
    label_name: str
    source_label_id: int | None
    status: Literal["ok", "missing", "broken"]
    reason: str
    source_path: str | None
    source_size: int | None
    source_sha256: str | None


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
    """Return the row of a listed clip."""
    clip = found.clip
    return {
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
        "source_size": result.size,
        "source_sha256": result.sha256,
        **_video_columns(result.video, result.rotation),
    }


def _video_columns(video: SourceInfo | None, rotation: int | None) -> VideoColumns:
    if video is None:
        return NO_VIDEO
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


NO_VIDEO: VideoColumns = {
    "container": None,
    "codec": None,
    "pix_fmt": None,
    "width": None,
    "height": None,
    "rotation": None,
    "fps_num": None,
    "fps_den": None,
    "num_frames": None,
    "duration_seconds": None,
    "bit_rate": None,
}
"""Columns of a clip whose video cannot be used."""

"""Rows of clips.parquet: the record of one listed clip and of its video file."""

from dataclasses import dataclass
from typing import Literal

from ..media.info import SourceInfo
from ..media.picture import PictureFacts, field_order
from ..storage.frame_times import tick_columns
from ..storage.rows import ClipRow
from .listed_clip import ListedClip


@dataclass(frozen=True)
class FoundClip:
    """A listed clip, its file and the file's published hash."""

    clip: ListedClip
    file: str | None
    """Path relative to the folder of videos; None if no file was found."""
    checksum: str | None
    """SHA-256 that the dataset's authors state, in hex; None if they state none."""
    problem: str = ""
    """Why the file cannot be the clip, or why there is none, as far as names tell."""


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
    picture: PictureFacts | None = None
    """Picture geometry of a usable clip, from its first frame."""


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
    if clip.start is not None or clip.end is not None:
        row["segment_start"], row["segment_end"] = clip.start, clip.end
    if result.size is not None:
        row["source_size"] = result.size
    if result.sha256 is not None:
        row["source_sha256"] = result.sha256
    if result.video is not None and result.picture is not None:
        row |= _video_columns(result.video, result.picture)
    return row


def _video_columns(video: SourceInfo, picture: PictureFacts) -> ClipRow:
    ratio = video.sample_aspect_ratio
    row: ClipRow = {
        "container": video.container,
        "codec": video.codec,
        "pix_fmt": video.pix_fmt,
        "width": video.width,
        "height": video.height,
        "rotation": picture.orientation.rotation,
        "mirrored": picture.orientation.mirrored,
        "fps_num": video.fps.numerator,
        "fps_den": video.fps.denominator,
        "stated_fps_num": video.stated_fps.numerator,
        "stated_fps_den": video.stated_fps.denominator,
        "variable_frame_rate": video.clock.times is not None,
        "num_frames": video.num_frames,
        "duration_seconds": float(video.seconds),
        "bit_rate": video.bit_rate,
        "sample_aspect_ratio": f"{ratio.numerator}:{ratio.denominator}" if ratio else "unknown",
        "color_range": picture.color_range,
        "color_space": picture.color_space,
        "color_transfer": picture.color_transfer,
        "color_primaries": picture.color_primaries,
        "field_order": field_order(video, picture),
    }
    ticks = tick_columns(video.clock.times)
    if ticks:
        row["ticks_per_second"] = ticks["ticks_per_second"]
        row["frame_ticks"] = ticks["frame_ticks"]
    return row

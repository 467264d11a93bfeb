"""Types of the rows of manifests; schemas.py has their columns.

A row may lack columns: they are empty (None) in the file. The types are those of a clip with status
"ok"; a column that such a row can lack is typed with None.
"""

from typing import TypedDict, TypeVar


class ClipColumns(TypedDict, total=False):
    """Columns of a listed clip that every later manifest repeats."""

    key: str
    """Name of the clip in shards, [A-Za-z0-9_-]+."""
    clip_id: str
    dataset: str
    split: str
    label_id: int
    """Index of the class in the class list, from 0."""
    label_name: str
    source_label_id: int | None
    """Number of the class in the dataset's own list; None if it has no numbers."""


class SourceColumns(ClipColumns, total=False):
    """Columns that clips.parquet and the manifests of cells have in common."""

    status: str
    """"ok", "missing", "broken" or "failed"."""
    reason: str
    """Why the status is not "ok", on one line."""
    source_path: str | None
    """Video, relative to the dataset's folder of videos; None if no file was found."""
    source_sha256: str
    segment_start: float | None
    """First second of the video that belongs to the clip; None if it begins with the video."""
    segment_end: float | None
    """Second of the video before which the clip ends; None if it ends with the video."""
    codec: str
    pix_fmt: str
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    fps_num: int
    """Numerator of the frame rate, frames per second."""
    fps_den: int
    ticks_per_second: int | None
    """Unit of `frame_ticks`; None if the frames are evenly spaced."""
    frame_ticks: list[int] | None
    """For a variable frame rate: when each frame is shown and when the last one ends, num_frames +
    1 numbers."""
    num_frames: int
    duration_seconds: float
    """num_frames over the frame rate."""


class ClipRow(SourceColumns, total=False):
    """One listed clip: a row of clips.parquet."""

    source_size: int
    """Bytes of the video."""
    container: str
    rotation: int
    """Degrees counter-clockwise for display: 0, 90, 180 or 270."""
    mirrored: bool
    """Whether left and right are exchanged for display, after the rotation."""
    stated_fps_num: int
    """Numerator of the frame rate that the header states; 0 if it states none."""
    stated_fps_den: int
    variable_frame_rate: bool
    """Whether the frames are not evenly spaced; `fps_num / fps_den` is then an average."""
    bit_rate: int
    """Bits per second of the video stream: its bytes over the duration of its frames."""
    sample_aspect_ratio: str
    """Width over height of a pixel, such as "64:51"; "unknown" if it is not stated."""
    color_range: str
    """"tv" (limited), "pc" (full) or "unknown"; this and the next three are FFmpeg's names."""
    color_space: str
    """Matrix of Y'CbCr, such as "bt709"."""
    color_transfer: str
    """Transfer characteristics, such as "smpte2084" (PQ, high dynamic range)."""
    color_primaries: str
    field_order: str
    """"progressive", "tt", "bb", "tb", "bt", "interlaced" (order not stated) or "unknown"."""


class CellRow(SourceColumns, total=False):
    """One clip in one cell: a row of clean.parquet or of a corruption's manifest."""

    corruption: str
    family: str
    severity: int
    """1..5; 0 for the clean set."""
    dialect: str | None
    """"ours" or "original"; None for the clean set."""
    params: str
    """JSON with the level of the severity and the record of the damage."""
    seed: int | None
    """None for the clean set."""
    shard: str
    """Relative to the project's folder."""
    member: str
    offset: int
    """First byte of the payload in the shard."""
    size: int
    """Bytes of the payload."""
    sha256: str
    """Hash of the payload."""
    frames_sha256: str
    """Hash of the RGB frames that went into the payload."""
    num_frames_source: int
    damaged_frames: int | None
    repeated_frames: int | None
    psnr: float | None
    """Against the clean frames, dB; None if equal or not comparable."""
    recipe_hash: str
    encoder: str
    tool_version: str


class PredictionRow(TypedDict, total=False):
    """One model's prediction for one clip of one cell."""

    dataset: str
    model: str
    protocol: str
    device: str | None
    """Such as "cpu", or the name of a GPU."""
    precision: str | None
    """Numbers that the model computed in."""
    key: str
    corruption: str
    severity: int
    label_id: int
    status: str
    """Of the clip in this cell."""
    top5: list[int]
    """Classes, best first."""
    top5_logits: list[float]
    correct1: bool
    correct5: bool | None
    """None if only the best class is known."""
    confidence: float | None
    """Probability of the best class, softmax."""
    entropy: float | None
    """Of the softmax, nats."""
    logsumexp: float | None
    nll: float | None
    """Negative log-likelihood of the label, nats."""
    sum_p2: float | None
    """Sum of the squared probabilities."""
    recipe_hash: str


class EvaluatedRow(TypedDict, total=False):
    """One clip in one cell that was made from its video for evaluation, not stored."""

    key: str
    dataset: str
    split: str
    label_id: int
    corruption: str
    family: str
    severity: int
    dialect: str | None
    params: str
    seed: int | None
    status: str
    reason: str
    num_frames: int
    """Frames that a shard would hold."""
    frames: list[int]
    """Positions of the frames that were made, ascending."""
    frames_sha256: str
    """Hash of those RGB frames before the payload."""
    num_frames_source: int
    source_path: str | None
    source_sha256: str
    damaged_frames: int | None
    repeated_frames: int | None
    psnr: float | None
    """Of the frames that were made."""
    recipe_hash: str
    encoder: str


Row = TypeVar("Row", ClipRow, CellRow, PredictionRow, EvaluatedRow)

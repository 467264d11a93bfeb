"""Schemas of the manifests and the types of their rows.

`CLIPS`: one row per listed clip, written by the filter stage. `CELLS`: one row per stored clip,
written by the decode and corrupt stages. `PREDICTIONS`: one row per clip, cell and model, written
by the evaluate stage. A row may lack columns: they are empty (None) in the file. The types are
those of a clip with status "ok"; a column that such a row can lack is typed with None.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

import pyarrow as pa

CLEAN = "clean"
"""Name of the uncorrupted cell in place of a corruption; its severity is 0."""


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
    """When frames of a variable rate are shown and the last ends: num_frames + 1 numbers."""
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
    correct5: bool
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


Row = TypeVar("Row", ClipRow, CellRow, PredictionRow)


@dataclass(frozen=True)
class Schema(Generic[Row]):
    """Columns of a kind of manifest, and the type of its rows."""

    arrow: pa.Schema

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        names: list[str] = self.arrow.names
        return names

    def __iter__(self) -> Iterator[pa.Field]:
        """Return the columns as Arrow fields, in order."""
        return iter(self.arrow)


CLIPS: Schema[ClipRow] = Schema(
    pa.schema(
        [
            ("key", pa.string()),
            ("clip_id", pa.string()),
            ("dataset", pa.string()),
            ("split", pa.string()),
            ("label_id", pa.int32()),
            ("label_name", pa.string()),
            ("source_label_id", pa.int32()),
            ("status", pa.string()),
            ("reason", pa.string()),
            ("source_path", pa.string()),
            ("source_size", pa.int64()),
            ("source_sha256", pa.string()),
            ("container", pa.string()),
            ("codec", pa.string()),
            ("pix_fmt", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("rotation", pa.int32()),
            ("mirrored", pa.bool_()),
            ("fps_num", pa.int32()),
            ("fps_den", pa.int32()),
            ("stated_fps_num", pa.int32()),
            ("stated_fps_den", pa.int32()),
            ("variable_frame_rate", pa.bool_()),
            ("ticks_per_second", pa.int64()),
            ("frame_ticks", pa.list_(pa.int64())),
            ("num_frames", pa.int32()),
            ("duration_seconds", pa.float64()),
            ("bit_rate", pa.int64()),
            ("sample_aspect_ratio", pa.string()),
            ("color_range", pa.string()),
            ("color_space", pa.string()),
            ("color_transfer", pa.string()),
            ("color_primaries", pa.string()),
            ("field_order", pa.string()),
        ]
    )
)


CELLS: Schema[CellRow] = Schema(
    pa.schema(
        [
            ("key", pa.string()),
            ("clip_id", pa.string()),
            ("dataset", pa.string()),
            ("split", pa.string()),
            ("label_id", pa.int32()),
            ("label_name", pa.string()),
            ("source_label_id", pa.int32()),
            ("corruption", pa.string()),
            ("family", pa.string()),
            ("severity", pa.int32()),
            ("dialect", pa.string()),
            ("params", pa.string()),
            ("seed", pa.int64()),
            ("status", pa.string()),
            ("reason", pa.string()),
            ("shard", pa.string()),
            ("member", pa.string()),
            ("offset", pa.int64()),
            ("size", pa.int64()),
            ("sha256", pa.string()),
            ("frames_sha256", pa.string()),
            ("codec", pa.string()),
            ("pix_fmt", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("fps_num", pa.int32()),
            ("fps_den", pa.int32()),
            ("ticks_per_second", pa.int64()),
            ("frame_ticks", pa.list_(pa.int64())),
            ("num_frames", pa.int32()),
            ("num_frames_source", pa.int32()),
            ("duration_seconds", pa.float64()),
            ("source_path", pa.string()),
            ("source_sha256", pa.string()),
            ("damaged_frames", pa.int32()),
            ("repeated_frames", pa.int32()),
            ("psnr", pa.float64()),
            ("recipe_hash", pa.string()),
            ("encoder", pa.string()),
            ("tool_version", pa.string()),
        ]
    )
)


PREDICTIONS: Schema[PredictionRow] = Schema(
    pa.schema(
        [
            ("dataset", pa.string()),
            ("model", pa.string()),
            ("protocol", pa.string()),
            ("key", pa.string()),
            ("corruption", pa.string()),
            ("severity", pa.int32()),
            ("label_id", pa.int32()),
            ("status", pa.string()),
            ("top5", pa.list_(pa.int32())),
            ("top5_logits", pa.list_(pa.float32())),
            ("correct1", pa.bool_()),
            ("correct5", pa.bool_()),
            ("confidence", pa.float32()),
            ("entropy", pa.float32()),
            ("logsumexp", pa.float32()),
            ("nll", pa.float32()),
            ("sum_p2", pa.float32()),
            ("recipe_hash", pa.string()),
        ]
    )
)


CLIP_COLUMNS = tuple(ClipColumns.__annotations__)
"""Names of `ClipColumns`, in the order of the manifests."""


OPTIONAL = frozenset(
    {"confidence", "entropy", "logsumexp", "nll", "sum_p2", "ticks_per_second", "frame_ticks"}
)
"""Columns that a file may lack: manifests and predictions of earlier versions, and imported ones.
They are read as null."""

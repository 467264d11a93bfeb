"""Schemas of the manifests: their columns, and the type of their rows.

`CLIPS`: one row per listed clip, written by the filter stage. `CELLS`: one row per stored clip,
written by the decode and corrupt stages. `PREDICTIONS`: one row per clip, cell and model, written
by the evaluate stage. `EVALUATED`: one row per clip and cell that it made from videos.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

import pyarrow as pa

from .rows import CellRow, ClipColumns, ClipRow, EvaluatedRow, PredictionRow, Row

CLEAN = "clean"
"""Name of the uncorrupted cell in place of a corruption; its severity is 0."""


CLASS_SIZES = "class_sizes"
"""Metadata of clips.parquet where the clips are a sample: JSON with the number of clips of each
split and class of which it was drawn."""


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
            ("segment_start", pa.float64()),
            ("segment_end", pa.float64()),
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
            ("segment_start", pa.float64()),
            ("segment_end", pa.float64()),
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
            ("device", pa.string()),
            ("precision", pa.string()),
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

CLIP_IDENTITY = (
    *CLIP_COLUMNS, "source_path", "source_sha256", "segment_start", "segment_end",
    "num_frames", "fps_num", "fps_den", "ticks_per_second", "frame_ticks",
)  # fmt: skip
"""Columns of clips.parquet that a clip in any cell depends on: part of recipes."""


FRAMES = pa.field("frames", pa.list_(pa.int32()))

EVALUATED: Schema[EvaluatedRow] = Schema(
    pa.schema(
        [
            FRAMES if name == FRAMES.name else CELLS.arrow.field(name)
            for name in EvaluatedRow.__annotations__
        ]
    )
)
"""The columns are those of `CELLS` of the same name, and `frames`."""


OPTIONAL = frozenset(
    {
        "device",
        "precision",
        "confidence",
        "entropy",
        "logsumexp",
        "nll",
        "sum_p2",
        "ticks_per_second",
        "frame_ticks",
        "segment_start",
        "segment_end",
    }  # fmt: skip
)
"""Columns that a file may lack: manifests and predictions of earlier versions, and imported ones.
They are read as null."""

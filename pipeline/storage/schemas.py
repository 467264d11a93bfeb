"""Schemas of the manifests, and the type of their rows.

`CLIPS`: one row per listed clip, written by the filter stage. `CELLS`: one row per stored clip,
written by the decode and corrupt stages. `PREDICTIONS`: one row per clip, cell and model, written
by the evaluate stage.
"""

from typing import Any

import pyarrow as pa

Row = dict[str, Any]


CLIPS = pa.schema(
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
        ("fps_num", pa.int32()),
        ("fps_den", pa.int32()),
        ("num_frames", pa.int32()),
        ("duration_seconds", pa.float64()),
        ("bit_rate", pa.int64()),
    ]
)


CELLS = pa.schema(
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


PREDICTIONS = pa.schema(
    [
        ("dataset", pa.string()),
        ("model", pa.string()),
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


OPTIONAL = frozenset({"confidence", "entropy", "logsumexp", "nll", "sum_p2"})
"""Columns that a file may lack: predictions of earlier versions and imported ones. They are read as
null."""


CLIP_COLUMNS = ("key", "clip_id", "dataset", "split", "label_id", "label_name", "source_label_id")
"""Columns of clips.parquet that every later row repeats."""

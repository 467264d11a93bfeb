"""Manifest of a mirror: one row per video and cell, in `manifest.parquet` of its folder."""

from typing import Any, TypedDict

import pyarrow as pa

from .schemas import Schema

NAME = "manifest.parquet"


class MirrorRow(TypedDict, total=False):
    """Row of a mirror's manifest; columns of the output are missing unless `status` is "ok"."""

    source_path: str
    random_key: str
    corruption: str
    family: str
    severity: int
    table: str
    dialect: str
    params: str
    seed: int
    status: str
    reason: str
    output_path: str
    size: int
    sha256: str
    frames_sha256: str
    container: str
    codec: str
    pix_fmt: str
    width: int
    height: int
    fps_num: int
    fps_den: int
    num_frames: int
    num_frames_source: int
    duration_seconds: float
    audio_streams: int
    subtitle_streams: int
    left_out: str
    source_size: int
    source_mtime_ns: int
    source_sha256: str
    damaged_frames: int | None
    repeated_frames: int | None
    recipe_hash: str
    encoder: str
    tool_version: str


_TYPES = {
    str: pa.string(),
    int: pa.int64(),
    int | None: pa.int64(),
    float: pa.float64(),
}

MIRRORED: Schema[Any] = Schema(
    pa.schema([(name, _TYPES[kind]) for name, kind in MirrorRow.__annotations__.items()])
)
"""Columns of the manifest."""

"""Hugging Face datasets: Parquet with Video and ClassLabel features, one configuration per cell."""

import json
from collections.abc import Iterable, Sequence
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from ....io.atomic import atomic
from ..selection import ExportClip
from ..task import Export, ExportTask, File

FOLDER = "parquet"
UNIT: Literal["pack"] = "pack"

ROW_GROUP = 1 << 26
"""Bytes of video per row group, which a reader holds in memory."""

_METADATA = "task_categories:\n- video-classification\ntags:\n- robustness\n- video-corruptions\n"
"""Metadata of the card besides the configurations, as the Hub reads it."""

_FIELDS = [
    pa.field("key", pa.string()),
    pa.field("video", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    pa.field("label", pa.int64()),
    pa.field("corruption", pa.string()),
    pa.field("severity", pa.int32()),
    pa.field("num_frames", pa.int32()),
    pa.field("fps", pa.float64()),
]


def write_shard(task: ExportTask) -> list[File]:
    """Write one Parquet file per shard."""
    if not task.clips:
        return []
    schema = pa.schema(_FIELDS, metadata={"huggingface": _features(task.classes)})
    name = f"{task.shard.stem}.parquet"
    with atomic(task.folder / name) as temporary:
        with pq.ParquetWriter(
            temporary,
            schema,
            compression={field.name: "zstd" for field in _FIELDS} | {"video.bytes": "none"},
            use_dictionary=False,
            write_statistics=["key", "label"],
        ) as writer:
            for clips in _row_groups(task.clips):
                writer.write_table(_table(task, clips, schema))
        size = temporary.stat().st_size
    return [File(name, size, len(task.clips))]


def _row_groups(clips: Sequence[ExportClip]) -> list[list[ExportClip]]:
    groups: list[list[ExportClip]] = [[]]
    for clip in clips:
        if groups[-1] and sum(one.size for one in groups[-1]) + clip.size > ROW_GROUP:
            groups.append([])
        groups[-1].append(clip)
    return groups


def _table(task: ExportTask, clips: Sequence[ExportClip], schema: pa.Schema) -> pa.Table:
    rows = [
        {
            "key": clip.key,
            "video": {"bytes": task.read(clip), "path": f"{clip.key}.{clip.extension}"},
            "label": clip.label,
            "corruption": task.corruption,
            "severity": task.severity,
            "num_frames": clip.num_frames,
            "fps": clip.fps,
        }
        for clip in clips
    ]
    return pa.Table.from_pylist(rows, schema)


def _features(classes: Sequence[str]) -> str:
    """Return the columns as features, which the library `datasets` reads from the file."""
    features: dict[str, dict[str, object]] = {
        field.name: {"dtype": str(field.type).replace("double", "float64"), "_type": "Value"}
        for field in _FIELDS
    }
    features["video"] = {"_type": "Video"}
    features["label"] = {"names": list(classes), "_type": "ClassLabel"}
    return json.dumps({"info": {"features": features}})


def index(export: Export) -> dict[str, str]:
    """Return the dataset card of all exported cells, from which `load_dataset` reads them."""
    cells: dict[str, list[str]] = {}
    for folder in sorted({mark.parent for mark in export.marks(FOLDER).rglob("*.json")}):
        split, corruption, severity = folder.parts[-3:]
        cells.setdefault(f"{corruption}-{severity}", []).append(
            f"  - split: {split}\n    path: {split}/{corruption}/{severity}/*.parquet\n"
        )
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n{''.join(files)}" for name, files in cells.items()
    )
    head = f"---\n{_METADATA}configs:\n{configs}---\n"
    return {f"{FOLDER}/README.md": head + _text(export, cells)}


def _text(export: Export, cells: Iterable[str]) -> str:
    """Return the body of the card: what the columns and the configurations are."""
    return (
        f"\n# {export.dataset}, corrupted\n\n"
        "One configuration per corruption and severity; `clean-0` is the clean set. All clips went "
        "through the same resize and crop.\n\n"
        "| column | content |\n|---|---|\n"
        "| `key` | name of the clip, the same in every configuration |\n"
        "| `video` | file of the clip (feature `Video`) |\n"
        "| `label` | class (feature `ClassLabel`) |\n"
        "| `corruption`, `severity` | the configuration |\n"
        "| `num_frames`, `fps` | of the clip |\n\n"
        f"Classes: {len(export.classes)}. Configurations: {', '.join(cells)}.\n"
    )

"""Hugging Face datasets: Parquet with Video and ClassLabel features, one configuration per cell."""

import json
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from ....io.atomic import atomic
from ....metadata.dataset_card import card, config_head
from ....metadata.dataset_facts import read_facts
from .. import done_marks
from ..selection import CLEAN, ExportClip
from ..task import Export, ExportTask, File

FOLDER = "parquet"
UNIT: Literal["pack"] = "pack"
ABOUT: Literal["needed", "used"] = "used"

ROW_GROUP = 1 << 26
"""Bytes of video per row group, which a reader holds in memory."""

FILES = """\
One configuration per corruption and severity, such as `fog-3`; `clean-0` is the clean set. All
clips went through the same resize and crop.

| column | content |
|---|---|
| `key` | name of the clip, the same in every configuration |
| `video` | file of the clip (feature `Video`) |
| `label` | class (feature `ClassLabel`) |
| `corruption`, `severity` | the configuration |
| `num_frames`, `fps` | of the clip |
"""

HEAD = {
    "task_categories": ["video-classification"],
    "tags": ["robustness", "video-corruptions"],
}
"""Metadata of a card without statements, besides the configurations, as the Hub reads it."""

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
    """Return the dataset card of all exported cells, from which `load_dataset` reads them.

    It is complete if there are statements of people about the dataset, else it describes the files.
    """
    configs: dict[str, list[tuple[str, str]]] = {}
    marks = list(export.marks(FOLDER).rglob("*.json"))
    for folder in sorted({mark.parent for mark in marks}):
        split, corruption, severity = folder.parts[-3:]
        path = f"{split}/{corruption}/{severity}/*.parquet"
        configs.setdefault(f"{corruption}-{severity}", []).append((split, path))
    if export.about is None:
        head = yaml.safe_dump(HEAD | config_head(configs), sort_keys=False)
        text = f"---\n{head}---\n\n# {export.dataset}, corrupted\n\n{FILES}"
        return {f"{FOLDER}/README.md": text}
    corruptions = {name.rpartition("-")[0]: None for name in configs} | {CLEAN: None}
    severities = sorted({int(name.rpartition("-")[2]) for name in configs} - {0})
    facts = read_facts(
        export.paths,
        export.params,
        export.classes,
        [name for name in corruptions if name != CLEAN],
        severities,
        sum(file.samples for mark in marks for file in done_marks.read(mark)),
    )
    return {f"{FOLDER}/README.md": card(export.about, facts, configs, FILES)}

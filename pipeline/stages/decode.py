"""Decode: every usable source video once, to 224 x 224 crops in clean shards.

A worker holds one frame of the source at a time; the crops go straight into the payload. Measured
for a 10 s clip of 1080p: see the README. Shard k of a split holds those of the listed clips
k n .. k n + n - 1 that are usable, so a clip that one user lacks does not move the others.
"""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..datasets import accounting
from ..datasets.source_clips import Sources
from ..errors import ClipError
from ..execution.pool import run_tasks
from ..media.retry import retry_once
from ..params import Params
from ..provenance import library_versions, recipe_hash, stage_code
from ..settings import PayloadSettings
from ..storage import manifest, parts, payload, schemas, shard_writer
from ..storage.paths import DatasetPaths
from ..storage.schemas import Row

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodeTask:
    """One clean shard to make."""

    rows: tuple[Row, ...]
    shard: Path
    relative: str
    recipe: str
    sources: Sources
    payload: PayloadSettings


def decode(dataset: str, params: Params, root: Path) -> list[Row]:
    """Make the clean shards of all splits and `clean.parquet`; gives its rows."""
    params.check_dataset(dataset)
    layout = DatasetPaths(root, dataset)
    tasks = plan_shards(dataset, params, layout)
    waiting = [task for task in tasks if not parts.part_is_done(task.shard, task.recipe)]
    done = sum(len(task.rows) for task in tasks) - sum(len(task.rows) for task in waiting)
    for _ in run_tasks(
        decode_shard,
        waiting,
        params.machine,
        f"decode {dataset}",
        lambda task: len(task.rows),
        done,
        lambda task: task.shard.name,
        shared=(layout.data, layout.root / params.filter.sources[dataset].videos),
    ):
        pass
    for split in {task.shard.parent for task in tasks}:
        parts.remove_others(split, [task.shard for task in tasks if task.shard.parent == split])
    rows = parts.gather(task.shard for task in tasks)
    manifest.write(layout.manifest("clean"), rows, schemas.CELLS)
    accounting.check_share(
        rows, params.decode.allowed_failures, f"decode {dataset}", "decode.allowed_failures"
    )
    return rows


def plan_shards(dataset: str, params: Params, layout: DatasetPaths) -> list[DecodeTask]:
    """All shards of the dataset, made or not."""
    picture = params.decode.pictures[dataset]
    listed = manifest.read_rows(layout.clips, schemas.CLIPS)
    common = {
        "stage": "decode",
        "code": stage_code("decode"),
        "libraries": library_versions(),
        "picture": picture.model_dump(),
        "payload": params.payload.model_dump(),
        "max_frames": params.decode.max_frames,
        "max_pixels": params.filter.max_pixels,
    }
    sources = Sources.of(dataset, params, layout.root)
    tasks = []
    for split in sorted({row["split"] for row in listed}):
        clips = [row for row in listed if row["split"] == split]
        for index, start in enumerate(range(0, len(clips), picture.clips_per_shard)):
            rows = [
                row
                for row in clips[start : start + picture.clips_per_shard]
                if row["status"] == "ok"
            ]
            shard = layout.clean_shard(split, index)
            identities = [
                [row[name] for name in (*schemas.CLIP_COLUMNS, "source_path", "source_sha256")]
                for row in rows
            ]
            tasks.append(
                DecodeTask(
                    rows=tuple(rows),
                    shard=shard,
                    relative=layout.relative(shard),
                    recipe=recipe_hash(common | {"clips": identities}),
                    sources=sources,
                    payload=params.payload,
                )
            )
    return tasks


def decode_shard(task: DecodeTask) -> None:
    """Make one clean shard and its part."""
    with shard_writer.open_shard(task.shard, task.relative, task.recipe, task.payload) as cell:
        for clip in task.rows:
            row: dict[str, Any] = {name: clip[name] for name in schemas.CLIP_COLUMNS} | {
                "corruption": "clean",
                "family": "clean",
                "severity": 0,
                "params": "{}",
                "source_path": clip["source_path"],
                "source_sha256": clip["source_sha256"],
                "fps_num": clip["fps_num"],
                "fps_den": clip["fps_den"],
                "num_frames_source": clip["num_frames"],
                "encoder": payload.describe(task.payload),
            }
            try:
                retry_once(partial(_add, cell, row, task, clip), clip["source_path"])
            except ClipError as error:
                cell.fail(row, error)


def _add(cell: shard_writer.ShardClipWriter, row: Row, task: DecodeTask, clip: Row) -> None:
    cell.add(row, task.sources.pictures(clip))

"""Decode stage: decode every usable source video once, to centre crops in clean shards.

Clips of the training split can keep the whole picture (`decode.pictures.<dataset>.training`). A
worker holds one frame of the source at a time and writes its crop to the payload. Shard k of a
split holds those of the listed clips k n .. k n + n - 1 that are usable, so that a clip that one
user lacks does not move the others.
"""

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..datasets.accounting import check_share
from ..datasets.source_clips import Sources
from ..errors import ClipError
from ..execution.pool import run_tasks
from ..execution.ticks import clip_done
from ..io.locks import file_lock
from ..media.retry import retry_once
from ..params import Params
from ..provenance import library_versions, recipe_hash, stage_code
from ..settings import PayloadSettings
from ..storage import inputs, manifest, parts, payload, schemas, shard_writer
from ..storage.cell_rows import cell_row
from ..storage.paths import DatasetPaths
from ..storage.rows import CellRow, ClipRow
from ..storage.shard_writer import ShardClipWriter

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodeTask:
    """One clean shard to write."""

    rows: tuple[ClipRow, ...]
    shard: Path
    relative: str
    recipe: str
    sources: Sources
    payload: PayloadSettings


def decode(params: Params, root: Path, dataset: str) -> list[CellRow]:
    """Write the clean shards of all splits and `clean.parquet`, and return its rows."""
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    with file_lock(paths.lock("decode")):
        rows = _decode(params, paths)
    check_share(rows, params.decode.allowed_failures, f"decode {dataset}", "decode")
    return rows


def _decode(params: Params, paths: DatasetPaths) -> list[CellRow]:
    dataset = paths.dataset
    tasks = plan_shards(params, paths)
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
        shared=(paths.data, paths.root / params.filter.sources[dataset].videos),
    ):
        pass
    for split in {task.shard.parent for task in tasks}:
        parts.remove_others(split, [task.shard for task in tasks if task.shard.parent == split])
    rows = parts.gather(task.shard for task in tasks)
    manifest.write(paths.manifest(schemas.CLEAN), rows, schemas.CELLS)
    inputs.write_record(paths, inputs.SHARDS, schemas.CLEAN)
    return rows


def plan_shards(params: Params, paths: DatasetPaths) -> list[DecodeTask]:
    """Return the tasks of all shards of a dataset, complete or not."""
    picture = params.decode.pictures[paths.dataset]
    listed = manifest.read_rows(paths.clips, schemas.CLIPS)
    common = {
        "stage": "decode",
        "code": stage_code("decode"),
        "libraries": library_versions(),
        "payload": params.payload.model_dump(),
        "max_frames": params.decode.max_frames,
        "max_pixels": params.filter.max_pixels,
    }
    sources = Sources.of(paths.dataset, params, paths.root)
    tasks = []
    for split in sorted({row["split"] for row in listed}):
        whole = picture.keeps_whole(split)
        common["picture"] = {**picture.model_dump(exclude={"training"}), "whole": whole}
        clips = [row for row in listed if row["split"] == split]
        for index, start in enumerate(range(0, len(clips), picture.clips_per_shard)):
            rows = [
                row
                for row in clips[start : start + picture.clips_per_shard]
                if row["status"] == "ok"
            ]
            shard = paths.clean_shard(split, index)
            identities = [[row.get(name) for name in schemas.CLIP_IDENTITY] for row in rows]
            tasks.append(
                DecodeTask(
                    rows=tuple(rows),
                    shard=shard,
                    relative=paths.relative(shard),
                    recipe=recipe_hash(common | {"clips": identities}),
                    sources=replace(sources, cropped=not whole),
                    payload=params.payload,
                )
            )
    return tasks


def decode_shard(task: DecodeTask) -> None:
    """Write one clean shard and its part."""
    with shard_writer.open_shard(task.shard, task.relative, task.recipe, task.payload) as writer:
        for clip in task.rows:
            row = cell_row(
                clip,
                corruption=schemas.CLEAN,
                family=schemas.CLEAN,
                severity=0,
                params="{}",
                encoder=payload.describe(task.payload),
            )
            try:
                retry_once(partial(_add, writer, row, task, clip), clip["source_path"])
            except ClipError as error:
                writer.fail(row, error)
            clip_done()


def _add(writer: ShardClipWriter, row: CellRow, task: DecodeTask, clip: ClipRow) -> None:
    writer.add(row, task.sources.pictures(clip))

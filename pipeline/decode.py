"""Decode: every usable source video once, to 224 x 224 crops in clean shards.

A worker holds one frame of the source at a time; the crops go straight into the payload. Measured
for a 10 s clip of 1080p: see the README. Shard k of a split holds those of the listed clips
k n .. k n + n - 1 that are usable, so a clip that one user lacks does not move the others.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline import store
from pipeline.errors import ClipError, twice
from pipeline.io import manifest, payload
from pipeline.io.manifest import Row
from pipeline.io.video import Preprocess, VideoSource
from pipeline.layout import Layout
from pipeline.params import Params, PayloadSettings, PictureSettings
from pipeline.recipes import WRITERS, library_versions, pipeline_code, recipe_hash
from pipeline.workers import run_tasks

log = logging.getLogger(__name__)

CODE = ("decode.py", "store.py", *WRITERS)


@dataclass(frozen=True)
class Sources:
    """The source videos of a dataset and how they become pictures."""

    videos: Path
    picture: PictureSettings
    max_frames: int
    max_pixels: int
    timeout_seconds: float

    @classmethod
    def of(cls, dataset: str, params: Params, root: Path) -> Self:
        return cls(
            videos=root / params.filter.sources[dataset].videos,
            picture=params.decode.pictures[dataset],
            max_frames=params.decode.max_frames,
            max_pixels=params.filter.max_pixels,
            timeout_seconds=params.machine.clip_timeout_seconds,
        )

    def pictures(self, clip: Row) -> Iterator[NDArray[np.uint8]]:
        """Pictures (crop, crop, 3) of one clip of clips.parquet, decoded from its video."""
        path = self.videos / clip["source_path"]
        preprocess = Preprocess(self.picture.short_side, self.picture.crop)
        with (
            store.steady_source(path, clip["source_sha256"]),
            VideoSource(path, self.max_pixels, self.timeout_seconds) as source,
        ):
            for count, frame in enumerate(source.frames()):
                if count == self.max_frames:
                    raise ClipError(f"more than {self.max_frames} frames")
                yield preprocess(frame)


@dataclass(frozen=True)
class Task:
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
    layout = Layout(root, dataset)
    tasks = plan(dataset, params, layout)
    waiting = [task for task in tasks if not manifest.part_is_done(task.shard, task.recipe)]
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
        store.remove_others(split, [task.shard for task in tasks if task.shard.parent == split])
    rows = store.gather(task.shard for task in tasks)
    manifest.write(layout.manifest("clean"), rows, manifest.CELLS)
    store.check_share(
        rows, params.decode.allowed_failures, f"decode {dataset}", "decode.allowed_failures"
    )
    return rows


def plan(dataset: str, params: Params, layout: Layout) -> list[Task]:
    """All shards of the dataset, made or not."""
    picture = params.decode.pictures[dataset]
    listed = manifest.read_rows(layout.clips, manifest.CLIPS)
    common = {
        "stage": "decode",
        "code": pipeline_code(CODE),
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
                [row[name] for name in (*store.CLIP_COLUMNS, "source_path", "source_sha256")]
                for row in rows
            ]
            tasks.append(
                Task(
                    rows=tuple(rows),
                    shard=shard,
                    relative=layout.relative(shard),
                    recipe=recipe_hash(common | {"clips": identities}),
                    sources=sources,
                    payload=params.payload,
                )
            )
    return tasks


def decode_shard(task: Task) -> None:
    """Make one clean shard and its part."""
    with store.open_cell(task.shard, task.relative, task.recipe, task.payload) as cell:
        for clip in task.rows:
            row: dict[str, Any] = {name: clip[name] for name in store.CLIP_COLUMNS} | {
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
                twice(partial(_add, cell, row, task, clip), clip["source_path"])
            except ClipError as error:
                cell.fail(row, error)


def _add(cell: store.CellWriter, row: Row, task: Task, clip: Row) -> None:
    cell.add(row, task.sources.pictures(clip))

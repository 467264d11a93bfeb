"""Corrupt stage: clean shard k in, one shard k per severity out, with the same clips in order.

A clean clip is read once for all severities; see datasets/corrupted_clips.py for its frames.
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import corruptions
from corruptions.registry import Corruption, load
from corruptions.types import Clip

from ..datasets import clean_frames
from ..datasets.accounting import check_share
from ..datasets.corrupted_clips import ClipCorruptor, stored_frames
from ..errors import ClipError, SettingsError, StageError
from ..execution.pool import run_tasks
from ..execution.ticks import clip_done
from ..io.locks import file_lock
from ..messages import did_you_mean
from ..params import Params
from ..provenance import corruption_code, library_versions, recipe_hash, stage_code
from ..settings import PayloadSettings
from ..storage import inputs, manifest, parts, schemas, shard_writer
from ..storage.paths import DatasetPaths
from ..storage.rows import CellRow
from ..storage.shards import shard_index

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PendingShard:
    """Shard of one severity that is not complete."""

    severity: int
    shard: Path
    relative: str
    recipe: str


@dataclass(frozen=True)
class CorruptTask:
    """Clean shard k and the corrupted shards k to write from it."""

    corruptor: ClipCorruptor
    frames: int | None
    clean: Path
    num_clips: int
    todo: tuple[PendingShard, ...]
    payload: PayloadSettings


def corrupt(params: Params, root: Path, dataset: str, corruption: str) -> list[CellRow]:
    """Write the shards of all severities of a corruption and its manifest; return its rows."""
    params.check_dataset(dataset)
    if corruption not in corruptions.names():
        raise SettingsError(
            f"unknown corruption {corruption!r}{did_you_mean(corruption, corruptions.names())}; "
            f"choose from {', '.join(corruptions.names())}."
        )
    paths = DatasetPaths(root, dataset)
    with file_lock(paths.lock(f"corrupt-{corruption}")):
        rows = _corrupt(params, paths, load(corruption, params.dialect))
    what = f"corrupt {dataset} {corruption}"
    check_share(rows, params.corrupt.allowed_failures, what, "corrupt")
    return rows


def _corrupt(params: Params, paths: DatasetPaths, corruption: Corruption) -> list[CellRow]:
    tasks, shards = plan_shards(params, paths, corruption)
    waiting = [task for task in tasks if task.todo]
    work = {id(task): task.num_clips * len(task.todo) for task in waiting}
    total = sum(task.num_clips for task in tasks) * len(params.severities)
    for _ in run_tasks(
        corrupt_shard,
        waiting,
        params.machine,
        f"corrupt {paths.dataset} {corruption.name}",
        lambda task: work[id(task)],
        total - sum(work.values()),
        lambda task: task.clean.name,
        shared=(paths.data, paths.root / params.filter.sources[paths.dataset].videos),
    ):
        pass
    _remove_stale(paths, corruption.name, shards)
    rows = parts.gather(shards)
    manifest.write(paths.manifest(corruption.name), rows, schemas.CELLS)
    inputs.write_record(paths, inputs.SHARDS, corruption.name)
    return rows


def plan_shards(
    params: Params, paths: DatasetPaths, corruption: Corruption
) -> tuple[list[CorruptTask], list[Path]]:
    """Return the tasks of all clean shards, and all corrupted shards, severity by severity."""
    dataset = paths.dataset
    table = params.corrupt.levels[dataset]
    corruptor = ClipCorruptor.of(dataset, corruption.name, params, paths.root)
    corruption = corruptor.load()
    common: dict[str, Any] = {
        "stage": "corrupt",
        "code": stage_code("corrupt"),
        "corruption": corruption_code(corruption),
        "dialect": corruption.dialect,
        "libraries": library_versions(),
        "picture": params.decode.pictures[dataset].model_dump(exclude={"training"}),
        "payload": params.payload.model_dump(),
        "frames": params.corrupt.frames,
        "seed": params.seed,
        "dataset": dataset,
    }
    if corruptor.timing is not None:  # whose levels lie between those of the severities
        common["timing"] = [asdict(corruptor.timing), str(corruption.levels[table])]
    recipes = {
        severity: common | {"severity": severity, "level": str(corruption.level(severity, table))}
        for severity in params.severities
    }
    split = params.corrupt.split
    clean = sorted(paths.clean_folder(split).glob("*.tar"))
    if not clean:
        raise StageError(
            f"{paths.clean_folder(split)}: no clean shards; run the decode stage first."
        )
    tasks, shards = [], []
    for shard in clean:
        rows = manifest.read_rows(parts.part_path(shard), schemas.CELLS)
        identity = [[row["key"], row["status"], row["sha256"]] for row in rows]
        todo = []
        for severity in params.severities:
            path = paths.cell_shard(corruption.name, severity, shard_index(shard))
            recipe = recipe_hash(recipes[severity] | {"clips": identity})
            shards.append((severity, path))
            if not parts.part_is_done(path, recipe):
                todo.append(PendingShard(severity, path, paths.relative(path), recipe))
        tasks.append(
            CorruptTask(
                corruptor=corruptor,
                frames=params.corrupt.num_frames,
                clean=shard,
                num_clips=len(rows),
                todo=tuple(todo),
                payload=params.payload,
            )
        )
    order = {severity: number for number, severity in enumerate(params.severities)}
    return tasks, [path for _, path in sorted(shards, key=lambda one: (order[one[0]], one[1]))]


def _remove_stale(paths: DatasetPaths, corruption: str, shards: Sequence[Path]) -> None:
    """Delete the shards of earlier runs that are not among today's."""
    folder = paths.data / "corrupted" / corruption
    wanted = {shard.parent for shard in shards}
    for cell in folder.iterdir():
        if cell.is_dir():
            parts.remove_others(cell, [shard for shard in shards if shard.parent == cell])
            if cell not in wanted:
                cell.rmdir()


def corrupt_shard(task: CorruptTask) -> None:
    """Write the pending severities of one shard and their parts."""
    rows = manifest.read_rows(parts.part_path(task.clean), schemas.CELLS)
    severities = [todo.severity for todo in task.todo]
    choose = stored_frames(task.frames)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                shard_writer.open_shard(todo.shard, todo.relative, todo.recipe, task.payload)
            )
            for todo in task.todo
        ]
        for clean in rows:
            made = task.corruptor.make(severities, clean, _read(task, clean), choose)
            for writer, clip in zip(writers, made, strict=True):
                writer.store(clip.row, clip.frames, clip.facts)
                clip_done()


def _read(task: CorruptTask, clean: CellRow) -> Clip | ClipError:
    """Return the clean frames of a row, or the reason why there are none."""
    if clean["status"] != "ok":
        return ClipError(f"clean clip: {clean['reason']}")
    try:
        return clean_frames.from_shard(clean, task.clean)
    except ClipError as error:
        return error

"""Corrupt: clean shard k in, one shard k per severity out, the same clips in the same order.

A clip is read once for all severities; `pipeline.cell` makes its pictures.
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import corruptions
from corruptions.registry import Corruption, load
from corruptions.types import Clip

from ..datasets import accounting
from ..datasets.corrupted_clips import ClipCorruptor, Frames, stored_frames
from ..errors import ClipError, SettingsError, StageError
from ..execution.pool import run_tasks
from ..params import Params
from ..provenance import corruption_code, library_versions, recipe_hash, stage_code
from ..settings import PayloadSettings
from ..storage import manifest, parts, payload, schemas, shard_writer
from ..storage.paths import DatasetPaths
from ..storage.schemas import Row
from ..storage.shards import read_member, shard_index

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PendingShard:
    """One severity of a task's shard that is not done."""

    severity: int
    shard: Path
    relative: str
    recipe: str


@dataclass(frozen=True)
class CorruptTask:
    """Clean shard k, and the shards k to make from it."""

    cells: ClipCorruptor
    frames: int | None
    clean: Path
    num_clips: int
    todo: tuple[PendingShard, ...]
    payload: PayloadSettings


def corrupt(dataset: str, corruption: str, params: Params, root: Path) -> list[Row]:
    """Make all severities of one corruption and their manifest; gives its rows."""
    params.check_dataset(dataset)
    if corruption not in corruptions.names():
        raise SettingsError(
            f"unknown corruption {corruption!r}; there are: {', '.join(corruptions.names())}."
        )
    chosen = load(corruption, params.dialect)
    layout = DatasetPaths(root, dataset)
    tasks, shards = plan_shards(dataset, chosen, params, layout)
    waiting = [task for task in tasks if task.todo]
    work = {id(task): task.num_clips * len(task.todo) for task in waiting}
    total = sum(task.num_clips for task in tasks) * len(params.severities)
    for _ in run_tasks(
        corrupt_shard,
        waiting,
        params.machine,
        f"corrupt {dataset} {corruption}",
        lambda task: work[id(task)],
        total - sum(work.values()),
        lambda task: task.clean.name,
        shared=(layout.data, layout.root / params.filter.sources[dataset].videos),
    ):
        pass
    _tidy(layout, corruption, shards)
    rows = parts.gather(shards)
    manifest.write(layout.manifest(corruption), rows, schemas.CELLS)
    accounting.check_share(
        rows,
        params.corrupt.allowed_failures,
        f"corrupt {dataset} {corruption}",
        "corrupt.allowed_failures",
    )
    return rows


def plan_shards(
    dataset: str, corruption: Corruption, params: Params, layout: DatasetPaths
) -> tuple[list[CorruptTask], list[Path]]:
    """Tasks with the cells that are not done, and all shards, severity by severity."""
    table = params.corrupt.levels[dataset]
    common = {
        "stage": "corrupt",
        "code": stage_code("corrupt"),
        "corruption": corruption_code(corruption),
        "dialect": corruption.dialect,
        "libraries": library_versions(),
        "picture": params.decode.pictures[dataset].model_dump(),
        "payload": params.payload.model_dump(),
        "frames": params.corrupt.frames,
        "seed": params.seed,
        "dataset": dataset,
    }
    recipes = {
        severity: common | {"severity": severity, "level": str(corruption.level(severity, table))}
        for severity in params.severities
    }
    split = params.corrupt.split
    clean = sorted(layout.clean_folder(split).glob("*.tar"))
    if not clean:
        raise StageError(
            f"{layout.clean_folder(split)}: no clean shards; run the decode stage first."
        )
    cells = ClipCorruptor.of(dataset, corruption.name, params, layout.root)
    tasks, shards = [], []
    for shard in clean:
        rows = manifest.read_rows(parts.part_path(shard), schemas.CELLS)
        identity = [[row["key"], row["status"], row["sha256"]] for row in rows]
        todo = []
        for severity in params.severities:
            path = layout.cell_shard(corruption.name, severity, shard_index(shard))
            recipe = recipe_hash(recipes[severity] | {"clips": identity})
            shards.append((severity, path))
            if not parts.part_is_done(path, recipe):
                todo.append(PendingShard(severity, path, layout.relative(path), recipe))
        tasks.append(
            CorruptTask(
                cells=cells,
                frames=None if params.corrupt.frames == "all" else params.corrupt.frames,
                clean=shard,
                num_clips=len(rows),
                todo=tuple(todo),
                payload=params.payload,
            )
        )
    order = {severity: number for number, severity in enumerate(params.severities)}
    return tasks, [path for _, path in sorted(shards, key=lambda one: (order[one[0]], one[1]))]


def _tidy(layout: DatasetPaths, corruption: str, shards: Sequence[Path]) -> None:
    """Remove shards of older runs, so that nothing stale stands beside what is true today."""
    folder = layout.data / "corrupted" / corruption
    wanted = {shard.parent for shard in shards}
    for cell in folder.iterdir():
        if cell.is_dir():
            parts.remove_others(cell, [shard for shard in shards if shard.parent == cell])
            if cell not in wanted:
                cell.rmdir()


def corrupt_shard(task: CorruptTask) -> None:
    """Make the waiting severities of one shard and their parts."""
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
            clip = _read(task, clean)
            if isinstance(clip, ClipError):
                for writer, severity in zip(writers, severities, strict=True):
                    writer.fail(task.cells.row(severity, clean), clip)
                continue
            made = task.cells.make(severities, clean, clip, choose)
            for writer, (row, frames) in zip(writers, made, strict=True):
                _store(writer, row, frames)


def _read(task: CorruptTask, clean: Row) -> Clip | ClipError:
    """The clean clip of a row, or why there is none."""
    if clean["status"] != "ok":
        return ClipError(f"clean clip: {clean['reason']}")
    data = read_member(task.clean, clean["offset"], clean["size"], clean["sha256"])
    try:
        return payload.read_payload(data)
    except ClipError as error:
        return error


def _store(writer: shard_writer.ShardClipWriter, row: Row, frames: Frames | ClipError) -> None:
    if isinstance(frames, ClipError):
        writer.fail(row, frames)
        return
    try:
        writer.add(row, frames)
    except ClipError as error:
        writer.fail(row, error)

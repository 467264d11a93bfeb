"""Corrupt: clean shard k in, one shard k per severity out, the same clips in the same order.

Pixel corruptions read the clean shard; compression corruptions encode the source video again at its
native size and then preprocess it like a clean clip. A clip is decoded once for all severities.
What `corruptions.corrupt` gives for a clip is what is stored here: the code is the same.
"""

import json
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import corruptions
from corruptions.registry import Corruption, load
from corruptions.types import Clip, ClipRandom, Context, Dialect
from pipeline import store
from pipeline.errors import ClipError, SettingsError, StageError
from pipeline.io import manifest, payload
from pipeline.io.manifest import Row
from pipeline.io.shards import read_member
from pipeline.io.video import Preprocess
from pipeline.layout import Layout
from pipeline.params import Params, PayloadSettings, PictureSettings
from pipeline.recipes import (
    WRITERS,
    corruption_code,
    library_versions,
    pipeline_code,
    recipe_hash,
)
from pipeline.recompress import recompress
from pipeline.workers import run_tasks

log = logging.getLogger(__name__)

CODE = ("corrupt.py", "recompress.py", "io/ffmpeg.py", "store.py", *WRITERS)


@dataclass(frozen=True)
class _Cell:
    """One severity of a task's shard that is not done."""

    severity: int
    shard: Path
    relative: str
    recipe: str


@dataclass(frozen=True)
class _Task:
    """Clean shard k, and the shards k to make from it."""

    corruption: str
    dialect: Dialect
    table: str
    seed: int
    dataset: str
    frames: int | None
    clean: Path
    num_clips: int
    cells: tuple[_Cell, ...]
    videos: Path
    picture: PictureSettings
    payload: PayloadSettings
    timeout_seconds: float


def corrupt(dataset: str, corruption: str, params: Params, root: Path) -> list[Row]:
    """Make all severities of one corruption and their manifest; gives its rows."""
    params.check_dataset(dataset)
    if corruption not in corruptions.names():
        raise SettingsError(
            f"unknown corruption {corruption!r}; there are: {', '.join(corruptions.names())}."
        )
    chosen = load(corruption, params.dialect)
    layout = Layout(root, dataset)
    tasks, shards = _plan(dataset, chosen, params, layout)
    waiting = [task for task in tasks if task.cells]
    work = {id(task): task.num_clips * len(task.cells) for task in waiting}
    total = sum(task.num_clips for task in tasks) * len(params.severities)
    for _ in run_tasks(
        _corrupt_shard,
        waiting,
        params.machine,
        f"corrupt {dataset} {corruption}",
        lambda task: work[id(task)],
        total - sum(work.values()),
    ):
        pass
    _tidy(layout, corruption, shards)
    rows = store.gather(shards)
    manifest.write(layout.manifest(corruption), rows, manifest.CELLS)
    store.check_share(
        rows,
        params.corrupt.allowed_failures,
        f"corrupt {dataset} {corruption}",
        "corrupt.allowed_failures",
    )
    return rows


def _plan(
    dataset: str, corruption: Corruption, params: Params, layout: Layout
) -> tuple[list[_Task], list[Path]]:
    """Tasks with the cells that are not done, and all shards, severity by severity."""
    table = params.corrupt.levels[dataset]
    common = {
        "stage": "corrupt",
        "code": pipeline_code(CODE),
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
    tasks, shards = [], []
    for index, shard in enumerate(clean):
        rows = manifest.read_rows(manifest.part_path(shard), manifest.CELLS)
        identity = [[row["key"], row["status"], row["sha256"]] for row in rows]
        cells = []
        for severity in params.severities:
            path = layout.cell_shard(corruption.name, severity, index)
            recipe = recipe_hash(recipes[severity] | {"clips": identity})
            shards.append((severity, path))
            if not manifest.part_is_done(path, recipe):
                cells.append(_Cell(severity, path, layout.relative(path), recipe))
        tasks.append(
            _Task(
                corruption=corruption.name,
                dialect=corruption.dialect,
                table=table,
                seed=params.seed,
                dataset=dataset,
                frames=None if params.corrupt.frames == "all" else params.corrupt.frames,
                clean=shard,
                num_clips=len(rows),
                cells=tuple(cells),
                videos=layout.root / params.filter.sources[dataset].videos,
                picture=params.decode.pictures[dataset],
                payload=params.payload,
                timeout_seconds=params.machine.clip_timeout_seconds,
            )
        )
    order = {severity: number for number, severity in enumerate(params.severities)}
    return tasks, [path for _, path in sorted(shards, key=lambda one: (order[one[0]], one[1]))]


def _tidy(layout: Layout, corruption: str, shards: Sequence[Path]) -> None:
    """Remove shards of older runs, so that nothing stale stands beside what is true today."""
    folder = layout.data / "corrupted" / corruption
    wanted = {shard.parent for shard in shards}
    for cell in folder.iterdir():
        if cell.is_dir():
            store.remove_others(cell, [shard for shard in shards if shard.parent == cell])
            if cell not in wanted:
                cell.rmdir()


def _corrupt_shard(task: _Task) -> None:
    corruption = load(task.corruption, task.dialect)
    make = _pixels if corruption.acts_on == "pixels" else _compression
    rows = manifest.read_rows(manifest.part_path(task.clean), manifest.CELLS)
    with ExitStack() as stack:
        cells = [
            stack.enter_context(
                store.open_cell(cell.shard, cell.relative, cell.recipe, task.payload)
            )
            for cell in task.cells
        ]
        for clean in rows:
            made = [_first_columns(task, corruption, cell.severity, clean) for cell in task.cells]
            if clean["status"] != "ok":
                for cell, row in zip(cells, made, strict=True):
                    cell.fail(row, f"clean clip: {clean['reason']}")
                continue
            try:
                data = read_member(task.clean, clean["offset"], clean["size"], clean["sha256"])
                clip = payload.read_payload(data)
                results = make(task, corruption, clean, clip, made)
            except ClipError as error:
                results = iter([error] * len(cells))
            for cell, row, result in zip(cells, made, results, strict=True):
                if isinstance(result, ClipError):
                    cell.fail(row, str(result))
                    continue
                try:
                    cell.add(row, result)
                except ClipError as error:
                    cell.fail(row, str(error))


Frames = Iterable[NDArray[np.uint8]]


def _first_columns(task: _Task, corruption: Corruption, severity: int, clean: Row) -> Row:
    """What a row says before its clip is made."""
    level = corruption.level(severity, task.table)
    return {name: clean[name] for name in store.CLIP_COLUMNS} | {
        "corruption": corruption.name,
        "family": corruption.family,
        "severity": severity,
        "dialect": corruption.dialect,
        "params": manifest.as_json({"level": level}),
        "seed": task.seed,
        "source_path": clean["source_path"],
        "source_sha256": clean["source_sha256"],
        "fps_num": clean["fps_num"],
        "fps_den": clean["fps_den"],
        "num_frames_source": clean["num_frames"],
        "encoder": payload.describe(task.payload),
    }


def _context(task: _Task, row: Row, num_output: int) -> Context:
    random = ClipRandom(task.seed, task.dataset, row["key"], task.corruption, str(row["severity"]))
    frames = None
    if task.frames is not None and num_output > task.frames:
        frames = spread(num_output, task.frames)
    return Context(random, frames, Fraction(row["fps_num"], row["fps_den"]))


def _set_rate(row: Row, fps: Fraction, num_output: int, num_stored: int) -> None:
    """Frame rate of the stored frames, so that they last as long as all that came out."""
    rate = fps * num_stored / num_output
    row |= {"fps_num": rate.numerator, "fps_den": rate.denominator}


def spread(num_frames: int, wanted: int) -> NDArray[np.intp]:
    """Indices of `wanted` frames spread over the clip: floor(j L / wanted)."""
    return np.arange(wanted, dtype=np.intp) * num_frames // wanted


def _pixels(
    task: _Task, corruption: Corruption, clean: Row, clip: Clip, rows: Sequence[Row]
) -> Iterator[Frames]:
    for row in rows:
        level = corruption.level(row["severity"], task.table)
        fps = Fraction(clean["fps_num"], clean["fps_den"])
        num_output = corruption.output_frames(len(clip), level, fps)
        context = _context(task, row, num_output)
        made = corruptions.corrupt_pixels(corruption, clip, level, context)
        if num_output == len(clip) and corruption.dialect == "ours":
            reference = clip if context.frames is None else clip[context.frames]
            row["psnr"] = psnr(squared_error(made, reference), made.size)
        _set_rate(row, corruption.output_fps(level, fps), num_output, len(made))
        yield made


def _compression(
    task: _Task, corruption: Corruption, clean: Row, clip: Clip, rows: Sequence[Row]
) -> Iterator[Frames | ClipError]:
    source = task.videos / clean["source_path"]
    store.check_source(source, clean["source_sha256"])
    preprocess = Preprocess(task.picture.short_side, task.picture.crop)
    levels = [corruption.level(row["severity"], task.table) for row in rows]
    contexts = [_context(task, row, len(clip)) for row in rows]
    fps = Fraction(clean["fps_num"], clean["fps_den"])
    for row, context in zip(rows, contexts, strict=True):
        _set_rate(row, fps, len(clip), len(context.wanted(len(clip))))
    made = recompress(source, corruption, levels, contexts, timeout_seconds=task.timeout_seconds)
    for row, context in zip(rows, contexts, strict=True):
        try:
            result = next(made)
        except ClipError as error:
            yield error
            continue
        except StopIteration:
            yield ClipError("an earlier severity of this clip could not be made")
            continue
        yield _encoded(result, preprocess, clip, context, row)


def _encoded(
    result: Any, preprocess: Preprocess, clip: Clip, context: Context, row: Row
) -> Iterator[NDArray[np.uint8]]:
    """Wanted frames of one encoding; fills in the row's record of the damage."""
    wanted = set(context.wanted(len(clip)).tolist())
    error, count, index = 0.0, 0, -1
    for index, frame in enumerate(result.frames):
        if index not in wanted:
            continue
        picture = preprocess(frame, result.rotation)
        if index < len(clip):
            error += squared_error(picture, clip[index])
            count += picture.size
        yield picture
    if index + 1 != len(clip):
        raise ClipError(f"{index + 1} frames came out of the decoder, not {len(clip)}")
    row |= {
        "psnr": psnr(error, count),
        "damaged_frames": result.damaged_frames,
        "repeated_frames": result.repeated_frames,
        "encoder": f"{result.encoder}; {row['encoder']}",
    }
    if result.damage is not None:
        record = {
            "bytes_damaged": result.damage.bytes_damaged,
            "bytes_total": result.damage.bytes_total,
            **result.damage.details,
        }
        row["params"] = manifest.as_json(
            {"level": json.loads(row["params"])["level"], "damage": record}
        )


def squared_error(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Sum of squared differences, exact: OpenCV sums bytes in integers frame by frame."""
    if made.ndim == 3:
        return float(cv2.norm(made, reference, cv2.NORM_L2SQR))
    return sum(squared_error(one, other) for one, other in zip(made, reference, strict=True))


def psnr(error: float, count: int) -> float | None:
    """Peak signal-to-noise ratio in dB of stored frames against the clean ones; None if equal."""
    return None if error == 0 else 10 * math.log10(255.0**2 * count / error)

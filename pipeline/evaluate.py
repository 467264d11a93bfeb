"""Evaluate: every model over the clean set and every cell of the grid.

The models share one decode of a cell, and only the frames that they take are decoded. A model's
answers for a cell are a part of their own with a recipe hash: a new model, a changed corruption or
a run that was killed costs only what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import models
from pipeline.classes import read_classes
from pipeline.errors import SettingsError, StageError
from pipeline.io import manifest
from pipeline.io.atomic import sha256_file
from pipeline.io.clips import StoredClip, clip_indices, read_clip
from pipeline.io.manifest import Row
from pipeline.layout import Layout
from pipeline.loader import read_ahead
from pipeline.models.loaded import channels_last
from pipeline.params import Params
from pipeline.place import Place, find_place
from pipeline.recipes import PIPELINE, pipeline_code, recipe_hash
from pipeline.workers import progress_bar

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

CODE = ("evaluate.py", "io/clips.py", "models/spec.py", "models/loaded.py")


COLUMNS = [
    "key", "dataset", "split", "label_id", "severity", "status",
    "shard", "offset", "size", "sha256", "num_frames", "width", "height",
]  # fmt: skip
"""What is read of the manifests: all cells together are many rows."""


@dataclass(frozen=True)
class Cell:
    """One cell of the grid, or the clean set (severity 0), and its clips."""

    corruption: str
    severity: int
    rows: tuple[Row, ...]

    @cached_property
    def identity(self) -> str:
        """Hash of what the models are asked; the same for all of them."""
        return recipe_hash(
            {"clips": [[row[name] for name in ("key", "label_id", "status", "sha256")]
                       for row in self.rows]}
        )  # fmt: skip


def evaluate(dataset: str, params: Params, root: Path) -> None:
    """Write `predictions/<model>.parquet` of every model of a dataset."""
    params.check_dataset(dataset)
    layout = Layout(root, dataset)
    place = find_place(params.machine)
    cells = read_cells(dataset, params, layout)
    opened = open_models(dataset, params, layout)
    recipes = {
        (name, cell.corruption, cell.severity): _recipe(name, model, cell, params, place, root)
        for name, model in opened.items()
        for cell in cells
    }
    waiting = [
        (cell, names)
        for cell in cells
        if (names := [name for name in opened if not _is_done(layout, recipes, name, cell)])
    ]
    needed = {name for _, names in waiting for name in names}
    moved = {name: _move(opened[name], place, params.machine.compile) for name in needed}
    batches = [_batches(cell, [moved[n] for n in names], params) for cell, names in waiting]
    read = read_ahead(
        _Reader(params, root),
        [batch for some in batches for batch in some],
        params.machine.loader_workers,
        pinned=place.is_gpu,
    )
    total = sum(len(cell.rows) for cell in cells)
    done = total - sum(len(cell.rows) for cell, _ in waiting)
    with progress_bar(f"evaluate {dataset}", total, done) as advance:
        for (cell, names), some in zip(waiting, batches, strict=True):
            answers = _ask({n: moved[n] for n in names}, some, read, params, place, advance)
            advance(len(cell.rows) - sum(len(batch.rows) for batch in some))
            for name, scores in answers.items():
                recipe = recipes[name, cell.corruption, cell.severity]
                manifest.write(
                    layout.answers(name, cell.corruption, cell.severity),
                    [row | {"recipe_hash": recipe} for row in _rows(cell, name, scores)],
                    manifest.PREDICTIONS,
                    {"recipe_hash": recipe},
                )
    _merge(layout, cells, list(opened))


def read_cells(dataset: str, params: Params, layout: Layout) -> list[Cell]:
    """The clean set and every cell of the grid, with the clips of the evaluated split."""
    split = params.evaluate.split
    cells = []
    for corruption in ("clean", *params.corruptions):
        rows = [
            row
            for row in manifest.read_rows(layout.manifest(corruption), manifest.CELLS, COLUMNS)
            if row["split"] == split
        ]
        for severity in (0,) if corruption == "clean" else params.severities:
            chosen = tuple(row for row in rows if row["severity"] == severity)
            if not chosen:
                raise StageError(
                    f"{layout.manifest(corruption)}: no clips of split {split!r} at severity "
                    f"{severity}; run the stage that makes them first."
                )
            cells.append(Cell(corruption, severity, chosen))
    return cells


def open_models(dataset: str, params: Params, layout: Layout) -> dict[str, models.LoadedModel]:
    """The dataset's models with their weights."""
    if not params.models[dataset]:
        raise SettingsError(
            f"params.yaml: models.{dataset} names no model; add one of "
            f"{', '.join(models.names())}, or your own."
        )
    class_names = read_classes(layout.root / params.filter.sources[dataset].classes)
    opened = {}
    for name, settings in params.models[dataset].items():
        opens = settings.model or name
        weights = settings.weights and layout.root / settings.weights
        if weights is None and opens in models.names():
            weights = layout.weights(name)
        if weights is not None and not weights.is_file():
            raise SettingsError(
                f"{weights}: no such weights of model {name!r}; run the train stage first, or set "
                f"models.{dataset}.{name}.weights in params.yaml."
            )
        opened[name] = models.open_model(
            opens,
            num_classes=len(class_names),
            weights=weights,
            input=None
            if settings.input is None
            else models.InputSpec(**settings.input.model_dump()),
            class_names=class_names,
            labels=settings.labels and layout.root / settings.labels,
            options=settings.options,
        )
    return opened


def _recipe(
    name: str, model: models.LoadedModel, cell: Cell, params: Params, place: Place, root: Path
) -> str:
    settings = params.models[cell.rows[0]["dataset"]][name]
    code = set(CODE)
    if (opens := settings.model or name) in models.names():
        code |= {path.relative_to(PIPELINE).as_posix() for path in models.load(opens).files}
    return recipe_hash(
        {
            "stage": "evaluate",
            "code": pipeline_code(code),
            "weights": model.weights_sha256,
            "input": model.input,
            "options": settings.options,
            "labels": settings.labels and sha256_file(root / settings.labels),
            "frames": params.evaluate.frames,
            "dialect": params.dialect,
            "precision": place.precision,
            "compiled": params.machine.compile,
            "clips": cell.identity,
        }
    )


def _is_done(
    layout: Layout, recipes: dict[tuple[str, str, int], str], name: str, cell: Cell
) -> bool:
    path = layout.answers(name, cell.corruption, cell.severity)
    return manifest.has_recipe(path, recipes[name, cell.corruption, cell.severity])


def _move(model: models.LoadedModel, place: Place, compiled: bool) -> models.LoadedModel:
    """The model on the device, laid out as the frames are."""
    if not model.movable:
        return model
    module = channels_last(model.module.to(place.device))
    if compiled:
        import torch

        module = torch.compile(module)  # type: ignore[assignment] # called like a module
    return replace(model, module=module)


@dataclass(frozen=True)
class _Batch:
    """Some clips of one cell and the frames that its models take of them."""

    rows: tuple[Row, ...]
    positions: tuple[int, ...]
    """Among the frames of the protocol, ascending."""


@dataclass(frozen=True)
class _Reader:
    """Decodes the wanted frames of batches."""

    params: Params
    root: Path

    def __call__(self, batch: _Batch) -> torch.Tensor:
        """Frames (N, len(positions), H, W, 3), uint8 RGB."""
        from torch.utils.data import default_collate

        wanted, dialect = self.params.evaluate.frames, self.params.dialect
        clips = [StoredClip.of(row, self.root) for row in batch.rows]
        frames = [
            read_clip(clip, clip_indices(clip.num_frames, wanted, dialect)[list(batch.positions)])
            for clip in clips
        ]
        stacked: torch.Tensor = default_collate(frames)  # in a process: in shared memory
        return stacked


def _batches(
    cell: Cell, waiting: Sequence[models.LoadedModel], params: Params
) -> tuple[_Batch, ...]:
    """The usable clips of a cell with the frames that the waiting models take together."""
    taken = (models.take_frames(params.evaluate.frames, model.input.frames) for model in waiting)
    positions = tuple(sorted({position for some in taken for position in some}))
    usable = [row for row in cell.rows if row["status"] == "ok"]
    size = params.machine.batch_size
    return tuple(
        _Batch(tuple(usable[start : start + size]), positions)
        for start in range(0, len(usable), size)
    )


def _ask(
    opened: dict[str, models.LoadedModel],
    batches: Sequence[_Batch],
    read: Iterator[torch.Tensor],
    params: Params,
    place: Place,
    advance: Callable[[int], None],
) -> dict[str, torch.Tensor]:
    """Logits of some models for the clips of one cell, by model; `read` gives its batches next."""
    import torch

    scores: dict[str, list[torch.Tensor]] = {name: [] for name in opened}
    for batch in batches:
        frames = next(read).to(place.device, non_blocking=True)
        for name, model in opened.items():
            taken = models.take_frames(params.evaluate.frames, model.input.frames)
            own = [batch.positions.index(position) for position in taken]
            whole = own == list(range(len(batch.positions)))
            scores[name].append(_logits(model, frames if whole else frames[:, own], place))
        advance(len(batch.rows))
    return {name: torch.cat(some) if some else torch.empty(0, 1) for name, some in scores.items()}


def _logits(model: models.LoadedModel, frames: torch.Tensor, place: Place) -> torch.Tensor:
    import torch

    if not model.movable:
        frames = frames.cpu()
    with torch.inference_mode(), place.autocast(model.movable):
        return models.logits(model, frames, torch.float32).cpu()


def _rows(cell: Cell, model: str, scores: torch.Tensor) -> Iterator[Row]:
    """One row per clip of the cell, in its order."""
    best = scores.topk(min(5, scores.shape[1]), dim=1)
    answers = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    for row in cell.rows:
        made: Row = {
            "dataset": row["dataset"],
            "model": model,
            "key": row["key"],
            "corruption": cell.corruption,
            "severity": cell.severity,
            "label_id": row["label_id"],
            "status": row["status"],
            "correct1": False,
            "correct5": False,
        }
        if row["status"] == "ok":
            labels, values = next(answers)
            made |= {
                "top5": labels,
                "top5_logits": values,
                "correct1": labels[0] == row["label_id"],
                "correct5": row["label_id"] in labels,
            }
        yield made


def _merge(layout: Layout, cells: Sequence[Cell], names: Sequence[str]) -> None:
    """One Parquet per model; parts and files of models or cells that are gone are removed."""
    for name in names:
        parts = [layout.answers(name, cell.corruption, cell.severity) for cell in cells]
        manifest.join(layout.predictions / f"{name}.parquet", parts, manifest.PREDICTIONS)
        for path in set(parts[0].parent.iterdir()) - set(parts):
            path.unlink()
    for path in layout.predictions.iterdir():
        if path.stem not in names:
            path.unlink()

"""Train: fit a model to the clean training shards.

The recipe is the leaderboard's: SGD with momentum, a learning rate that falls to zero as a cosine,
multi-scale crops, and the weights of the epoch with the best validation top-1. All that is random
is a function of the seed and of what it is drawn for, so a run that was stopped goes on from its
last epoch to the same weights. The weights are the same bit by bit on CPUs of the same kind:
arithmetic of another number of threads (`threads`, so it belongs to the recipe), of another
instruction set or of a GPU adds up in another order.
"""

import io
import json
import logging
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, Dataset

from corruptions.types import Clip, ClipRandom, random_uniforms
from pipeline import models
from pipeline.classes import read_classes
from pipeline.errors import SettingsError, StageError
from pipeline.io import manifest
from pipeline.io.atomic import atomic, write_text
from pipeline.io.clips import StoredClip, clip_indices, read_clip
from pipeline.layout import Layout
from pipeline.params import Params, TrainSettings
from pipeline.recipes import pipeline_code, recipe_hash
from pipeline.workers import progress_bar

log = logging.getLogger(__name__)

SPLIT = "train"
KEEP_BYTES = 4 << 30
"""Decoded training frames up to this size are kept in memory; more are decoded in every epoch."""
CODE = ("train.py", "io/clips.py", "models/spec.py", "models/checkpoints.py")


@dataclass(frozen=True)
class Examples:
    """The clips of one split, their classes and the frames that the model takes of them."""

    clips: tuple[StoredClip, ...]
    labels: tuple[int, ...]
    indices: tuple[NDArray[np.intp], ...]
    hashes: tuple[str, ...]
    """SHA-256 of each stored clip, for the recipe."""

    def read(self, number: int) -> Clip:
        return read_clip(self.clips[number], self.indices[number])


@dataclass
class Progress:
    """Everything that an epoch leaves to the next one, as it stands in the checkpoint."""

    recipe: str
    module: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_epoch(self) -> dict[str, float]:
        """The line of the best validation top-1; of equal ones the last."""
        return max(self.history, key=lambda line: (line["val_top1"], line["epoch"]))


@dataclass(frozen=True)
class _Run:
    """What does not change during a training."""

    dataset: str
    model: str
    settings: TrainSettings
    entry: models.ModelEntry
    seed: int
    device: torch.device
    mixed: bool
    loader_workers: int

    def random(self, what_for: str) -> ClipRandom:
        return ClipRandom(self.seed, self.dataset, what_for, "train", self.model)

    def seed_torch(self, what_for: str) -> None:
        torch.manual_seed(int(self.random(what_for).clip().random_raw(1)[0] >> 1))


def train(dataset: str, model: str, params: Params, root: Path) -> None:
    """Write weights.pt, metrics.json and history.csv of one model, unless today's are there."""
    params.check_dataset(dataset)
    run = _plan(dataset, model, params)
    layout = Layout(root, dataset)
    folder = layout.trained(model)
    num_classes = len(read_classes(root / params.filter.sources[dataset].classes))
    training, validation = (
        _examples(layout, split, params, run.entry.input)
        for split in (SPLIT, params.evaluate.split)
    )
    recipe = _recipe(run, params, training, validation)
    if _is_done(folder, recipe):
        log.info("train %s %s: up to date", dataset, model)
        return
    with _deterministic(run.settings.threads):
        run.seed_torch("initial weights")
        module = run.entry.build(num_classes).to(run.device)
        for weight in module.parameters():
            if weight.ndim == 5:  # as prepare() lays out the frames: a tenth faster on CPUs
                weight.data = weight.data.contiguous(memory_format=torch.channels_last_3d)
        progress = _fit(run, module, training, validation, folder / "checkpoint.pt", recipe)
    _write(folder, progress)


def _plan(dataset: str, model: str, params: Params) -> _Run:
    trained = params.train.get(dataset, {})
    if model not in trained:
        raise SettingsError(
            f"params.yaml: train.{dataset} has no section {model!r}; there are: "
            f"{', '.join(trained) or 'none'}."
        )
    if model not in models.names():
        raise SettingsError(
            f"params.yaml: train.{dataset}: unknown model {model!r}; there are: "
            f"{', '.join(models.names())}."
        )
    fastest = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(params.machine.device.replace("auto", fastest))
    precision = params.machine.precision
    return _Run(
        dataset=dataset,
        model=model,
        settings=trained[model],
        entry=models.load(model),
        seed=params.seed,
        device=device,
        # fp16 would need scaled losses: it stays with evaluate.
        mixed=precision == "bf16" or (precision == "auto" and device.type == "cuda"),
        loader_workers=params.machine.loader_workers,
    )


def _examples(layout: Layout, split: str, params: Params, spec: models.InputSpec) -> Examples:
    """The stored clips of a split."""
    path = layout.manifest("clean")
    listed = manifest.read_rows(path, manifest.CELLS)
    rows = [row for row in listed if row["split"] == split and row["status"] == "ok"]
    if not rows:
        raise StageError(f"{path}: no usable clip of split {split!r}; run the decode stage first.")
    sizes = {(row["height"], row["width"]) for row in rows}
    if sizes != {(spec.size, spec.size)}:
        raise SettingsError(
            f"{path}: clips are {' and '.join(f'{w} x {h}' for h, w in sorted(sizes))}, the model "
            f"takes {spec.size} x {spec.size}; set decode.pictures.{layout.dataset}.crop to "
            f"{spec.size}."
        )
    taken = models.take_frames(params.evaluate.frames, spec.frames)
    clips = tuple(StoredClip.of(row, layout.root) for row in rows)
    return Examples(
        clips=clips,
        labels=tuple(row["label_id"] for row in rows),
        indices=tuple(
            clip_indices(clip.num_frames, params.evaluate.frames, params.dialect)[taken]
            for clip in clips
        ),
        hashes=tuple(row["sha256"] for row in rows),
    )


def _recipe(run: _Run, params: Params, training: Examples, validation: Examples) -> str:
    return recipe_hash(
        {
            "stage": "train",
            "code": pipeline_code((*CODE, f"models/{run.model}.py")),
            "torch": torch.__version__,
            "settings": run.settings.model_dump(),
            "seed": run.seed,
            "input": run.entry.input,
            "frames": params.evaluate.frames,
            "dialect": params.dialect,
            "clips": [
                list(zip(some.hashes, some.labels, strict=True)) for some in (training, validation)
            ],
        }
    )


def _is_done(folder: Path, recipe: str) -> bool:
    note = folder / "recipe.json"
    return note.is_file() and json.loads(note.read_text()) == {"recipe_hash": recipe}


@contextmanager
def _deterministic(threads: int) -> Iterator[None]:
    """Arithmetic in one order: deterministic kernels, a fixed number of threads."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def _fit(
    run: _Run,
    module: nn.Module,
    training: Examples,
    validation: Examples,
    checkpoint: Path,
    recipe: str,
) -> Progress:
    """Train epoch by epoch, from the checkpoint of this recipe if there is one."""
    settings = run.settings
    optimizer = torch.optim.SGD(
        module.parameters(),
        lr=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    progress = _resume(checkpoint, recipe) or Progress(
        recipe, module.state_dict(), optimizer.state_dict()
    )
    module.load_state_dict(progress.module)
    optimizer.load_state_dict(progress.optimizer)
    num_clips, first = len(training.clips), len(progress.history)
    total, done = settings.epochs * num_clips, first * num_clips
    with progress_bar(f"train {run.model}", total, done) as advance:
        clips = _Clips(run, training, settings.scales, settings.flip)
        held_out = _Clips(run, validation, (1.0,), flip=False)
        for epoch in range(first, settings.epochs):
            run.seed_torch(f"dropout of epoch {epoch}")
            loss, top1 = _train_epoch(run, module, optimizer, clips, epoch, advance)
            val_top1 = _top1(run, module, held_out)
            line = {"epoch": epoch + 1, "train_loss": loss, "train_top1": top1}
            progress.history.append(line | {"val_top1": val_top1})
            log.info("train %s: %s", run.model, progress.history[-1])
            progress.module, progress.optimizer = module.state_dict(), optimizer.state_dict()
            if progress.best_epoch["epoch"] == epoch + 1:
                progress.best = {key: value.clone() for key, value in progress.module.items()}
            with atomic(checkpoint) as temporary:
                temporary.write_bytes(_saved(vars(progress)))
    if not progress.best:  # no epochs: the weights as they were drawn
        progress.best = progress.module
    return progress


def _resume(checkpoint: Path, recipe: str) -> Progress | None:
    if not checkpoint.is_file():
        return None
    progress = Progress(**torch.load(checkpoint, map_location="cpu", weights_only=True))
    return progress if progress.recipe == recipe else None


def _saved(content: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _train_epoch(
    run: _Run,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    clips: "_Clips",
    epoch: int,
    advance: Any,
) -> tuple[float, float]:
    """One pass over the clips in a random order; gives mean loss and top-1 in percent."""
    module.train()
    settings = run.settings
    order = np.argsort(run.random(f"epoch {epoch}").clip().random_raw(len(clips)), kind="stable")
    batches = _batches(order.tolist(), settings.batch_size, epoch)
    total = torch.zeros(2, dtype=torch.float64, device=run.device)
    for step, (frames, labels) in enumerate(_load(clips, batches, run.loader_workers)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, epoch + step / len(batches))
        scores = _scores(run, module, frames)
        labels = labels.to(run.device)
        loss = nn.functional.cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        right = (scores.detach().argmax(1) == labels).sum()
        total += torch.stack([loss.detach().double() * len(labels), right.double()])
        advance(len(labels))
    mean = (total / len(clips)).tolist()
    if not math.isfinite(mean[0]):
        raise StageError(
            f"train {run.model}: the loss is {mean[0]} in epoch {epoch + 1}; lower "
            f"train.{run.dataset}.{run.model}.learning_rate."
        )
    return mean[0], 100 * mean[1]


def learning_rate(settings: TrainSettings, epoch: float) -> float:
    """Learning rate at a time in epochs: a straight rise, then a cosine down to zero."""
    warmup = settings.warmup_epochs
    if epoch < warmup:
        return settings.learning_rate * (epoch + 0.02) / (warmup + 0.02)
    share = (epoch - warmup) / (settings.epochs - warmup)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


def _top1(run: _Run, module: nn.Module, clips: "_Clips") -> float:
    """Top-1 in percent."""
    module.eval()
    batches = _batches(list(range(len(clips))), run.settings.batch_size, 0)
    right = 0
    with torch.inference_mode():
        for frames, labels in _load(clips, batches, run.loader_workers):
            right += int((_scores(run, module, frames).cpu().argmax(1) == labels).sum())
    return 100 * right / len(clips)


def _scores(run: _Run, module: nn.Module, frames: torch.Tensor) -> torch.Tensor:
    batch = models.prepare(frames.to(run.device), run.entry.input, torch.float32)
    with torch.autocast(run.device.type, torch.bfloat16, enabled=run.mixed):
        scores: torch.Tensor = module(batch)
    return scores.float()


def _batches(order: list[int], size: int, epoch: int) -> list[list[tuple[int, int]]]:
    """Items of `_Clips`, batch by batch."""
    starts = range(0, len(order), size)
    return [[(epoch, number) for number in order[start : start + size]] for start in starts]


def _load(clips: "_Clips", batches: list[list[tuple[int, int]]], workers: int) -> "DataLoader[Any]":
    """Batches of frames (N, T, H, W, 3) uint8 and labels (N)."""
    return DataLoader(clips, batch_sampler=batches, num_workers=0 if clips.in_memory else workers)


class _Clips(Dataset[tuple[Clip, int]]):
    """Clips by (epoch, number): the crop is drawn anew in every epoch."""

    def __init__(self, run: _Run, examples: Examples, scales: Sequence[float], flip: bool) -> None:
        self._run, self._examples = run, examples
        self._scales, self._flip = tuple(scales), flip
        spec = run.entry.input
        self.in_memory = len(examples.clips) * spec.frames * spec.size**2 * 3 <= KEEP_BYTES
        self._kept: dict[int, Clip] = {}

    def __len__(self) -> int:
        return len(self._examples.clips)

    def __getitem__(self, item: tuple[int, int]) -> tuple[Clip, int]:
        epoch, number = item
        clip = self._kept.get(number)
        if clip is None:
            clip = self._examples.read(number)
            if self.in_memory:
                self._kept[number] = clip
        if self._scales != (1.0,) or self._flip:
            random = self._run.random(f"epoch {epoch}, clip {self._examples.clips[number].key}")
            clip = augment(clip, self._scales, self._flip, random)
        return clip, self._examples.labels[number]


def augment(clip: Clip, scales: Sequence[float], flip: bool, random: ClipRandom) -> Clip:
    """Cut a square at a random place, its side one of `scales` of the picture's; maybe mirror it.

    The clip comes back at its own size; all its frames are treated alike.
    """
    pick, top, left, mirror = random_uniforms(random.clip(), 4)
    size = clip.shape[1]
    side = round(size * scales[int(pick * len(scales))])
    rows, columns = int(top * (size - side + 1)), int(left * (size - side + 1))
    part = clip[:, rows : rows + side, columns : columns + side]
    if flip and mirror < 0.5:
        part = part[:, :, ::-1]
    if side == size:
        return np.ascontiguousarray(part)
    frames = (cv2.resize(np.ascontiguousarray(frame), (size, size)) for frame in part)
    return np.stack(list(frames)).astype(np.uint8, copy=False)


def _write(folder: Path, progress: Progress) -> None:
    """Write what the stage is for; the note of the recipe comes last and marks it as done."""
    with atomic(folder / "weights.pt") as temporary:
        best = {key: value.cpu().contiguous() for key, value in progress.best.items()}
        temporary.write_bytes(_saved(best))
    if progress.history:
        columns = list(progress.history[0])
        lines = [",".join(f"{line[name]:g}" for name in columns) for line in progress.history]
        write_text(folder / "history.csv", "\n".join([",".join(columns), *lines, ""]))
        write_text(folder / "metrics.json", json.dumps(progress.best_epoch, indent=2) + "\n")
    write_text(folder / "recipe.json", json.dumps({"recipe_hash": progress.recipe}) + "\n")
    (folder / "checkpoint.pt").unlink(missing_ok=True)

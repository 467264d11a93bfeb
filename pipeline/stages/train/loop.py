"""Fit a network to examples, epoch by epoch, so that a run that was stopped can go on."""

import io
import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from corruptions.types import ClipRandom

from ... import models
from ...errors import SettingsError, StageError
from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar
from ...io.atomic import atomic
from ...models.device import ComputeDevice
from ...settings import ModelSettings, TrainSettings
from .data import KEEP_BYTES, Batch, Examples, Reader
from .distributed import ProcessGroup

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """What does not change during the training of a model."""

    dataset: str
    model: str
    settings: TrainSettings
    how: ModelSettings
    entry: models.ModelEntry
    input: models.InputSpec
    class_names: Sequence[str]
    start: Path | None
    seed: int
    place: ComputeDevice
    team: ProcessGroup
    loader_workers: int

    def random(self, what_for: str) -> ClipRandom:
        return ClipRandom(self.seed, self.dataset, what_for, "train", self.model)

    def seed_torch(self, what_for: str) -> None:
        torch.manual_seed(int(self.random(what_for).clip().random_raw(1)[0] >> 1))

    @property
    def made_by(self) -> dict[str, Any]:
        """What the last bits depend on besides the recipe."""
        kind = self.place.device.split(":")[0]
        return {"device": kind, "precision": self.place.precision, "processes": self.team.size}


@dataclass
class Progress:
    """Everything that an epoch leaves to the next one, as it stands in the checkpoint."""

    recipe: str
    made_by: dict[str, Any]
    module: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_epoch(self) -> dict[str, float]:
        """The line of the best validation top-1; of equal ones the last."""
        return max(self.history, key=lambda line: (line["val_top1"], line["epoch"]))


@contextmanager
def deterministic(run: Run) -> Iterator[None]:
    """Arithmetic in one order: deterministic kernels, a fixed number of threads."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(run.settings.threads)
    # CUDA lacks some kernels, such as the gradient of max_pool3d: there the others are used.
    torch.use_deterministic_algorithms(True, warn_only=run.place.is_gpu)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def fit(
    run: Run,
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
    scaler = torch.amp.GradScaler(
        run.place.device.split(":")[0], enabled=run.place.precision == "fp16"
    )
    progress = _resume(checkpoint, recipe) or Progress(
        recipe, run.made_by, module.state_dict(), optimizer.state_dict(), scaler.state_dict()
    )
    if progress.made_by != run.made_by:
        log.warning(
            "train %s: goes on as %s after epochs as %s, so the weights will not be those of an "
            "unbroken run.", run.model, run.made_by, progress.made_by,
        )  # fmt: skip
        progress.made_by = run.made_by
    module.load_state_dict(progress.module)
    optimizer.load_state_dict(progress.optimizer)
    scaler.load_state_dict(progress.scaler)
    keep = [some.num_bytes <= KEEP_BYTES // run.team.size for some in (training, validation)]
    clips = Reader(training, run.random, scales=settings.scales, flip=settings.flip, keep=keep[0])
    held_out = Reader(validation, run.random, keep=keep[1])
    first = len(progress.history)
    bar = progress_bar(f"train {run.model}", settings.epochs * len(clips), first * len(clips))
    with bar if run.team.rank == 0 else nullcontext(lambda count: None) as advance:
        for epoch in range(first, settings.epochs):
            loss, top1 = _train_epoch(run, module, optimizer, scaler, clips, epoch, advance)
            run.team.agree_on_buffers(module)
            val_top1 = _top1(run, module, held_out)
            line = {"epoch": epoch + 1, "train_loss": loss, "train_top1": top1}
            progress.history.append(line | {"val_top1": val_top1})
            progress.module, progress.optimizer = module.state_dict(), optimizer.state_dict()
            progress.scaler = scaler.state_dict()
            if progress.best_epoch["epoch"] == epoch + 1:
                progress.best = {key: value.clone() for key, value in progress.module.items()}
            if run.team.rank == 0:
                log.info("train %s: %s", run.model, progress.history[-1])
                with atomic(checkpoint) as temporary:
                    temporary.write_bytes(saved(vars(progress)))
    if not progress.best:  # no epochs: the weights as they were drawn
        progress.best = progress.module
    return progress


def _resume(checkpoint: Path, recipe: str) -> Progress | None:
    if not checkpoint.is_file():
        return None
    progress = Progress(**torch.load(checkpoint, map_location="cpu", weights_only=True))
    return progress if progress.recipe == recipe else None


def saved(content: Any) -> bytes:
    """What `torch.save` writes to a file."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _train_epoch(
    run: Run,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    clips: Reader,
    epoch: int,
    advance: Callable[[int], None],
) -> tuple[float, float]:
    """One pass over the clips in a random order; gives mean loss and top-1 in percent."""
    settings, team = run.settings, run.team
    process = f", process {team.rank}" if team.rank else ""
    run.seed_torch(f"dropout of epoch {epoch}{process}")
    module.train()
    # Wrapped anew in every epoch: an epoch begins alike in a run that was stopped and in another.
    averaging = team.averaging(module)
    order = np.argsort(run.random(f"epoch {epoch}").clip().random_raw(len(clips)), kind="stable")
    batches = _batches(order.tolist(), settings.batch_size)
    shares = [team.share(batch) for batch in batches]
    total = torch.zeros(2, dtype=torch.float64, device=run.place.device)
    # A process without a clip of its own takes one that does not count, for all go in step.
    mine = [(epoch, share or batch[:1]) for share, batch in zip(shares, batches, strict=True)]
    for step, (frames, labels) in enumerate(_read(run, clips, mine)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, epoch + step / len(batches))
        scores = _scores(run, averaging, frames)
        labels = labels.to(run.place.device)
        own, all_ = len(shares[step]), len(batches[step])
        loss = nn.functional.cross_entropy(scores, labels)
        optimizer.zero_grad()
        share = loss * (own * team.size / all_)  # so that the processes' mean is the batch's
        scaler.scale(share).backward()  # type: ignore[no-untyped-call]
        scaler.step(optimizer)
        scaler.update()
        if own:
            right = (scores.detach().argmax(1) == labels).sum()
            total += torch.stack([loss.detach().double() * own, right.double()])
        advance(all_)
    mean = (team.total(total) / len(clips)).tolist()
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


def _top1(run: Run, module: nn.Module, clips: Reader) -> float:
    """Top-1 in percent."""
    module.eval()
    own = run.team.share(range(len(clips)))
    mine = [(0, batch) for batch in _batches(own, max(1, run.settings.batch_size // run.team.size))]
    right = torch.zeros((), dtype=torch.int64, device=run.place.device)
    with torch.inference_mode():
        for frames, labels in _read(run, clips, mine):
            right += (_scores(run, module, frames).argmax(1) == labels.to(run.place.device)).sum()
    return 100 * int(run.team.total(right)) / len(clips)


def _scores(run: Run, module: nn.Module, frames: torch.Tensor) -> torch.Tensor:
    on_device = frames.to(run.place.device, non_blocking=True)
    batch = models.prepare(on_device, run.input, torch.float32)
    try:
        with run.place.autocast():
            scores: torch.Tensor = module(batch)
    except torch.OutOfMemoryError as error:
        raise SettingsError(
            f"train {run.model}: out of memory on {run.place.device} with {len(frames)} clips of a "
            f"batch of {run.settings.batch_size}; share it by more processes (torchrun), set "
            f"machine.precision: bf16, or lower train.{run.dataset}.{run.model}.batch_size."
        ) from error
    return scores.float()


def _batches(order: Sequence[int], size: int) -> list[Sequence[int]]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def _read(
    run: Run, clips: Reader, batches: Sequence[Batch]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Frames (N, T, H, W, 3) uint8 and labels (N) of batches."""
    workers = 0 if clips.keeps else run.loader_workers
    return read_ahead(clips, batches, workers, pinned=run.place.is_gpu)

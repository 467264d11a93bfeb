"""Training loop: SGD with warm-up and cosine decay, resumable after every epoch."""

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

from ...errors import SettingsError, StageError
from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar
from ...io.atomic import atomic
from ...model_settings import ModelSettings, TrainSettings
from ...models.device import ComputeDevice
from ...models.registry import ModelEntry
from ...models.spec import InputSpec, prepare
from ...models.views import count_views, merge_views, split_views
from .data import KEEP_BYTES, Augmentation, Batch, Examples, Reader
from .distributed import ProcessGroup

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """Constants of one training run."""

    dataset: str
    model: str
    settings: TrainSettings
    model_settings: ModelSettings
    entry: ModelEntry
    input: InputSpec
    class_names: Sequence[str]
    start: Path | None
    seed: int
    device: ComputeDevice
    processes: ProcessGroup
    loader_workers: int

    def random(self, purpose: str) -> ClipRandom:
        """Return the random generators of one purpose, such as "epoch 3"."""
        return ClipRandom(self.seed, self.dataset, purpose, "train", self.model)

    def seed_torch(self, purpose: str) -> None:
        """Seed the generator of torch for one purpose."""
        torch.manual_seed(int(self.random(purpose).clip().random_raw(1)[0] >> 1))

    @property
    def environment(self) -> dict[str, Any]:
        """Device, precision and world size: they affect the low-order bits of the weights."""
        return {
            "device": self.device.kind,
            "precision": self.device.precision,
            "processes": self.processes.size,
        }


@dataclass
class Progress:
    """Training state after an epoch, as saved in the checkpoint."""

    recipe: str
    environment: dict[str, Any]
    module: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_epoch(self) -> dict[str, float]:
        """Metrics of the epoch with the best validation top-1, the last one of equals."""
        return max(self.history, key=lambda line: (line["val_top1"], line["epoch"]))


@contextmanager
def deterministic(run: Run) -> Iterator[None]:
    """Run the context with deterministic kernels and a fixed number of threads."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(run.settings.threads)
    # CUDA has no deterministic kernel for some operations, such as the gradient of max_pool3d.
    torch.use_deterministic_algorithms(True, warn_only=run.device.is_gpu)
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
    """Train epoch by epoch; resume from the checkpoint if it has this recipe."""
    settings = run.settings
    optimizer = make_optimizer(module, settings)
    scaler = torch.amp.GradScaler(run.device.kind, enabled=run.device.precision == "fp16")
    progress = _resume(checkpoint, recipe) or Progress(
        recipe, run.environment, module.state_dict(), optimizer.state_dict(), scaler.state_dict()
    )
    if progress.environment != run.environment:
        log.warning(
            "train %s: resumed as %s after epochs as %s, so the weights will not equal those of an "
            "uninterrupted run.", run.model, run.environment, progress.environment,
        )  # fmt: skip
        progress.environment = run.environment
    module.load_state_dict(progress.module)
    optimizer.load_state_dict(progress.optimizer)
    scaler.load_state_dict(progress.scaler)
    keep = [some.num_bytes <= KEEP_BYTES // run.processes.size for some in (training, validation)]
    augmentation = Augmentation(
        settings.scales, settings.flip, run.input.size, settings.crops, settings.temporal_offset
    )
    clips = Reader(training, run.random, augmentation=augmentation, keep=keep[0])
    held_out = Reader(validation, run.random, keep=keep[1])
    first = len(progress.history)
    bar = progress_bar(f"train {run.model}", settings.epochs * len(clips), first * len(clips))
    with bar if run.processes.rank == 0 else nullcontext(lambda count: None) as advance:
        for epoch in range(first, settings.epochs):
            loss, top1 = _train_epoch(run, module, optimizer, scaler, clips, epoch, advance)
            run.processes.share_buffers(module)
            val_top1 = _top1(run, module, held_out)
            line = {"epoch": epoch + 1, "train_loss": loss, "train_top1": top1}
            progress.history.append(line | {"val_top1": val_top1})
            progress.module, progress.optimizer = module.state_dict(), optimizer.state_dict()
            progress.scaler = scaler.state_dict()
            if progress.best_epoch["epoch"] == epoch + 1:
                progress.best = {key: value.clone() for key, value in progress.module.items()}
            if run.processes.rank == 0:
                log.info("train %s: %s", run.model, progress.history[-1])
                with atomic(checkpoint) as temporary:
                    temporary.write_bytes(saved(vars(progress)))
    if not progress.best:  # no epochs: the initial weights
        progress.best = progress.module
    return progress


def make_optimizer(module: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return the optimiser of a training run.

    AdamW leaves weight decay out for vectors (biases, normalisation) and embeddings.
    """
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            module.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
    plain = [
        name
        for name, value in module.named_parameters()
        if value.ndim < 2 or "embeddings" in name.rpartition(".")[2] or name.endswith("cls_token")
    ]
    groups = [
        {
            "params": [v for name, v in module.named_parameters() if (name in plain) == is_plain],
            "weight_decay": 0.0 if is_plain else settings.weight_decay,
        }
        for is_plain in (False, True)
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(settings.momentum, 0.999))


def _resume(checkpoint: Path, recipe: str) -> Progress | None:
    if not checkpoint.is_file():
        return None
    progress = Progress(**torch.load(checkpoint, map_location="cpu", weights_only=True))
    return progress if progress.recipe == recipe else None


def saved(content: Any) -> bytes:
    """Return the bytes that `torch.save` writes."""
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
    """Train on all clips once, in a random order; return mean loss and top-1 in percent."""
    settings, processes = run.settings, run.processes
    process = f", process {processes.rank}" if processes.rank else ""
    run.seed_torch(f"dropout of epoch {epoch}{process}")
    module.train()
    # Wrapped again in every epoch, so that an epoch starts in the same state in a resumed run.
    averaging = processes.averaging(module)
    order = np.argsort(run.random(f"epoch {epoch}").clip().random_raw(len(clips)), kind="stable")
    batches = _batches(order.tolist(), settings.batch_size)
    shares = [processes.share(batch) for batch in batches]
    total = torch.zeros(2, dtype=torch.float64, device=run.device.name)
    # A process without a clip takes one with weight 0: all processes make the same steps.
    mine = [(epoch, share or batch[:1]) for share, batch in zip(shares, batches, strict=True)]
    for step, (frames, labels) in enumerate(_read(run, clips, mine)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(settings, epoch + step / len(batches))
        scores = _scores(run, averaging, frames)
        labels = labels.to(run.device.name)
        own, all_ = len(shares[step]), len(batches[step])
        loss = nn.functional.cross_entropy(scores, labels)
        optimizer.zero_grad()
        share = loss * (own * processes.size / all_)  # the mean over processes is that of the batch
        scaler.scale(share).backward()  # type: ignore[no-untyped-call]
        if settings.clip_gradient is not None:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(module.parameters(), settings.clip_gradient)
        scaler.step(optimizer)
        scaler.update()
        if own:
            right = (scores.detach().argmax(1) == labels).sum()
            total += torch.stack([loss.detach().double() * own, right.double()])
        advance(all_)
    mean = (processes.total(total) / len(clips)).tolist()
    if not math.isfinite(mean[0]):
        raise StageError(
            f"train {run.model}: the loss is {mean[0]} in epoch {epoch + 1}; lower "
            f"train.{run.dataset}.{run.model}.learning_rate."
        )
    return mean[0], 100 * mean[1]


def learning_rate(settings: TrainSettings, epoch: float) -> float:
    """Return the learning rate at a time in epochs: linear warm-up, then cosine decay to zero."""
    warmup = settings.warmup_epochs
    if epoch < warmup:
        return settings.learning_rate * (epoch + 0.02) / (warmup + 0.02)
    share = (epoch - warmup) / (settings.epochs - warmup)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))


def _top1(run: Run, module: nn.Module, clips: Reader) -> float:
    """Return the top-1 accuracy on `clips`, in percent."""
    module.eval()
    own = run.processes.share(range(len(clips)))
    mine = [
        (0, batch) for batch in _batches(own, max(1, run.settings.batch_size // run.processes.size))
    ]
    right = torch.zeros((), dtype=torch.int64, device=run.device.name)
    with torch.inference_mode():
        for frames, labels in _read(run, clips, mine):
            scores = _scores(run, module, split_views(frames, run.input))
            merged = merge_views(scores, count_views(run.input))
            right += (merged.argmax(1) == labels.to(run.device.name)).sum()
    return 100 * int(run.processes.total(right)) / len(clips)


def _scores(run: Run, module: nn.Module, frames: torch.Tensor) -> torch.Tensor:
    on_device = frames.to(run.device.name, non_blocking=True)
    batch = prepare(on_device, run.input, torch.float32)
    try:
        with run.device.autocast():
            scores: torch.Tensor = module(batch)
    except torch.OutOfMemoryError as error:
        raise SettingsError(
            f"train {run.model}: out of memory on {run.device.name} with {len(frames)} clips of a "
            f"batch of {run.settings.batch_size}; use more processes (torchrun), set "
            f"machine.precision: bf16, or lower train.{run.dataset}.{run.model}.batch_size."
        ) from error
    return scores.float()


def _batches(order: Sequence[int], size: int) -> list[Sequence[int]]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def _read(
    run: Run, clips: Reader, batches: Sequence[Batch]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield frames (N, T, H, W, 3), uint8, and labels (N,) of batches."""
    workers = 0 if clips.keeps else run.loader_workers
    return read_ahead(clips, batches, workers, pinned=run.device.is_gpu)

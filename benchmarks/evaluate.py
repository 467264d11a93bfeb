"""The evaluate stage: speed of the loader against other readers and against the models.

    python -m benchmarks.evaluate [--models x3d_m,i3d] [--clips 4] [--batch 1] [--workers 8]

First table: speed of one core in reading 32 frames per clip, by our loader and by plain readers of
the same shards (the bytes of a clip, then its frames); higher is faster, ours is 1. Readers that
are not installed (torchcodec and decord are libraries of the tests) are left out.

Second table: every model alone on the device, against the loader alone on one core. `cores to feed`
is the number of loading cores that one device needs; `waits` is the share of time in which the
device has no data with `--workers` cores: computed on CPUs, measured on GPUs in the stage's loop.
`MFU` is model FLOP utilisation: clips/s x 2 x multiply-adds per clip over the peak of the GPU.
"""

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks import options
from benchmarks.stage import make_project
from pipeline import models
from pipeline.execution.prefetch import read_ahead
from pipeline.media.sampling import clip_indices
from pipeline.models import catalog, registry
from pipeline.models.device import ComputeDevice, select_device
from pipeline.params import Params, load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.evaluate import batches as batching
from pipeline.stages.evaluate import cells
from pipeline.stages.evaluate.predict import move
from pipeline.storage import manifest, schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import CellRow

FRAMES = 32
SMALLEST = {"models": "tiny_frame2d", "clips": 2, "frames": 8, "batch": 1, "rounds": 1}
LONG_SECONDS = 3.0
"""A model that takes longer for a batch is measured twice."""
PEAKS = {"H200": 989, "H100": 989, "A100": 312, "L40S": 362, "4090": 165}
"""Dense bf16 TFLOP/s of GPUs, from the vendors' data sheets; others with --peak."""


def stored_bytes(clip: StoredClip) -> bytes:
    """Return the video file of a stored clip."""
    with clip.shard.open("rb") as file:
        file.seek(clip.offset)
        return file.read(clip.size)


def with_torchcodec(clip: StoredClip, indices: Sequence[int]) -> object:
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(stored_bytes(clip), dimension_order="NHWC", num_ffmpeg_threads=1)
    return decoder.get_frames_at(list(indices))


def with_decord(clip: StoredClip, indices: Sequence[int]) -> object:
    from decord import VideoReader, cpu

    reader = VideoReader(io.BytesIO(stored_bytes(clip)), ctx=cpu(0), num_threads=1)
    return reader.get_batch(list(indices)).asnumpy()


def with_pyav(clip: StoredClip, indices: Sequence[int]) -> object:
    wanted = set(indices)
    with av.open(io.BytesIO(stored_bytes(clip))) as container:
        container.streams.video[0].codec_context.thread_count = 1
        frames = enumerate(container.decode(video=0))
        return np.stack([frame.to_ndarray(format="rgb24") for n, frame in frames if n in wanted])


OURS = "our loader"
READERS: dict[str, Callable[[StoredClip, Sequence[int]], object]] = {
    OURS: read_clip,
    "torchcodec": with_torchcodec,
    "decord": with_decord,
    "PyAV": with_pyav,
}


Readers = dict[str, Callable[[StoredClip, Sequence[int]], object]]


def reader_seconds(clips: Sequence[StoredClip], readers: Readers, rounds: int) -> dict[str, float]:
    """Return CPU seconds per clip on one core, by reader: the median of alternating rounds."""
    indices = [clip_indices(clip.num_frames, FRAMES).tolist() for clip in clips]
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for turn in range(rounds + 1):
        for name, read in readers.items():
            start = time.process_time()
            for clip, some in zip(clips, indices, strict=True):
                read(clip, some)
            if turn:  # the first round imports libraries and fills caches
                taken[name].append((time.process_time() - start) / len(clips))
    return {name: statistics.median(some) for name, some in taken.items()}


def run_model(
    model: models.LoadedModel, frames: torch.Tensor, device: ComputeDevice
) -> torch.Tensor:
    """Run the model on a batch as the evaluate stage does, and wait for the result."""
    with torch.inference_mode(), device.autocast(model.movable):
        return models.logits(model, frames, torch.float32).cpu()


def model_seconds(
    model: models.LoadedModel, batch: int, device: ComputeDevice, rounds: int
) -> float:
    """Return the best round's seconds per clip, for batches that are already on the device."""
    spec = model.input
    shape = (batch, spec.frames, spec.size, spec.size, 3)
    frames = torch.randint(0, 256, shape, dtype=torch.uint8).to(device.name)
    taken: list[float] = []
    for _ in range(rounds + 1):
        if device.is_gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        run_model(model, frames, device)
        taken.append(time.perf_counter() - start)
        if len(taken) > 1 and taken[-1] > LONG_SECONDS:
            break
    return min(taken) / batch


def waiting_share(
    model: models.LoadedModel,
    rows: Sequence[CellRow],
    params: Params,
    root: Path,
    device: ComputeDevice,
) -> float:
    """Return the share of time the stage's loop waits for frames, after its first batches."""
    cell = cells.EvaluationCell("clean", 0, tuple(rows))
    batches = batching.batches_of(cell, [model], params)
    workers = params.machine.loader_workers
    reading = read_ahead(batching.BatchReader(params, root), batches, workers, pinned=device.is_gpu)
    waited, skipped, begun = 0.0, min(2 * max(workers, 1), len(batches) // 3), 0.0
    for number in range(len(batches)):
        if number == skipped:
            waited, begun = 0.0, time.perf_counter()
        start = time.perf_counter()
        frames = next(reading)
        waited += time.perf_counter() - start
        run_model(model, frames.to(device.name, non_blocking=True), device)
    return waited / (time.perf_counter() - begun)


def reader_table(root: Path, clips: int, rounds: int) -> tuple[Table, float]:
    """Return the first table, and the seconds of our loader per clean clip."""
    others = {name: read for name, read in READERS.items() if name != OURS}
    readers = {OURS: READERS[OURS]} | options.without_missing(others, "the reader")
    table = Table(title=f"Reading {FRAMES} frames of {clips} clips of 224 x 224, one core")
    table.add_column("shards")
    for name in readers:
        table.add_column(name, justify="right")
    first = 0.0
    for words, name in (("clean", "clean"), ("shot noise, severity 3", "shot_noise")):
        listed = manifest.read_rows(DatasetPaths(root, "demo").manifest(name), schemas.CELLS)
        rows = [row for row in listed if row["split"] == "val"]
        seconds = reader_seconds([StoredClip.of(row, root) for row in rows], readers, rounds)
        ours = seconds[OURS]
        first = first or ours
        table.add_row(words, *(f"{ours / value:.2f}x" for value in seconds.values()))
    return table, first


def model_table(
    chosen: argparse.Namespace, params: Params, root: Path, reading: float, device: ComputeDevice
) -> Table:
    """Return the second table; `reading` is the loader's seconds per clip."""
    gpu = device.is_gpu
    title = torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads"
    peak = chosen.peak or next((tops for key, tops in PEAKS.items() if key in title), None)
    table = Table(title=f"Models on {title}, {device.precision}, batches of {chosen.batch}")
    table.add_column("model")
    columns = ["GMAC", "loader / model", "cores to feed", f"waits, {chosen.workers} cores"]
    for column in columns + (["clips/s", "MFU"] if gpu else []):
        table.add_column(column, justify="right")
    listed = manifest.read_rows(DatasetPaths(root, "demo").manifest("clean"), schemas.CELLS)
    rows = [row for row in listed if row["split"] == "val"]
    for name in chosen.models.split(","):
        gmac = catalog.row(registry.load(name), 200).gmac
        opened = models.load_model(name, num_classes=200, weights=None)
        model = move(opened, device, params.machine.compile)
        seconds = model_seconds(model, chosen.batch, device, chosen.rounds)
        needed = reading / seconds
        waits = max(0.0, 1 - chosen.workers / needed)
        more: list[str] = []
        if gpu:
            many = list(rows) * max(1, 64 * chosen.batch // len(rows))
            waits = waiting_share(model, many, params, root, device)
            used = 2e9 * gmac / seconds / (peak * 1e12) if peak else None
            more = [f"{1 / seconds:.0f}", "-" if used is None else f"{100 * used:.0f} %"]
        speeds = f"{1 / needed:.1f}x", f"{needed:.2f}", f"{100 * waits:.0f} %"
        table.add_row(name, f"{gmac:.1f}", *speeds, *more)
        del opened, model
    return table


def main() -> None:
    """Print the tables."""
    ours = [name for name in models.names() if not name.startswith("tiny_")]
    batch = 16 if torch.cuda.is_available() else 1
    parser = options.new_parser(__doc__)
    parser.add_argument("--models", default=",".join(ours), help="names, separated by commas")
    parser.add_argument("--clips", type=int, default=4, help="number of clips")
    parser.add_argument("--frames", type=int, default=290, help="frames per clip")
    parser.add_argument("--batch", type=int, default=batch, help="clips per batch")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement")
    parser.add_argument("--workers", type=int, default=1, help="loading cores")
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16", "fp16"])
    parser.add_argument("--compile", action="store_true", help="use torch.compile")
    parser.add_argument("--peak", type=float, help="TFLOP/s of the GPU at this precision")
    chosen = options.parse(parser, SMALLEST)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_project(root, chosen.clips, chosen.frames)
        params = load(root / "params.yaml")
        machine: dict[str, Any] = {
            "precision": chosen.precision,
            "compile": chosen.compile,
            "batch_size": chosen.batch,
            "loader_workers": chosen.workers,
        }
        params = params.model_copy(
            update={
                "severities": (3,),
                "machine": params.machine.model_copy(update=machine),
            }
        )
        corrupt(params, root, "demo", "shot_noise")
        console = Console(width=120)
        table, reading = reader_table(root, chosen.clips, chosen.rounds)
        console.print(table)
        console.print(model_table(chosen, params, root, reading, select_device(params.machine)))


if __name__ == "__main__":
    main()

"""The corrupt stage as a whole: shares of a worker's CPU time, and scaling to a second worker.

    python -m benchmarks.stage [--corruptions fog,shot_noise,h265_crf] [--clips 6] [--frames 100]

Shares of a worker's CPU time: `corruption` (for codecs: decoding, encoding and preprocessing the
source), `payload` (encoding what is stored), `input` (decoding the clean clip, once for the five
severities), `hashes` (SHA-256 of frames and files), and `rest`: copying, files, Python. `scaling`
is the speed of two workers on two cores over that of one worker on one core, without their start.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.table import Table

import corruptions
from benchmarks import options
from benchmarks.cpu_time import cpu_seconds
from corruptions.types import ClipRandom
from pipeline.media.preprocess import Preprocess
from pipeline.media.recompress import recompress
from pipeline.params import load
from pipeline.stages import corrupt as stage
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.stages.synthesize import scenes
from pipeline.storage import payload
from pipeline.storage.paths import DatasetPaths
from tests.support.project import (
    REPOSITORY,
    video_id,
    write_annotations,
    write_classes,
    write_params,
)
from tests.support.videos import H264, make_video

DEFAULT = "shot_noise,fog,rain,contrast,brightness,saturate,motion_blur,h264_crf,h265_crf,bit_error"
SMALLEST = {
    "corruptions": "contrast,h264_crf",
    "clips": 2,
    "frames": 8,
    "rounds": 1,
    "scaling": False,
}
SHARES = ("corruption", "payload", "input", "hashes")


class Clock:
    """CPU time of calls by name; of nested calls only the outermost counts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = False

    def call(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its calls timed."""

        def timed(*args: Any, **options: Any) -> Any:
            if self._inside:
                return function(*args, **options)
            self._inside, start = True, cpu_seconds()
            try:
                return function(*args, **options)
            finally:
                self._inside = False
                self.seconds[name] = self.seconds.get(name, 0.0) + cpu_seconds() - start

        return timed

    def items(self, name: str, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the items of an iterator, timing each step."""
        step = self.call(name, lambda: next(items, None))
        while (item := step()) is not None:
            yield item


def make_project(root: Path, clips: int, frames: int) -> None:
    """Write a project of synthetic videos of 340 x 256 and run its filter and decode stages."""
    write_classes(root)
    for split, count in (("val", clips), ("train", 2)):
        names = [(("moving left", "moving right")[n % 2], video_id(n, split)) for n in range(count)]
        write_annotations(root, split, names)
    for number in range(clips):
        path = root / f"data/demo/videos/{video_id(number)}.mp4"
        random = ClipRandom(0, "benchmark", str(number), "scene", "0")
        motion = sorted(scenes.MOTIONS)[number % len(scenes.MOTIONS)]
        clip = scenes.clip(scenes.scene(random, motion, frames, 340, 256))
        make_video(path, *H264, "-crf", "20", clip=clip)
    picture = {"short_side": 256, "crop": 224, "clips_per_shard": max(1, clips // 2)}
    params = write_params(root, decode={"pictures": {"demo": picture}}, machine={"workers": 1})
    filter_clips(params, root, "demo")
    decode(params, root, "demo")


@contextmanager
def timed(clock: Clock) -> Iterator[None]:
    """Time the functions that the shares are made of, wherever the pipeline refers to them."""

    def timed_recompress(*args: Any, **options: Any) -> Iterator[Any]:
        for made in clock.items("corruption", recompress(*args, **options)):
            yield replace(made, frames=clock.items("corruption", made.frames))

    functions = {
        corruptions.corrupt_pixels: clock.call("corruption", corruptions.corrupt_pixels),
        recompress: timed_recompress,
        payload.read_payload: clock.call("input", payload.read_payload),
        hashlib.sha256: partial(TimedHash, clock),
    }
    methods = [
        (Preprocess, "__call__", "corruption"),
        (payload.PayloadWriter, "add", "payload"),
        (payload.PayloadWriter, "close", "payload"),
    ]
    patched = [
        (module, name, value)
        for module in list(sys.modules.values())
        if module.__name__.split(".")[0] in ("pipeline", "corruptions")
        for name, value in vars(module).items()
        if callable(value) and value.__hash__ is not None and value in functions
    ]
    patched += [(owner, name, getattr(owner, name)) for owner, name, _ in methods]
    for module, name, value in patched:
        if value in functions:
            setattr(module, name, functions[value])
    for owner, name, share in methods:
        setattr(owner, name, clock.call(share, getattr(owner, name)))
    try:
        yield
    finally:
        for owner, name, value in patched:
            setattr(owner, name, value)


def shares(root: Path, name: str) -> dict[str, float]:
    """Return the shares of one worker's CPU time over all shards, in percent."""
    cv2.setNumThreads(1)
    params = load(root / "params.yaml")
    paths = DatasetPaths(root, "demo")
    tasks, _ = stage.plan_shards(params, paths, corruptions.load(name))
    clock = Clock()
    with timed(clock):
        start = cpu_seconds()
        for task in tasks:
            stage.corrupt_shard(task)
        total = cpu_seconds() - start
    shutil.rmtree(root / "data/demo/corrupted")
    found = {share: 100 * clock.seconds.get(share, 0) / total for share in SHARES}
    return found | {"rest": 100 - sum(found.values())}


class TimedHash:
    """SHA-256 whose updates are timed."""

    def __init__(self, clock: Clock, data: bytes = b"") -> None:
        self._hash = hashlib.sha256()
        self.update = clock.call("hashes", self._hash.update)
        self.hexdigest = self._hash.hexdigest
        self.update(data)


def scaling(root: Path, name: str, rounds: int) -> float:
    """Return the speed of two workers on two cores over that of one worker on one core.

    The time of a run of one severity is subtracted from that of five, so that the start of Python
    and of the workers cancels.
    """
    cores = sorted(os.sched_getaffinity(0))[:2]
    work = {
        workers: seconds(root, name, cores[:workers], 5, rounds)
        - seconds(root, name, cores[:workers], 1, rounds)
        for workers in (1, 2)
    }
    return work[1] / work[2]


def seconds(root: Path, name: str, cores: list[int], severities: int, rounds: int) -> float:
    """Return the median wall-clock time of a run of the stage with one worker per core."""
    taken = []
    for _ in range(rounds):
        command = [sys.executable, "-m", "benchmarks.stage", "--run", str(root), name]
        start = time.perf_counter()
        subprocess.run(
            [*command, str(len(cores)), str(severities)],
            cwd=REPOSITORY,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        taken.append(time.perf_counter() - start)
        shutil.rmtree(root / "data/demo/corrupted")
    return statistics.median(taken)


def run(root: Path, name: str, workers: int, severities: int) -> None:
    """Run the stage with a number of workers and of severities."""
    params = load(root / "params.yaml")
    machine = params.machine.model_copy(update={"workers": workers})
    changes = {"machine": machine, "severities": tuple(range(1, 1 + severities))}
    stage.corrupt(params.model_copy(update=changes), root, "demo", name)


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--corruptions", default=DEFAULT, help="names, separated by commas")
    parser.add_argument("--clips", type=int, default=6, help="number of clips")
    parser.add_argument("--frames", type=int, default=100, help="frames per clip")
    parser.add_argument("--rounds", type=int, default=3, help="runs per number of workers")
    parser.add_argument(
        "--scaling",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure the scaling to a second worker as well",
    )
    parser.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    chosen = options.parse(parser, SMALLEST)
    if chosen.run:
        root, name, workers, severities = chosen.run
        run(Path(root), name, int(workers), int(severities))
        return
    table = Table(title=f"Corrupt stage, {chosen.clips} clips of {chosen.frames} frames, 224 x 224")
    table.add_column("")
    for column in (*SHARES, "rest", "scaling 1 to 2"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_project(root, chosen.clips, chosen.frames)
        for name in chosen.corruptions.split(","):
            one_to_two = f"{scaling(root, name, chosen.rounds):.2f}x" if chosen.scaling else "-"
            found = shares(root, name).values()
            table.add_row(name, *(f"{value:.0f} %" for value in found), one_to_two)
        Console().print(table)


if __name__ == "__main__":
    main()

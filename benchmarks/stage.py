"""The corrupt stage as a whole: where a worker's time goes, and what a second worker brings.

    python -m benchmarks.stage [--corruptions fog,shot_noise,h265_crf] [--clips 6] [--frames 100]

Shares of a worker's CPU time: `corruption` (for codecs: decoding, encoding and preprocessing the
source), `payload` (encoding what is stored), `input` (decoding the clean clip, once for the five
severities), `hashes` (SHA-256 of frames and files), and `rest`: copying, files, Python. `scaling`
is the speed of two workers on two cores over that of one worker on one core, once they run.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.table import Table

import corruptions
from corruptions.types import ClipRandom
from pipeline.params import load
from pipeline.stages import corrupt as stage
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.stages.synthesize import scenes
from pipeline.storage import payload, shard_writer, shards
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
ROUNDS = 3


def cpu_seconds() -> float:
    """CPU time of this process and of the processes that it waited for."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Clock:
    """Adds up the CPU time of calls by name; of nested ones only the outermost counts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = False

    def call(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
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

    def iterate(self, name: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Iterator[Any]:
            items = function(*args, **options)
            step = self.call(name, lambda: next(items, None))
            while (item := step()) is not None:
                yield item

        return timed


def make_project(root: Path, clips: int, frames: int) -> None:
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
    filter_clips("demo", params, root)
    decode("demo", params, root)


SHARES = ("corruption", "payload", "input", "hashes")


def shares(root: Path, name: str) -> dict[str, float]:
    """Where the CPU time of one worker over all shards goes, in percent."""
    cv2.setNumThreads(1)
    params = load(root / "params.yaml")
    tasks, _ = stage._plan("demo", corruptions.load(name), params, DatasetPaths(root, "demo"))
    clock = Clock()
    real = [
        (corruptions, "corrupt_pixels", clock.call, "corruption"),
        (stage, "recompress", clock.iterate, "corruption"),
        (stage, "_encoded", clock.iterate, "corruption"),
        (payload.PayloadWriter, "add", clock.call, "payload"),
        (payload.PayloadWriter, "close", clock.call, "payload"),
        (payload, "read_payload", clock.call, "input"),
        (shard_writer, "sha256", lambda name, function: partial(_TimedHash, clock), "hashes"),
        (shards, "sha256", clock.call, "hashes"),
    ]
    before = [getattr(owner, attribute) for owner, attribute, _, _ in real]
    for (owner, attribute, wrap, share), function in zip(real, before, strict=True):
        setattr(owner, attribute, wrap(share, function))
    start = cpu_seconds()
    for task in tasks:
        stage._corrupt_shard(task)
    total = cpu_seconds() - start
    for (owner, attribute, _, _), function in zip(real, before, strict=True):
        setattr(owner, attribute, function)
    shutil.rmtree(root / "data/demo/corrupted")
    found = {share: 100 * clock.seconds.get(share, 0) / total for share in SHARES}
    return found | {"rest": 100 - sum(found.values())}


class _TimedHash:
    """SHA-256 whose updates are timed."""

    def __init__(self, clock: Clock, data: bytes = b"") -> None:
        self._hash = sha256(data)
        self.update = clock.call("hashes", self._hash.update)
        self.hexdigest = self._hash.hexdigest


def scaling(root: Path, name: str) -> float:
    """Speed of two workers on two cores over that of one on one.

    A run of five severities less a run of one: the start of Python and of the workers drops out.
    """
    cores = sorted(os.sched_getaffinity(0))[:2]
    work = {
        workers: seconds(root, name, cores[:workers], 5) - seconds(root, name, cores[:workers], 1)
        for workers in (1, 2)
    }
    return work[1] / work[2]


def seconds(root: Path, name: str, cores: list[int], severities: int) -> float:
    """Median time of a run of the stage with one worker a core."""
    taken = []
    for _ in range(ROUNDS):
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corruptions", default=DEFAULT)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--no-scaling", action="store_true")
    parser.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        root, name = Path(chosen.run[0]), chosen.run[1]
        params = load(root / "params.yaml")
        machine = params.machine.model_copy(update={"workers": int(chosen.run[2])})
        severities = tuple(range(1, 1 + int(chosen.run[3])))
        changes = {"machine": machine, "severities": severities}
        stage.corrupt("demo", name, params.model_copy(update=changes), root)
        return
    table = Table(title=f"Corrupt stage, {chosen.clips} clips of {chosen.frames} frames, 224 x 224")
    table.add_column("")
    for column in (*SHARES, "rest", "scaling 1 to 2"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder), chosen.clips, chosen.frames)
        for name in chosen.corruptions.split(","):
            grown = "-" if chosen.no_scaling else f"{scaling(Path(folder), name):.2f}x"
            found = shares(Path(folder), name).values()
            table.add_row(name, *(f"{value:.0f} %" for value in found), grown)
        Console().print(table)


if __name__ == "__main__":
    main()

"""Peak memory of one worker for a 10 s source at 1080p: decode, and each kind of corruption.

    python -m benchmarks.memory [--seconds 10] [--height 1080] [--steps filter,decode,fog]
    python -m benchmarks.memory --seconds 9.334 --height 256 --width 340 --steps filter,evaluate

Each stage runs on one clip in a separate process with one worker. Printed are the peaks of the
process before any clip (Python and the libraries) and after it, and of its largest child (ffmpeg).
The step `evaluate` is the evaluation from videos of all cells at 32 frames, as `score` runs it: the
worker makes the clips, and the process of a small model receives them.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from rich.console import Console
from rich.table import Table

from benchmarks import options
from pipeline.params import Params, load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from tests.support.project import (
    REPOSITORY,
    video_id,
    write_annotations,
    write_classes,
    write_params,
)
from tests.support.videos import run_ffmpeg

STEPS = "filter,decode,shot_noise,fog,h264_crf,h265_abr,packet_loss"
SMALLEST = {"seconds": 1, "height": 128, "steps": "filter,decode,fog,h264_crf,evaluate"}


def make_project(root: Path, seconds: float, width: int, height: int) -> None:
    """Write a project with one H.264 video, 30 frames per second."""
    write_classes(root)
    for split in ("val", "train"):
        names = [(("moving left", "moving right")[n], video_id(n, split)) for n in range(2)]
        write_annotations(root, split, names)
    video = root / f"data/demo/videos/{video_id(0)}.mp4"
    video.parent.mkdir(parents=True)
    source = f"testsrc2=size={width}x{height}:rate=30:duration={seconds}"
    run_ffmpeg("-f", "lavfi", "-i", source, "-vf",
               "noise=alls=6:allf=t+u", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt",
               "yuv420p", str(video))  # fmt: skip
    pictures = {"demo": {"short_side": 256, "crop": 224}}
    spec = {"frames": 32, "size": 224, "mean": [0.5] * 3, "std": [0.5] * 3}
    model = {"model": "tests.support.own_model:factory", "input": spec}
    write_params(
        root,
        decode={"pictures": pictures},
        machine={"workers": 1},
        models={"demo": {"small": model}},
        evaluate={"reads": "videos"},
    )


def run_step(root: Path, step: str) -> None:
    """Run one stage in this process; print the peak memory of it and its children in MB."""
    params = load(root / "params.yaml")
    if step == "evaluate":
        run_evaluation(params, root)
        return
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if step == "filter":
        filter_clips(params, root, "demo")
    elif step == "decode":
        decode(params, root, "demo")
    else:
        corrupt(params, root, "demo", step)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stdout.write(f"{step} {before // 1024} {after // 1024} {children // 1024}\n")


def run_evaluation(params: Params, root: Path) -> None:
    """Evaluate from videos with one worker process; print its peaks, then those of this process."""
    from pipeline.stages.evaluate.evaluate import evaluate  # imports torch

    models = {"demo": {"small": params.models["demo"]["small"]}}
    machine = params.machine.model_copy(update={"workers": 2})  # one per clip
    params = params.model_copy(update={"models": models, "machine": machine})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with peaks_of_descendants() as peaks:
        evaluate(params, root, "demo")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"evaluate {before} {peaks[0] // 1024} {peaks[1] // 1024}\n")
    sys.stdout.write(f"models {before} {after} 0\n")


@contextmanager
def peaks_of_descendants() -> Iterator[list[int]]:
    """Yield the peaks of the largest child and of the largest grandchild so far, in KiB."""
    peaks = [0, 0]
    stop = Event()

    def watch() -> None:
        while not stop.wait(0.02):
            for child in children_of(os.getpid()):
                peaks[0] = max(peaks[0], peak_of(child))
                for grandchild in children_of(child):
                    peaks[1] = max(peaks[1], peak_of(grandchild))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        stop.set()
        thread.join()


def children_of(process: int) -> list[int]:
    """Return the children of all threads of a process; none of one that has ended."""
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        return [int(one) for thread in threads for one in (thread / "children").read_text().split()]
    except OSError:
        return []


def peak_of(process: int) -> int:
    """Return the peak memory of a process in KiB; 0 of one that has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="length of the video")
    parser.add_argument("--height", type=int, default=1080, help="height of the video")
    parser.add_argument("--width", type=int, help="width of the video; default: 16:9")
    parser.add_argument("--steps", default=STEPS, help="stages and corruptions, with commas")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse(parser, SMALLEST)
    if chosen.run:
        run_step(Path(chosen.run[0]), chosen.run[1])
        return
    width = chosen.width or chosen.height * 16 // 9 // 2 * 2
    title = f"one clip of {chosen.seconds:g} s at {width} x {chosen.height}"
    table = Table(title=f"Peak memory of one worker, {title} (MB)")
    for name in ("step", "before", "worker", "ffmpeg beside it"):
        table.add_column(name, justify="left" if name == "step" else "right")
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder), chosen.seconds, width, chosen.height)
        for step in chosen.steps.split(","):
            command = [sys.executable, "-m", "benchmarks.memory", "--run", folder, step]
            done = subprocess.run(
                command, cwd=REPOSITORY, check=True, capture_output=True, text=True
            )
            for line in done.stdout.splitlines():
                table.add_row(*line.split())
    Console().print(table)


if __name__ == "__main__":
    main()

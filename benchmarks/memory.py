"""Peak memory of one worker for a 10 s source at 1080p: decode, and each kind of corruption.

    python -m benchmarks.memory [--seconds 10] [--height 1080] [--steps filter,decode,fog]

Each stage runs on one clip in a separate process with one worker. Printed are the peaks of the
process before any clip (Python and the libraries) and after it, and of its largest child (ffmpeg).
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import options
from pipeline.params import load
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
SMALLEST = {"seconds": 1, "height": 128, "steps": "filter,decode,fog,h264_crf"}


def make_project(root: Path, seconds: float, height: int) -> None:
    """Write a project with one H.264 video, 16:9, 30 frames per second."""
    write_classes(root)
    for split in ("val", "train"):
        names = [(("moving left", "moving right")[n], video_id(n, split)) for n in range(2)]
        write_annotations(root, split, names)
    video = root / f"data/demo/videos/{video_id(0)}.mp4"
    video.parent.mkdir(parents=True)
    size = f"{height * 16 // 9 // 2 * 2}x{height}"
    run_ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30:duration={seconds}", "-vf",
               "noise=alls=6:allf=t+u", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt",
               "yuv420p", str(video))  # fmt: skip
    pictures = {"demo": {"short_side": 256, "crop": 224}}
    write_params(root, decode={"pictures": pictures}, machine={"workers": 1})


def run_step(root: Path, step: str) -> None:
    """Run one stage in this process; print the peak memory of it and its children in MB."""
    params = load(root / "params.yaml")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if step == "filter":
        filter_clips(params, root, "demo")
    elif step == "decode":
        decode(params, root, "demo")
    else:
        corrupt(params, root, "demo", step)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stdout.write(f"{before // 1024} {after // 1024} {children // 1024}\n")


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="length of the video")
    parser.add_argument("--height", type=int, default=1080, help="height of the video")
    parser.add_argument("--steps", default=STEPS, help="stages and corruptions, with commas")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse(parser, SMALLEST)
    if chosen.run:
        run_step(Path(chosen.run[0]), chosen.run[1])
        return
    title = f"one clip of {chosen.seconds:g} s at {chosen.height}p"
    table = Table(title=f"Peak memory of one worker, {title} (MB)")
    for name in ("step", "before", "worker", "ffmpeg beside it"):
        table.add_column(name, justify="left" if name == "step" else "right")
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder), chosen.seconds, chosen.height)
        for step in chosen.steps.split(","):
            command = [sys.executable, "-m", "benchmarks.memory", "--run", folder, step]
            done = subprocess.run(
                command, cwd=REPOSITORY, check=True, capture_output=True, text=True
            )
            table.add_row(step, *done.stdout.split()[-3:])
    Console().print(table)


if __name__ == "__main__":
    main()

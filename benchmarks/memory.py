"""Peak memory of one worker for a 10 s source at 1080p: decode, and each kind of corruption.

    python -m benchmarks.memory

Each stage runs on one clip in a process of its own with one worker; the peak is that of the process
and the largest of its children (ffmpeg), less what Python and the libraries take before any clip.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

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

STEPS = ("filter", "decode", "shot_noise", "fog", "h264_crf", "h265_abr", "packet_loss")


def make_project(root: Path) -> None:
    """One H.264 video of 10 s, 1080p, 30 frames per second."""
    write_classes(root)
    for split in ("val", "train"):
        names = [(("moving left", "moving right")[n], video_id(n, split)) for n in range(2)]
        write_annotations(root, split, names)
    video = root / f"data/demo/videos/{video_id(0)}.mp4"
    video.parent.mkdir(parents=True)
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30:duration=10", "-vf",
               "noise=alls=6:allf=t+u", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt",
               "yuv420p", str(video))  # fmt: skip
    pictures = {"demo": {"short_side": 256, "crop": 224}}
    write_params(root, decode={"pictures": pictures}, machine={"workers": 1})


def run_step(root: Path, step: str) -> None:
    """One stage in this process; prints its peak and that of its children in megabytes."""
    params = load(root / "params.yaml")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if step == "filter":
        filter_clips("demo", params, root)
    elif step == "decode":
        decode("demo", params, root)
    else:
        corrupt("demo", step, params, root)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stdout.write(f"{before // 1024} {after // 1024} {children // 1024}\n")


def main() -> None:
    table = Table(title="Peak memory of one worker, one clip of 10 s at 1080p (MB)")
    for name in ("step", "before", "worker", "ffmpeg beside it"):
        table.add_column(name, justify="left" if name == "step" else "right")
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder))
        for step in STEPS:
            command = [sys.executable, "-m", "benchmarks.memory", folder, step]
            done = subprocess.run(
                command, cwd=REPOSITORY, check=True, capture_output=True, text=True
            )
            table.add_row(step, *done.stdout.split()[-3:])
    Console().print(table)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_step(Path(sys.argv[1]), sys.argv[2])
    else:
        main()

"""The image benchmark's corruptions: the package `imagecorruptions` beside ours.

    python -m benchmarks.imagecorruptions [--names snow,frost] [--frames 16] [--rounds 5]

Frames per CPU second at 224 x 224 on one core, package and ours by turns, median of the rounds. A
clip of `--frames` frames is corrupted at a time: what ours draws once per clip (the frost, the
panes, the plasma of fog) is counted with it. The package (repaired for NumPy 2 as in the tests)
takes one frame at a time; its glass blur takes seconds, so it gets one frame per round.
"""

import statistics
import time

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import options
from benchmarks.pixels import moving_clip
from corruptions import SEVERITIES, corrupt
from corruptions.types import Clip
from tests.corruptions.published import NAMES, published

SMALLEST = {"names": "snow,frost", "frames": 2, "rounds": 1, "severities": "3"}
LEAST = {"glass_blur": 10.0, "snow": 10.0}
LEAST_RATIO = 3.0


def rates(name: str, severity: int, clip: Clip, rounds: int) -> tuple[float, float]:
    """Median frames per CPU second of the package and of ours."""
    few = clip[:1] if name == "glass_blur" else clip
    theirs, ours = [], []
    corrupt(clip, name, severity)  # tables are computed once per process
    published("brightness", clip[0], severity)  # imports the package
    for key in range(min(2, rounds) if name == "glass_blur" else rounds):
        start = time.process_time()
        for frame in few:
            np.uint8(np.clip(published(name, frame, severity), 0, 255))
        between = time.process_time()
        corrupt(clip, name, severity, key=str(key))
        theirs.append(len(few) / (between - start))
        ours.append(len(clip) / (time.process_time() - between))
    return statistics.median(theirs), statistics.median(ours)


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--names", default=",".join(NAMES), help="names, separated by commas")
    parser.add_argument("--frames", type=int, default=16, help="frames of the clip")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement")
    parser.add_argument("--severities", default="1,3,5", help="severities, separated by commas")
    chosen = options.parse(parser, SMALLEST)
    options.require("imagecorruptions", "the package's side")
    severities = [int(text) for text in chosen.severities.split(",")]
    names = chosen.names.split(",")
    if not set(severities) <= set(SEVERITIES):
        parser.error(f"--severities {chosen.severities}: each must be in 1..5")
    if not set(names) <= set(NAMES):
        parser.error(f"--names {chosen.names}: choose from {', '.join(NAMES)}")
    cv2.setNumThreads(1)
    clip = moving_clip(chosen.frames)
    table = Table(title=f"224 x 224, {chosen.frames} frames, frames per CPU second")
    for column in ("corruption", "severity", "imagecorruptions", "ours", "ratio", "target"):
        table.add_column(column, justify="left" if column == "corruption" else "right")
    for name in names:
        for severity in severities:
            theirs, ours = rates(name, severity, clip, chosen.rounds)
            target, ratio = LEAST.get(name, LEAST_RATIO), ours / theirs
            table.add_row(
                name,
                str(severity),
                f"{theirs:,.1f}" if theirs < 100 else f"{theirs:,.0f}",
                f"{ours:,.0f}",
                f"{ratio:,.1f}" + ("" if ratio >= target else " !"),
                f"{target:g}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()

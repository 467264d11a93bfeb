"""Pixel corruptions of two checkouts side by side: speed, and whether their frames are equal.

    git worktree add ../before HEAD~1
    python -m benchmarks.revisions --before ../before [--names contrast,fog] [--rounds 7]

Frames per CPU second on one core at 224 x 224, in processes of their own that take turns, so that
both meet the same load of the machine. Printed are the medians and the median ratio of single
rounds with its range, and whether SHA-256 of the frames is equal. --taken makes that many frames,
spread over the clip, as an evaluation from videos does. Without --before this checkout is compared
with itself, which shows the noise.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import options

HERE = Path(__file__).resolve().parents[1]
DEFAULT = "contrast,fog,brightness,saturate,rain"
SMALLEST = {"names": "contrast", "frames": 12, "rounds": 1, "severities": "1"}


@dataclass(frozen=True)
class Checkout:
    """A running process that corrupts clips with the code of one checkout."""

    process: "subprocess.Popen[str]"

    def run(self, **work: Any) -> tuple[float, str]:
        """Return the CPU seconds of one run and the SHA-256 of its frames."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101 - pipes
        self.process.stdin.write(json.dumps(work) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("A checkout could not corrupt the clip; its error is above.")
        seconds, digest = json.loads(answer)
        return seconds, digest


@contextmanager
def started(folder: Path) -> Iterator[Checkout]:
    """Start a process with the corruptions of a checkout; it ends with the block."""
    if not (folder / "corruptions/__init__.py").is_file():
        raise SystemExit(f"{folder}: not a checkout of this project.")
    command = [sys.executable, "-W", "ignore", __file__, "--serve"]
    environment = os.environ | {"PYTHONPATH": f"{folder.resolve()}{os.pathsep}{HERE}"}
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        yield Checkout(process)
        assert process.stdin is not None  # noqa: S101 - a pipe
        process.stdin.close()


def serve() -> None:
    """Corrupt clips as the lines of the standard input ask."""
    import cv2
    import numpy as np

    import corruptions
    from benchmarks.pixels import moving_clip

    cv2.setNumThreads(1)
    clip = moving_clip(0)
    for line in sys.stdin:
        work = json.loads(line)
        if len(clip) != work["frames"]:
            clip = moving_clip(work["frames"])
        taken = np.linspace(0, len(clip) - 1, work["taken"]).astype(int) if work["taken"] else None
        start = time.process_time()
        made = corruptions.corrupt(
            clip, work["name"], work["severity"], key="benchmark", frames=taken
        )
        seconds = time.process_time() - start
        print(json.dumps([seconds, sha256(made.data).hexdigest()]), flush=True)


def main() -> None:
    """Print the table."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--before", type=Path, default=HERE, help="folder of the other checkout")
    parser.add_argument("--names", default=DEFAULT, help="names, separated by commas")
    parser.add_argument("--frames", type=int, default=100, help="frames of the clip")
    parser.add_argument("--taken", type=int, default=0, help="frames to make; 0 makes all")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each measurement")
    parser.add_argument("--severities", default="1,3,5", help="severities, separated by commas")
    chosen = options.parse(parser, SMALLEST)
    table = Table(title=f"{chosen.before} and this checkout, frames per CPU second")
    for column in ("corruption", "severity", "before", "now", "ratio", "range", "frames"):
        table.add_column(column, justify="left" if column == "corruption" else "right")
    count = chosen.taken or chosen.frames
    with ExitStack() as stack:
        sides = [stack.enter_context(started(folder)) for folder in (chosen.before, HERE)]
        for name in chosen.names.split(","):
            for severity in chosen.severities.split(","):
                work = {
                    "name": name,
                    "severity": int(severity),
                    "frames": chosen.frames,
                    "taken": chosen.taken,
                }
                table.add_row(name, severity, *compare(sides, work, count, chosen.rounds))
    Console().print(table)


def compare(
    sides: Sequence[Checkout], work: dict[str, Any], count: int, rounds: int
) -> Iterator[str]:
    """Yield the columns of one row."""
    digests = [side.run(**work)[1] for side in sides]  # the first run computes tables
    taken = [[count / side.run(**work)[0] for side in sides] for _ in range(rounds)]
    for rates in zip(*taken, strict=True):
        yield f"{statistics.median(rates):,.0f}"
    ratios = [now / before for before, now in taken]
    yield f"{statistics.median(ratios):.2f}x"
    yield f"{min(ratios):.2f} .. {max(ratios):.2f}"
    yield "equal" if digests[0] == digests[1] else "DIFFERENT"


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        main()

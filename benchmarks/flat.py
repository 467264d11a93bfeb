"""Memory and open files over many small clips: they must not grow with the number of clips.

    python -m benchmarks.flat [--clips 2000] [--stages decode,contrast,h264_crf,evaluate]

Every stage runs over all clips with one worker in a separate process, which records its memory and
its open files five times per second. Printed are the medians of the second and of the last fifth of
the records, and the number of clips. Exits with 1 if the last is more than 1.25 times the second.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event, Thread

from rich.console import Console
from rich.table import Table

from benchmarks import options
from benchmarks.linear import make_project, stage
from tests.support.project import REPOSITORY

SMALLEST = {"clips": 12, "stages": "decode"}
PAUSE_SECONDS = 0.2
LIMIT = 1.25


class Recorder(Thread):
    """Thread that records the memory in MB and the open files of this process."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stop = Event()
        self.records: list[tuple[float, int]] = []

    def run(self) -> None:
        """Record until `stop` is set, and once more."""
        while True:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
            self.records.append((memory, len(list(Path("/proc/self/fd").iterdir()))))
            if self.stop.wait(PAUSE_SECONDS):
                return


def run_stage(root: Path, name: str) -> None:
    """Run one stage in this process; print memory and files early and late."""
    if name == "evaluate":
        import torch

        torch.set_num_threads(1)
    recorder = Recorder()
    recorder.start()
    stage(name, root)()
    recorder.stop.set()
    recorder.join()
    fifth = max(1, len(recorder.records) // 5)
    early, late = recorder.records[fifth : 2 * fifth] or recorder.records, recorder.records[-fifth:]
    for some in (early, late):
        print(*(statistics.median(values) for values in zip(*some, strict=True)))


def main() -> None:
    """Print the table; exit with 1 if something grows."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--clips", type=int, default=2000, help="number of clips")
    parser.add_argument(
        "--stages", default="decode,contrast,h264_crf,evaluate", help="stages and corruptions"
    )
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse(parser, SMALLEST)
    if chosen.run:
        run_stage(Path(chosen.run[0]), chosen.run[1])
        return
    table = Table(title=f"Memory (MB) and open files over {chosen.clips:,} clips")
    for column in ("stage", "memory early", "memory late", "files early", "files late"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    grows = False
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        make_project(root, chosen.clips)
        for name in chosen.stages.split(","):
            if name == "evaluate":
                stage("train", root)()
            command = [sys.executable, "-m", "benchmarks.flat", "--run", str(root), name]
            done = subprocess.run(
                command, cwd=REPOSITORY, check=True, capture_output=True, text=True
            )
            early, late = (list(map(float, line.split())) for line in done.stdout.splitlines()[-2:])
            table.add_row(
                name,
                *(f"{value:.0f}" for pair in zip(early, late, strict=True) for value in pair),
            )
            grows |= any(b > LIMIT * a for a, b in zip(early, late, strict=True))
    Console().print(table)
    sys.exit(grows and not chosen.smallest)


if __name__ == "__main__":
    main()

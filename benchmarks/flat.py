"""Memory and open files over many small clips: they must not grow with the number of clips.

    python -m benchmarks.flat [--clips 2000] [--workers 1]
        [--stages decode,contrast,h264_crf,evaluate,mirror]

Every stage runs over all clips in a separate process, which records its memory and its open files
five times per second, with those of its workers if there are several. Printed are the medians of
the second and of the last fifth of the records. Exits with 1 if the last is more than 1.25 times
the second.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event, Thread

from benchmarks import options
from benchmarks.linear import CORRUPTIONS, DATASET, make_project, stage
from pipeline.tools.mirror.cells import cells_of
from pipeline.tools.mirror.mirror import mirror
from pipeline.tools.mirror.options import MirrorOptions
from tests.support.project import REPOSITORY, set_params

SMALLEST = {"clips": 12, "stages": "decode"}
STAGES = "decode,contrast,h264_crf,evaluate,mirror"
ROW = "{:10} {:>12} {:>6} {:>12} {:>6}"
MIRRORED = "contrast", 3
PAUSE_SECONDS = 0.2
LIMIT = 1.25


class Recorder(Thread):
    """Thread that records the memory in MB and the open files of this process and its workers."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stop = Event()
        self.records: list[tuple[float, int]] = []

    def run(self) -> None:
        """Record until `stop` is set, and once more."""
        while True:
            self.records.append(measure())
            if self.stop.wait(PAUSE_SECONDS):
                return


def measure() -> tuple[float, int]:
    """Return the memory in MB and the open files of this process and of its Python processes."""
    program = Path("/proc/self/exe").readlink()
    pages = files = 0
    for process in (os.getpid(), *children()):
        folder = Path(f"/proc/{process}")
        try:
            if (folder / "exe").readlink() == program:  # not ffmpeg, which runs for one clip
                pages += int((folder / "statm").read_text().split()[1])
                files += len(list((folder / "fd").iterdir()))
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, files


def children() -> list[int]:
    """Return the processes that the threads of this process have started."""
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        try:
            found.extend(map(int, (thread / "children").read_text().split()))
        except (FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
            continue
    return found


def run_stage(root: Path, name: str, workers: int) -> None:
    """Run one stage; print memory and files early and late."""
    if name == "evaluate":
        import torch

        torch.set_num_threads(1)
    recorder = Recorder()
    recorder.start()
    if name == "mirror":
        corruption, severity = MIRRORED
        made = root.with_name("mirror")
        cells = cells_of([corruption], [severity])
        mirror(root / f"data/{DATASET}/videos", made, cells, MirrorOptions(workers=workers))
    else:
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
    parser.add_argument("--workers", type=int, default=1, help="number of workers")
    parser.add_argument("--stages", default=STAGES, help="stages, corruptions and mirror")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse(parser, SMALLEST)
    if chosen.run:
        run_stage(Path(chosen.run[0]), chosen.run[1], chosen.workers)
        return
    names = chosen.stages.split(",")
    print(f"Memory (MB) and open files over {chosen.clips:,} clips, workers: {chosen.workers}")
    print(ROW.format("stage", "memory early", "late", "files early", "late"))
    grows = False
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        make_project(root, chosen.clips)
        made = [name for name in CORRUPTIONS if name in names] or [CORRUPTIONS[0]]
        set_params(root, machine={"workers": chosen.workers}, corruptions=made)
        for name in names:
            if name == "evaluate":
                stage("train", root)()
            command = [sys.executable, "-m", "benchmarks.flat", "--run", str(root), name]
            command += ["--workers", str(chosen.workers)]
            done = subprocess.run(
                command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True
            )
            early, late = (list(map(float, line.split())) for line in done.stdout.splitlines()[-2:])
            values = [value for pair in zip(early, late, strict=True) for value in pair]
            # At once, since all clips take hours on a slow machine.
            print(ROW.format(name, *(f"{value:.0f}" for value in values)), flush=True)
            grows |= any(b > LIMIT * a for a, b in zip(early, late, strict=True))
    sys.exit(grows and not chosen.smallest)


if __name__ == "__main__":
    main()

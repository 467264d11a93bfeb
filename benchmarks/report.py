"""Time, memory and size of the report of a full run: 60 cells x 10,000 clips x 7 models.

    python -m benchmarks.report [--clips 10000] [--models 7] [--corruptions N] [--keep FOLDER]

The largest run that the report is made for is --clips 20000 --models 14 --corruptions 35. Time is
limited per million predictions, which are models x cells x clips, so that it must grow linearly.

The inputs are synthetic, as in `benchmarks.synthetic_run`. The report stage runs in a separate
process, whose time and peak memory are printed; each of the workers that encode the videos takes
about 0.1 GB in addition. Exits with 1 if a limit is exceeded.
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import options
from benchmarks.synthetic_run import ROOT, Size, write_run

SMALLEST = {"clips": 40, "models": 2, "frames": 8, "corruptions": "contrast,h265_crf"}
LIMITS = {"seconds per million predictions": 15.0, "peak GB": 2.0, "page MB": 15.0}


def report(root: Path) -> tuple[float, float]:
    """Run the report stage; return its seconds and its peak memory in GB.

    Linux counts the memory of the process that starts another one as that one's, so that this
    process must not have been large.
    """
    command = [sys.executable, "-m", "pipeline", "report", "--params", root / "params.yaml"]
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT) as process:  # noqa: S603 - a list, no shell
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(process.returncode)
    return time.perf_counter() - start, usage.ru_maxrss / 1e6


def main() -> None:
    """Print the measurements; exit with 1 if a limit is exceeded."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--clips", type=int, default=10_000, help="number of clips")
    parser.add_argument("--models", type=int, default=7, help="number of models")
    parser.add_argument("--frames", type=int, default=75, help="frames of the stored clips")
    parser.add_argument(
        "--corruptions", help="names with commas, or a number; default: those of params.yaml"
    )
    parser.add_argument("--keep", type=Path, help="folder for the run, which is not deleted")
    chosen = options.parse(parser, SMALLEST)
    with tempfile.TemporaryDirectory() as temporary:
        root = chosen.keep or Path(temporary)
        root.mkdir(exist_ok=True)
        size = Size(chosen.clips, chosen.models, chosen.frames)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
            params = apart.submit(write_run, root, size, chosen.corruptions).result()
        seconds, peak = report(root)
        megabytes = (root / "report/index.html").stat().st_size / 1e6
    count = chosen.models * (1 + len(params.corruptions) * len(params.severities)) * chosen.clips
    print(f"{seconds:.0f} s for {count / 1e6:.1f} million predictions")
    per_million = seconds / (count / 1e6)
    exceeded = options.print_measured((per_million, peak, megabytes), LIMITS)
    sys.exit(exceeded and not chosen.smallest)


if __name__ == "__main__":
    main()

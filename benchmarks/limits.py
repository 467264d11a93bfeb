"""Limits of the design: cost of metadata alone, without any video.

    python -m benchmarks.limits [--clips 5000] [--part metadata|dvc]

The manifests, parts, plans and predictions of synthetic clips pass through the code that handles
real ones, at two sizes, and the costs are extrapolated to Kinetics-700 and to a million clips at 12
corruptions x 5 severities. Memory is in GB. Time is given as a share of the cheapest work on
pixels: the CPU time of `contrast` for the same clips at 224 x 224 and 290 frames.
"""

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import options
from benchmarks.bootstrap import synthetic_predictions
from benchmarks.cpu_time import cpu_of, cpu_seconds, init_dvc
from corruptions import corrupt
from pipeline.metrics.summary import summarize
from pipeline.settings import PayloadSettings
from pipeline.stages.evaluate.cells import COLUMNS, EvaluationCell
from pipeline.storage import manifest, parts, schemas
from pipeline.storage.payload import write_payload
from pipeline.storage.rows import CellRow, ClipRow

SMALLEST = {"clips": 64, "works": "parts,read_some", "files": 2, "sizes": 1}
SEVERITIES, CORRUPTIONS = 5, 12
CELLS = 1 + SEVERITIES * CORRUPTIONS
CLIPS_PER_SHARD = 64
FRAMES, SIDE = 290, 224
LARGE = {"Kinetics-700": (650_000, 35_000), "a million": (1_000_000, 1_000_000)}
"""Number of listed clips, and of those in the corrupted split. Kinetics-700 lists about 650,000
clips, about 35,000 of them for validation."""


def text(*parts: object) -> str:
    """Return letters that do not compress, as hashes and ids do not."""
    return sha256("-".join(map(str, parts)).encode()).hexdigest()


def clip_row(number: int) -> ClipRow:
    """Return a row of clips.parquet."""
    key = f"{text('clip', number)[:11]}_{number % 200:06d}_{number % 200 + 10:06d}"
    return {
        "key": key, "clip_id": key, "dataset": "kinetics700", "split": "val",
        "label_id": number % 700, "label_name": f"a class with some words {number % 700}",
        "source_label_id": number % 700, "status": "ok", "reason": "",
        "source_path": f"val/{number % 700}/{key}.mp4", "source_size": 10**6 + number,
        "source_sha256": text("source", number), "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "codec": "h264", "pix_fmt": "yuv420p", "width": 340, "height": 256, "rotation": 0,
        "fps_num": 30, "fps_den": 1, "num_frames": 300, "duration_seconds": 10.0,
        "bit_rate": 400_000 + number * 7919 % 100_000,
    }  # fmt: skip


def cell_row(number: int, severity: int) -> CellRow:
    """Return a row of a corruption's manifest."""
    clip = clip_row(number)
    kept = {name: clip[name] for name in (*schemas.CLIP_COLUMNS, "source_path", "source_sha256")}
    index = number // CLIPS_PER_SHARD
    return kept | {
        "corruption": "shot_noise", "family": "spatial", "severity": severity, "dialect": "ours",
        "params": f'{{"level":{severity}}}', "seed": 0, "status": "ok", "reason": "",
        "shard": f"data/kinetics700/corrupted/shot_noise/{severity}/{index:06d}.tar",
        "member": f"{clip['key']}.mp4", "offset": 512 + number % CLIPS_PER_SHARD * 20_000_000,
        "size": 20_000_000 + number * 7919 % 10**6, "sha256": text(number, severity),
        "frames_sha256": text("frames", number, severity), "codec": "mjpeg",
        "pix_fmt": "yuvj444p", "width": 224, "height": 224, "fps_num": 30, "fps_den": 1,
        "num_frames": 300, "num_frames_source": 300, "duration_seconds": 10.0,
        "psnr": 20 + number * 7919 % 1000 / 1000, "recipe_hash": text(index, severity)[:32],
        "encoder": "jpeg quality 95 4:4:4", "tool_version": "1.0.0",
    }  # fmt: skip


def write_parts(folder: Path, clips: int) -> float:
    """Write the parts of one corruption; return their bytes."""
    made = 0
    for severity in range(1, SEVERITIES + 1):
        for start in range(0, clips, CLIPS_PER_SHARD):
            shard = folder / f"{severity}-{start:07d}.tar"
            shard.touch()
            rows = [cell_row(number, severity) for number in range(start, start + CLIPS_PER_SHARD)]
            parts.write_part(shard, rows, "recipe")
            made += parts.part_path(shard).stat().st_size
    return made


def gather(folder: Path, clips: int) -> float:
    """Gather the rows of all parts into a manifest, as the corrupt stage does at its end."""
    path = folder / "manifests/made.parquet"
    rows = parts.gather(sorted(folder.glob("*.tar")))
    manifest.write(path, rows, schemas.CELLS)
    return path.stat().st_size


def join(folder: Path, clips: int) -> float:
    """Gather the parts without a Python object per value."""
    path = folder / "manifests/joined.parquet"
    files = [parts.part_path(shard) for shard in sorted(folder.glob("*.tar"))]
    manifest.join(path, files, schemas.CELLS)
    return path.stat().st_size


def tasks(folder: Path, clips: int) -> float:
    """Build the rows that the decode stage keeps in its tasks; return their pickled bytes."""
    rows = [clip_row(number) for number in range(clips)]
    made = [rows[start : start + CLIPS_PER_SHARD] for start in range(0, clips, CLIPS_PER_SHARD)]
    return len(pickle.dumps(made[0])) * len(made)


def read_all(folder: Path, clips: int) -> float:
    """Read the evaluate stage's rows of one corruption, with every column."""
    return len(manifest.read_rows(folder / "manifests/made.parquet", schemas.CELLS))


def read_some(folder: Path, clips: int) -> float:
    """Read the evaluate stage's rows of one corruption, with the columns that it uses."""
    return len(manifest.read_rows(folder / "manifests/made.parquet", schemas.CELLS, COLUMNS))


def identities(folder: Path, clips: int) -> float:
    """Hash the inputs of the evaluation of one corruption."""
    rows = manifest.read_rows(folder / "manifests/made.parquet", schemas.CELLS, COLUMNS)
    return len(EvaluationCell("shot_noise", 1, tuple(rows)).clips_hash)


def bootstrap(folder: Path, clips: int) -> float:
    """Compute the report's statistics of one model."""
    return float(summarize(synthetic_predictions(clips)).num_clips)


def contrast() -> float:
    """Return the CPU seconds of the cheapest work on pixels: one clip at five severities."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (SIDE // 8, SIDE // 8, 3), dtype=np.uint8)
    picture = coarse.repeat(8, axis=0).repeat(8, axis=1)
    clip = np.stack([np.roll(picture, frame, axis=1) for frame in range(FRAMES)])
    best = float("inf")
    for _ in range(3):
        start = cpu_seconds()
        for severity in range(1, SEVERITIES + 1):
            made = corrupt(clip, "contrast", severity, key="a")
            write_payload(made, Fraction(30), PayloadSettings(codec="jpeg"))
        best = min(best, cpu_seconds() - start)
    return best


def schedule(folder: Path, clips: int) -> float:
    """Send tasks that do nothing through two workers."""
    rows = [clip_row(number) for number in range(CLIPS_PER_SHARD)]
    count = -(-clips // CLIPS_PER_SHARD)
    parallel = joblib.Parallel(n_jobs=2, backend="loky", batch_size=1, pre_dispatch="2*n_jobs")
    return float(sum(parallel(joblib.delayed(len)(rows) for _ in range(count))))


def no_op(folder: Path, clips: int) -> float:
    """Check parts that are done as the corrupt stage does: read their rows once, all recipes."""
    found = 0
    for start in range(0, clips, CLIPS_PER_SHARD):
        shards = [folder / f"{severity}-{start:07d}.tar" for severity in range(1, SEVERITIES + 1)]
        manifest.read_rows(parts.part_path(shards[0]), schemas.CELLS)
        for shard in shards:
            found += parts.part_is_done(shard, "recipe")
    return found


WORKS: dict[str, tuple[Callable[[Path, int], float], str, bool]] = {
    "parts": (write_parts, "writing the parts of a corruption", True),
    "no_op": (no_op, "finding a corruption done", True),
    "gather": (gather, "its manifest, by rows", True),
    "join": (join, "its manifest, by columns", True),
    "tasks": (tasks, "tasks of the decode stage", False),
    "schedule": (schedule, "scheduling these tasks", False),
    "read_all": (read_all, "rows of the evaluate stage, all columns", True),
    "read_some": (read_some, "the same, the columns it uses", True),
    "identities": (identities, "recipes of the evaluate stage", True),
    "bootstrap": (bootstrap, "the report's intervals of a model", True),
}
"""Function, description, and True if it concerns the corrupted split and not all listed clips."""


def run(name: str, folder: Path, clips: int) -> None:
    """Print CPU seconds, growth of memory in bytes and the function's result."""
    if name == "contrast":
        print(contrast(), 0, 0)
        return
    work = WORKS[name][0]
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, cpu_seconds()
    made = work(folder, clips)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(cpu_seconds() - start, (after - before) * 1024, made)


def measured(name: str, folder: Path, clips: int) -> NDArray[np.float64]:
    """Run a function in a process of its own and return what `run` prints."""
    command = [sys.executable, "-m", "benchmarks.limits", "--run", name, str(folder), str(clips)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return np.array([float(word) for word in done.stdout.split()[-3:]])


def metadata(folder: Path, clips: int, works: list[str]) -> list[Table]:
    """Measure the functions at two sizes and extrapolate to the large ones."""
    pixels = measured("contrast", folder, 0)[0]
    costs = Table(title=f"Costs of names and numbers ({clips:,} and {4 * clips:,} clips)")
    costs.add_column("")
    costs.add_column("per clip, 4x over 1x", justify="right")
    costs.add_column("time / contrast", justify="right")
    for name in LARGE:
        costs.add_column(f"GB, {name}", justify="right")
    sizes = Table(title="Files of metadata (GB)")
    sizes.add_column("")
    for name in LARGE:
        sizes.add_column(name, justify="right")
    for name in works:
        _, words, of_split = WORKS[name]
        one, four = (measured(name, folder / str(n), n) for n in (clips, 4 * clips))
        more = np.maximum(four - one, 0) / (3 * clips)
        growth = four[0] / one[0] / 4
        memory = [more[1] * large[of_split] for large in LARGE.values()]
        if name in ("read_all", "read_some"):
            memory = [CORRUPTIONS * one for one in memory]
        share = 100 * more[0] / pixels
        costs.add_row(words, f"{growth:.2f}", f"{share:.2g} %", *(f"{m / 1e9:.2g}" for m in memory))
        if name in ("parts", "gather"):
            all_of_it = [more[2] * large[1] * CORRUPTIONS / 1e9 for large in LARGE.values()]
            label = "parts of the grid" if name == "parts" else "manifests of the grid"
            sizes.add_row(label, *(f"{one:.2g}" for one in all_of_it))
    shards = [-(-large[1] // CLIPS_PER_SHARD) * (CELLS - 1) for large in LARGE.values()]
    sizes.add_row(f"shards of {CLIPS_PER_SHARD} clips", *(f"{count:,}" for count in shards))
    sizes.add_row("files in one output of DVC", *(f"{count * 2 // 12:,}" for count in shards))
    return [costs, sizes]


def dvc(folder: Path, files: int, sizes: int) -> Table:
    """Measure the CPU time of DVC over a folder of many small files, against `dvc --version`."""
    table = Table(title="DVC over a folder of files, against `dvc --version`")
    for column in ("files", "dvc add", "per file", "dvc status, nothing changed", "per file"):
        table.add_column(column, justify="right")
    unit, before = 0.0, np.zeros(2)
    for number, count in enumerate(files * 4**number for number in range(sizes)):
        root = folder / f"dvc{count}"
        (root / "data").mkdir(parents=True)
        for index in range(count):
            (root / f"data/{index:07d}").write_text(text(index))
        init_dvc(root)
        unit = unit or min(cpu_of("dvc", "--version", cwd=root) for _ in range(3))
        taken = np.array(
            [
                cpu_of("dvc", "add", "--quiet", "data", cwd=root),
                min(cpu_of("dvc", "status", "--quiet", cwd=root) for _ in range(2)),
            ]
        )
        more = (taken - before) / (count - (count // 4 if number else 0)) / unit * 1000
        words = [f"{one:.2f} / 1000" if number else "-" for one in more]
        table.add_row(
            f"{count:,}", f"{taken[0] / unit:.1f}", words[0], f"{taken[1] / unit:.1f}", words[1]
        )
        before = taken
    return table


def main() -> None:
    """Print the tables."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--clips", type=int, default=5000, help="clips of the smaller size")
    parser.add_argument("--part", choices=("metadata", "dvc", "both"), default="both")
    parser.add_argument("--works", default=",".join(WORKS), help="functions to measure, by name")
    parser.add_argument("--files", type=int, default=1000, help="files of DVC's smallest folder")
    parser.add_argument("--sizes", type=int, default=3, help="number of DVC's folders, each 4x")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse(parser, SMALLEST)
    if chosen.run:
        run(chosen.run[0], Path(chosen.run[1]), int(chosen.run[2]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for count in (chosen.clips, 4 * chosen.clips):
            (folder / str(count)).mkdir()
        tables: list[Table] = []
        if chosen.part != "dvc":
            works = ["parts", "gather", *chosen.works.split(",")]  # the others read these files
            tables += metadata(folder, chosen.clips, list(dict.fromkeys(works)))
        if chosen.part != "metadata":
            tables.append(dvc(folder, chosen.files, chosen.sizes))
        for table in tables:
            Console().print(table)


if __name__ == "__main__":
    main()

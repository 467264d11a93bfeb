"""Growth of the costs with the number of clips: 1x, 4x and 16x clips through the stages and DVC.

    python -m benchmarks.linear [--clips 24] [--rounds 3] [--part stages|dvc]

Every stage runs in a separate process with one worker, first over a few clips as a warm-up, then
over all; sizes alternate and the best of the rounds counts. CPU time is measured, which depends
little on other programs. One clip is one shard, so that 24 clips in two corruptions at five
severities are 264 shards, and 4x are about a thousand.

Printed are ratios: CPU time per clip and peak memory of a worker against 1x; CPU time of `dvc repro
STAGE` beyond that of the stage itself, and of a `dvc repro` that finds nothing to do, against
`dvc --version`. Ends with 1 if a clip costs more than 1.25 times what it costs at 1x, if a worker
takes more than 1.25 times the memory, or if the `dvc repro` that does nothing takes more than ten
seconds of CPU time at 4x.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks import options
from benchmarks.cpu_time import cpu_of, cpu_seconds, init_dvc
from pipeline.params import load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.report.report import report
from pipeline.stages.train.train import train
from tests.support.project import (
    CLASSES,
    REPOSITORY,
    video_id,
    write_annotations,
    write_classes,
    write_params,
)
from tests.support.videos import H264, make_video, moving_clip

CORRUPTIONS = ("contrast", "h264_crf")
STAGES = ("filter", "decode", *CORRUPTIONS, "evaluate", "report")
SMALLEST = {"clips": 1, "rounds": 1, "sizes": "1,4", "stages": "decode"}
DATASET = "demo"
VIDEOS = 8
"""Number of different videos; the clips are links to them."""
LIMIT = 1.25
NOTHING_TO_DO_SECONDS = 10.0


def make_videos(folder: Path) -> list[Path]:
    """Write the videos that all projects beside `folder` link to, at the first call."""
    paths = [folder / f"{number}.mp4" for number in range(VIDEOS)]
    for number, path in enumerate(paths):
        if not path.is_file():
            make_video(path, *H264, clip=moving_clip(16, 96, 128, seed=number))
    return paths


def make_project(root: Path, clips: int) -> None:
    """Write a project whose filter stage has run."""
    write_classes(root)
    made = make_videos(root.with_name("made"))
    videos = root / f"data/{DATASET}/videos"
    videos.mkdir(parents=True)
    for split, count in (("val", clips), ("train", VIDEOS)):
        names = [(CLASSES[number % 2], video_id(number, split)) for number in range(count)]
        write_annotations(root, split, names)
        for number, (_, name) in enumerate(names):
            (videos / f"{name}.mp4").hardlink_to(made[number % VIDEOS])
    settings = {"epochs": 1, "batch_size": 4, "learning_rate": 0.1, "momentum": 0.9}
    settings |= {"weight_decay": 0.0, "scales": [1.0], "flip": False, "threads": 1}
    values = write_params(
        root,
        corruptions=list(CORRUPTIONS),
        decode={"pictures": {DATASET: {"short_side": 112, "crop": 112, "clips_per_shard": 1}}},
    )
    text = yaml.safe_load((root / "params.yaml").read_text())
    text["models"][DATASET] = {"tiny_frame2d": {}}
    text["train"][DATASET] = {"tiny_frame2d": settings}
    (root / "params.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    filter_clips(values, root, DATASET)


def stage(name: str, root: Path) -> Callable[[], object]:
    """Return the function that runs a stage, or a corruption, of the project in `root`."""
    params = load(root / "params.yaml")
    works: dict[str, Callable[[], object]] = {
        "filter": partial(filter_clips, params, root, DATASET),
        "decode": partial(decode, params, root, DATASET),
        "train": partial(train, params, root, DATASET),
        "evaluate": partial(evaluate, params, root, DATASET),
        "report": partial(report, params, root),
    }
    return works.get(name) or partial(corrupt, params, root, DATASET, name)


def run_stage(name: str, warm: Path, root: Path) -> None:
    """Print the CPU seconds of the stage and the peak memory of this process in kilobytes."""
    if name == "evaluate":
        import torch

        torch.set_num_threads(1)
    stage(name, warm)()
    work = stage(name, root)
    start = cpu_seconds()
    work()
    seconds = cpu_seconds() - start
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def remove_made(root: Path, name: str) -> None:
    """Remove the outputs of a stage, so that it writes them again."""
    made = {
        "decode": root / f"data/{DATASET}/clean",
        "evaluate": root / f"data/{DATASET}/evaluate",
        "report": root / "report",
    }
    folder = made.get(name, root / f"data/{DATASET}/corrupted/{name}")
    if folder.is_dir():
        shutil.rmtree(folder)


def measure(roots: dict[int, Path], warm: Path, name: str, rounds: int) -> dict[int, list[float]]:
    """Return the best CPU seconds and peak memory of a stage, by size."""
    best = {size: [float("inf"), float("inf")] for size in roots}
    for _ in range(rounds):
        for size, root in roots.items():
            for each in (warm, root):
                remove_made(each, name)
            command = [sys.executable, "-m", "benchmarks.linear", "--run", name]
            done = subprocess.run(
                [*command, str(warm), str(root)],
                cwd=REPOSITORY, check=True, capture_output=True, text=True,
            )  # fmt: skip
            found = [float(word) for word in done.stdout.split()[-2:]]
            best[size] = [min(pair) for pair in zip(best[size], found, strict=True)]
    return best


def under_dvc(root: Path) -> None:
    """Set up DVC with the project's graph, without the stage that writes the demo videos."""
    for folder in ("pipeline", "corruptions"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "manifests/leaderboards.csv", root / "manifests")
    graph = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
    del graph["stages"]["synthesize"]
    (root / "dvc.yaml").write_text(yaml.safe_dump(graph, sort_keys=False))
    (root / ".dvcignore").write_text("__pycache__/\n")
    init_dvc(root)


def target(name: str) -> str:
    """Return the stage of dvc.yaml, such as `corrupt@demo-contrast`."""
    if name == "report":
        return name
    return f"corrupt@{DATASET}-{name}" if name in CORRUPTIONS else f"{name}@{DATASET}"


def command(name: str) -> list[str]:
    """Return the arguments that run a stage, or a corruption, without DVC."""
    if name == "report":
        return [name]
    if name in CORRUPTIONS:
        return ["corrupt", "-d", DATASET, "-c", name]
    return [name, "-d", DATASET]


def dvc_costs(root: Path, rounds: int, names: list[str]) -> dict[str, float]:
    """Return the CPU seconds that DVC adds to each finished stage, and those of an idle run."""
    under_dvc(root)
    cpu_of("dvc", "repro", "--quiet", "recipes", cwd=root)
    found = {}
    for name in names:
        whole = cpu_of("dvc", "repro", "--quiet", "--single-item", target(name), cwd=root)
        alone = cpu_of(sys.executable, "-m", "pipeline", *command(name), cwd=root)
        found[name] = max(0.0, whole - alone)
    # All targets, so that stages that were left out do not run.
    idle = ["dvc", "repro", *map(target, names)]
    found["nothing to do"] = min(cpu_of(*idle, cwd=root) for _ in range(rounds))
    return found


def count_shards(root: Path) -> int:
    """Return the number of shards of a project."""
    return sum(1 for _ in (root / "data").rglob("*.tar"))


def main() -> None:
    """Print the tables; exit with 1 if a limit is exceeded."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--clips", type=int, default=24, help="clips at 1x")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--sizes", default="1,4,16", help="multiples of --clips; the first is 1")
    parser.add_argument("--stages", default=",".join(STAGES), help="stages and corruptions")
    parser.add_argument("--part", choices=("stages", "dvc", "both"), default="both")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse(parser, SMALLEST)
    if chosen.run:
        run_stage(chosen.run[0], Path(chosen.run[1]), Path(chosen.run[2]))
        return
    names, sizes = chosen.stages.split(","), [int(size) for size in chosen.sizes.split(",")]
    failed = 0
    for part, compare in (("stages", stages_table), ("dvc", dvc_table)):
        if chosen.part in (part, "both"):
            with tempfile.TemporaryDirectory() as folder:
                roots = {size: Path(folder) / str(size) for size in sizes}
                for size, root in roots.items():
                    make_project(root, size * chosen.clips)
                failed += compare(roots, chosen.rounds, names)
    sys.exit(0 if chosen.smallest else failed)


def stages_table(roots: dict[int, Path], rounds: int, names: list[str]) -> int:
    """Print costs per clip against the first size; return the number of stages above the limit."""
    first, *larger = roots
    warm = roots[first].with_name("warm")
    make_project(warm, 2)
    exceeded = 0
    table = Table(title="CPU time per clip and peak memory, against 1x clips")
    columns = [f"{size}x {kind}" for kind in ("clips", "memory") for size in larger]
    for column in ("stage", *columns):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for name in names:
        if name == "evaluate":
            for root in (warm, *roots.values()):
                stage("train", root)()
        best = measure(roots, warm, name, rounds)
        per_clip = [best[size][0] / size / best[first][0] for size in larger]
        memory = [best[size][1] / best[first][1] for size in larger]
        exceeded += max(*per_clip, *memory) > LIMIT
        table.add_row(name, *(f"{ratio:.2f}" for ratio in (*per_clip, *memory)))
    Console().print(table)
    return exceeded


def dvc_table(roots: dict[int, Path], rounds: int, names: list[str]) -> int:
    """Print the CPU time that DVC adds; return 1 if an idle run exceeds the limit."""
    if "evaluate" in names:
        names = [*names[: names.index("evaluate")], "train", *names[names.index("evaluate") :]]
    for root in roots.values():
        for name in names:
            stage(name, root)()
    unit = min(cpu_of("dvc", "--version", cwd=root) for _ in range(rounds))
    table = Table(title="CPU time that DVC adds, against `dvc --version`")
    table.add_column("")
    costs = {}
    for size, root in roots.items():
        table.add_column(f"{size}x: {count_shards(root):,} shards", justify="right")
        costs[size] = dvc_costs(root, rounds, names)
    for name in (*names, "nothing to do"):
        table.add_row(name, *(f"{costs[size][name] / unit:.1f}" for size in costs))
    Console().print(table)
    return int(costs[min(4, max(roots))]["nothing to do"] > NOTHING_TO_DO_SECONDS)


if __name__ == "__main__":
    main()

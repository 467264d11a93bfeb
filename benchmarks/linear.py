"""Do costs grow linearly? 1x, 4x and 16x clips through the stages, and DVC around them.

    python -m benchmarks.linear [--clips 24] [--rounds 3] [--part stages|dvc]

Every stage runs in a process of its own with one worker, first over a few clips that warm it up,
then over all; sizes take turns and the best of the rounds counts. CPU time, not the clock, so that
other programs matter little. One clip is one shard, so that 24 clips in two corruptions at five
severities are 264 shards, and 4x are about a thousand.

Printed are ratios: CPU time per clip and peak memory of a worker against 1x; CPU time of `dvc repro
STAGE` beyond that of the stage itself, and of a `dvc repro` that finds nothing to do, against
`dvc --version`. Ends with 1 if a clip costs more than 1.25 times what it costs at 1x, if a worker
takes more than 1.25 times the memory, or if the `dvc repro` that does nothing takes more than ten
seconds of CPU time at 4x.
"""

import argparse
import os
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

from pipeline.params import load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.report.report import report
from pipeline.stages.train.train import train
from pipeline.tools.plan.trial import cpu_seconds
from tests.support.project import (
    CLASSES,
    REPOSITORY,
    video_id,
    write_annotations,
    write_classes,
    write_params,
)
from tests.support.videos import H264, make_video, moving_clip

SIZES = (1, 4, 16)
CORRUPTIONS = ("contrast", "h264_crf")
STAGES = ("filter", "decode", *CORRUPTIONS, "evaluate", "report")
DATASET = "demo"
VIDEOS = 8
"""Videos that are made; clips of one video are links to it."""
LIMIT = 1.25
NOTHING_TO_DO_SECONDS = 10.0


def make_project(root: Path, clips: int) -> None:
    write_classes(root)
    made = [
        make_video(root / f"made/{number}.mp4", *H264, clip=moving_clip(16, 96, 128, seed=number))
        for number in range(VIDEOS)
    ]
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
    filter_clips(DATASET, values, root)


def stage(name: str, root: Path) -> Callable[[], object]:
    params = load(root / "params.yaml")
    works: dict[str, Callable[[], object]] = {
        "filter": partial(filter_clips, DATASET, params, root),
        "decode": partial(decode, DATASET, params, root),
        "train": partial(train, DATASET, params, root),
        "evaluate": partial(evaluate, DATASET, params, root),
        "report": partial(report, params, root),
    }
    return works.get(name) or partial(corrupt, DATASET, name, params, root)


def run_stage(name: str, warm: Path, root: Path) -> None:
    """Prints CPU seconds of the stage and the peak memory of this process in kilobytes."""
    import torch

    torch.set_num_threads(1)
    stage(name, warm)()
    work = stage(name, root)
    start = cpu_seconds()
    work()
    seconds = cpu_seconds() - start
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def remove_made(root: Path, name: str) -> None:
    """What a stage made, so that it makes it again."""
    made = {
        "decode": root / f"data/{DATASET}/clean",
        "evaluate": root / f"data/{DATASET}/evaluate",
        "report": root / "report",
    }
    folder = made.get(name, root / f"data/{DATASET}/corrupted/{name}")
    if folder.is_dir():
        shutil.rmtree(folder)


def measure(roots: dict[int, Path], warm: Path, name: str, rounds: int) -> dict[int, list[float]]:
    """Best CPU seconds and peak memory of a stage by size."""
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


def cpu_of(*command: str, cwd: Path) -> float:
    """CPU seconds of a program and of all that it started."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, env=environment)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def init_dvc(root: Path) -> None:
    """DVC without git, its cache by links where the disk can, as the repository's own."""
    cpu_of("dvc", "init", "--no-scm", "--quiet", cwd=root)
    cpu_of("dvc", "config", "cache.type", "reflink,hardlink,copy", cwd=root)


def under_dvc(root: Path) -> None:
    """The project's graph without the stage that makes the demo's videos."""
    for folder in ("pipeline", "corruptions"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=ignored)
    shutil.copy(REPOSITORY / "manifests/leaderboards.csv", root / "manifests")
    graph = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
    del graph["stages"]["synthesize"]
    (root / "dvc.yaml").write_text(yaml.safe_dump(graph, sort_keys=False))
    (root / ".dvcignore").write_text("__pycache__/\n")
    init_dvc(root)


def dvc_costs(root: Path, rounds: int) -> dict[str, float]:
    """CPU seconds that DVC adds to each finished stage, and of `dvc repro` with nothing to do."""
    under_dvc(root)
    cpu_of("dvc", "repro", "--quiet", "recipes", cwd=root)
    found = {}
    for name in ("filter", "decode", *CORRUPTIONS, "train", "evaluate", "report"):
        is_cell = name in CORRUPTIONS
        command = ["corrupt", "-d", DATASET, "-c", name] if is_cell else [name, "-d", DATASET]
        item = f"corrupt@{DATASET}-{name}" if is_cell else f"{name}@{DATASET}"
        own = ["report"] if name == "report" else command
        target = name if name == "report" else item
        whole = cpu_of("dvc", "repro", "--quiet", "--single-item", target, cwd=root)
        alone = cpu_of(sys.executable, "-m", "pipeline", *own, cwd=root)
        found[name] = max(0.0, whole - alone)
    found["nothing to do"] = min(cpu_of("dvc", "repro", cwd=root) for _ in range(rounds))
    return found


def count_shards(root: Path) -> int:
    return sum(1 for _ in (root / "data").rglob("*.tar"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=("stages", "dvc", "both"), default="both")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        run_stage(chosen.run[0], Path(chosen.run[1]), Path(chosen.run[2]))
        return
    failed = 0
    for part, compare in (("stages", stages_table), ("dvc", dvc_table)):
        if chosen.part in (part, "both"):
            with tempfile.TemporaryDirectory() as folder:
                failed += compare(Path(folder), chosen.clips, chosen.rounds)
    sys.exit(failed)


def make_projects(folder: Path, clips: int) -> dict[int, Path]:
    roots = {size: folder / str(size) for size in SIZES}
    for size, root in roots.items():
        make_project(root, size * clips)
    return roots


def stages_table(folder: Path, clips: int, rounds: int) -> int:
    roots = make_projects(folder, clips)
    make_project(folder / "warm", 2)
    broken = 0
    table = Table(title=f"CPU time per clip and peak memory, against {clips} clips")
    for column in ("stage", "4x clips", "16x clips", "4x memory", "16x memory"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for name in STAGES:
        if name == "evaluate":
            for root in (folder / "warm", *roots.values()):
                stage("train", root)()
        best = measure(roots, folder / "warm", name, rounds)
        per_clip = [best[size][0] / size / best[1][0] for size in SIZES[1:]]
        memory = [best[size][1] / best[1][1] for size in SIZES[1:]]
        broken += max(*per_clip, *memory) > LIMIT
        table.add_row(name, *(f"{ratio:.2f}" for ratio in (*per_clip, *memory)))
    Console().print(table)
    return broken


def dvc_table(folder: Path, clips: int, rounds: int) -> int:
    roots = make_projects(folder, clips)
    for root in roots.values():
        for name in ("decode", *CORRUPTIONS, "train", "evaluate", "report"):
            stage(name, root)()
    unit = min(cpu_of("dvc", "--version", cwd=roots[1]) for _ in range(rounds))
    table = Table(title="CPU time that DVC adds, against `dvc --version`")
    table.add_column("")
    costs = {}
    for size, root in roots.items():
        table.add_column(f"{size}x: {count_shards(root):,} shards", justify="right")
        costs[size] = dvc_costs(root, rounds)
    for name in costs[1]:
        table.add_row(name, *(f"{costs[size][name] / unit:.1f}" for size in costs))
    Console().print(table)
    return int(costs[4]["nothing to do"] > NOTHING_TO_DO_SECONDS)


if __name__ == "__main__":
    main()

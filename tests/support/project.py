"""A small project in a folder: parameters, class list, annotations and videos."""

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pipeline.params import Params, load
from pipeline.settings import MachineSettings
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from tests.support.videos import H264, make_video, moving_clip

REPOSITORY = Path(__file__).resolve().parents[2]
TRACKED = (
    "corruptions",
    "pipeline",
    "manifests/classes",
    "manifests/leaderboards.csv",
    "manifests/results",
    "dvc.yaml",
    "params.yaml",
    ".dvcignore",
    ".gitignore",
    ".dvc/config",
)
"""Of the repository, what `dvc repro` needs."""

CLASSES = ("moving left", "moving right")


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with the leaves of `changes`."""
    merged = dict(base)
    for key, value in changes.items():
        known = merged.get(key)
        merged[key] = merge(known, value) if isinstance(value, dict) and known else value
    return merged


def write_params(root: Path, **changes: Any) -> Params:
    """The repository's params.yaml with changes, in `root`; gives the parameters."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    values["models"]["demo"] = {"tiny_r2plus1d": {}}
    small = {
        "decode": {"pictures": {"demo": {"short_side": 48, "crop": 40, "clips_per_shard": 3}}},
        "machine": {"workers": 1},
        "filter": {"allowed_failures": 1.0},
    }
    path = root / "params.yaml"
    path.write_text(yaml.safe_dump(merge(merge(values, small), changes), sort_keys=False))
    return load(path)


def set_params(root: Path, **changes: object) -> None:
    """Change leaves of params.yaml; the file is replaced, since copies may share it by links."""
    path = root / "params.yaml"
    values = merge(yaml.safe_load(path.read_text()), changes)
    path.unlink()
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def remove_training(root: Path) -> None:
    """Remove the demo's training from params.yaml, for models that no training makes."""
    path = root / "params.yaml"
    values = yaml.safe_load(path.read_text())
    del values["train"]["demo"]
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def machine(**changes: object) -> MachineSettings:
    """Return the machine section of the repository's params.yaml with changes."""
    values = load(REPOSITORY / "params.yaml").machine.model_dump()
    return MachineSettings(**values | changes)


def copy_repository(folder: Path) -> None:
    """The code, graph and inputs of the repository, as a clone has them, but for git.

    With what Python compiled of the code: the copies keep the times of their files.
    """
    for name in TRACKED:
        source, target = REPOSITORY / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)


def write_annotations(root: Path, split: str, clips: list[tuple[str, str]]) -> None:
    """Kinetics-style CSV of (label, YouTube id); every clip is of seconds 3 to 13."""
    path = root / "data/demo/annotations" / f"{split}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "youtube_id", "time_start", "time_end", "split"])
        for label, youtube_id in clips:
            writer.writerow([label, youtube_id, 3, 13, split])


def write_classes(root: Path, names: tuple[str, ...] = CLASSES) -> None:
    path = root / "manifests/classes/demo.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'{index},"{name}"' for index, name in enumerate(names)]
    path.write_text("\n".join(["class_id,class_name", *lines]) + "\n")


def video_id(number: int, split: str = "val") -> str:
    """An 11-character YouTube-like id; some begin with - or _."""
    return f"{'-_a'[number % 3]}{split}{number:0{10 - len(split)}d}"


def make_project(root: Path, num_clips: int = 5, num_train: int = 2, **changes: Any) -> Params:
    """A project of `num_clips` H.264 validation clips and a few training clips."""
    write_classes(root)
    for split, count in (("val", num_clips), ("train", num_train)):
        clips = [(CLASSES[number % 2], video_id(number, split)) for number in range(count)]
        write_annotations(root, split, clips)
        for number, (_, name) in enumerate(clips):
            path = root / "data/demo/videos" / f"{name}_000003_000013.mp4"
            make_video(path, *H264, clip=moving_clip(12 + number, seed=number))
    return write_params(root, **changes)


def run_stages(params: Params, root: Path, corruptions: Sequence[str] | None = None) -> None:
    """Run filter, decode and the corrupt stage of some corruptions (default: of all)."""
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    for name in params.corruptions if corruptions is None else corruptions:
        corrupt(params, root, "demo", name)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

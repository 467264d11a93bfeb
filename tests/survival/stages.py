"""All stages on a small demo: what the project looks like before and after each of them."""

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.project import REPOSITORY, set_params, tree, write_params
from tests.survival.running import Prepare, start

INPUT = {"frames": 4, "size": 40, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}

SMALL = {
    "corruptions": ["fog", "h265_crf", "packet_loss"],
    "severities": [1, 5],
    "synthesize": {
        "train_clips_per_class": 1,
        "val_clips_per_class": 1,
        "num_frames": 10,
        "width": 64,
        "height": 48,
        "broken_per_split": 4,
    },
    "filter": {"allowed_failures": 0.5},
    "decode": {"pictures": {"demo": {"short_side": 48, "crop": 40, "clips_per_shard": 4}}},
    "train": {"demo": {"tiny_r2plus1d": {"epochs": 3, "warmup_epochs": 0, "batch_size": 4}}},
    "models": {"demo": {"tiny_r2plus1d": {"input": INPUT}}},
    "evaluate": {"frames": 8},
    "report": {"bootstrap_resamples": 100},
    "machine": {"workers": 1, "device": "cpu"},
}

STAGES = {
    "synthesize": ("synthesize",),
    "filter": ("filter", "-d", "demo"),
    "decode": ("decode", "-d", "demo"),
    "fog": ("corrupt", "-d", "demo", "-c", "fog"),
    "h265_crf": ("corrupt", "-d", "demo", "-c", "h265_crf"),
    "packet_loss": ("corrupt", "-d", "demo", "-c", "packet_loss"),
    "train": ("train", "-d", "demo", "-m", "tiny_r2plus1d"),
    "evaluate": ("evaluate", "-d", "demo"),
    "report": ("report",),
}
"""Commands in the order of the data flow; two of the corruptions start no program, one does."""


@dataclass
class Stages:
    """Undisturbed runs of all stages, made once."""

    folder: Path
    seconds: dict[tuple[str, int], float] = field(default_factory=dict)
    """Duration of an undisturbed run by stage and number of workers."""
    after: dict[str, dict[str, bytes]] = field(default_factory=dict)
    copies: int = 0

    def make(self) -> None:
        root = self.folder / "whole"
        root.mkdir()
        write_params(root, **SMALL)
        classes = root / "manifests/classes/demo.csv"
        classes.parent.mkdir(parents=True)
        shutil.copy(REPOSITORY / "manifests/classes/demo.csv", classes)
        for stage in STAGES:
            shutil.copytree(root, self.folder / f"before {stage}", copy_function=os.link)
            self._time(stage, root, 1)
            self.after[stage] = tree(root)

    def _time(self, stage: str, root: Path, workers: int) -> None:
        begin = time.monotonic()
        start(root, STAGES[stage]).succeed()
        self.seconds[stage, workers] = time.monotonic() - begin

    def duration(self, stage: str, workers: int) -> float:
        """Return the seconds of an undisturbed run, measured at the first call."""
        if (stage, workers) not in self.seconds:
            self._time(stage, self.copy(stage, workers), workers)
        return self.seconds[stage, workers]

    def copy(self, stage: str, workers: int = 1, **changes: object) -> Path:
        """A project in which everything before a stage is done.

        The files are links: a change must replace one, as the stages do.
        """
        self.copies += 1
        root = self.folder / str(self.copies) / "project"
        shutil.copytree(self.folder / f"before {stage}", root, copy_function=os.link)
        set_params(root, machine={"workers": workers}, **changes)
        return root

    def check(self, stage: str, root: Path) -> None:
        """The project is what an undisturbed run makes, byte by byte, and nothing else is left."""
        found, wanted = tree(root), self.after[stage]
        found["params.yaml"] = wanted["params.yaml"]  # the machine's settings differ
        assert set(found) == set(wanted), set(found) ^ set(wanted)
        assert [name for name in found if found[name] != wanted[name]] == []
        temporary = root.with_name(f"{root.name}.temporary")
        left = [path for path in temporary.rglob("*") if path.is_file()]  # torch makes a folder
        # Python tries the folder out with a file of four bytes, and can be killed at that too.
        assert all(path.read_bytes() in (b"", b"blat") for path in left), left

    def check_wholeness(self, stage: str, root: Path) -> None:
        """Files under a final name are complete, also after a kill."""
        for name, data in visible(root).items():
            if name not in ("params.yaml", CHECKPOINT):
                assert data == self.after[stage].get(name), name

    def finish(self, stage: str, root: Path, prepare: Prepare | None = None) -> None:
        """The same command again finishes the work."""
        start(root, STAGES[stage], prepare).succeed()
        self.check(stage, root)


CHECKPOINT = "data/demo/train/tiny_r2plus1d/checkpoint.pt"
"""State of an unfinished training; removed at its end."""


def anything_new(root: Path, before: set[Path]) -> bool:
    """Return True if a file has a final name that did not exist before."""
    return any(path.is_file() for path in set(finals(root)) - before)


def finals(root: Path) -> set[Path]:
    """Return the paths that are not temporary files."""
    return {path for path in root.rglob("*") if not path.name.startswith(".")}


def visible(root: Path) -> dict[str, bytes]:
    """Return the contents of files that are not temporary, by path."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }

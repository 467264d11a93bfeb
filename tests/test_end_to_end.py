"""The whole demo in small, by the commands that a user types: DVC runs every stage."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.support.project import REPOSITORY, copy_repository, set_params, tree

INPUT = {"frames": 4, "size": 56, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}

SMALL = {
    "corruptions": ["fog", "h264_crf", "packet_loss"],
    "severities": [1, 5],
    "synthesize": {
        "train_clips_per_class": 1,
        "val_clips_per_class": 1,
        "broken_per_split": 2,
        "num_frames": 16,
        "width": 80,
        "height": 64,
    },
    "filter": {"allowed_failures": 0.5},
    "decode": {"pictures": {"demo": {"short_side": 64, "crop": 56, "clips_per_shard": 8}}},
    "models": {"demo": {"tiny_r2plus1d": {"input": INPUT}, "tiny_frame2d": {"input": INPUT}}},
    "evaluate": {"frames": 8},
    "report": {"bootstrap_resamples": 200},
    "machine": {"workers": 1},
}
"""Few short and small clips, and no process of workers: most of the time is that of starts."""


CORRUPT = [f"corrupt@demo-{name}" for name in ("fog", "h264_crf", "packet_loss")]
CODE = ("corruptions", "pipeline")
HEADLINES = [f"report/headline/demo/{name}.json" for name in ("tiny_frame2d", "tiny_r2plus1d")]


def dvc(folder: Path, *arguments: str) -> str:
    """Run a dvc command in a project and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"dvc {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_small_demo(folder: Path) -> None:
    """Copy the repository, make its demo small and run `dvc repro`."""
    copy_repository(folder)
    epochs = yaml.safe_load((REPOSITORY / "params.yaml").read_text())["train"]["demo"]
    for settings in epochs.values():
        settings.update(epochs=1, warmup_epochs=0)
    set_params(folder, **SMALL, train={"demo": epochs})
    for command in (
        ("git", "init", "-q"),
        ("git", "add", "-A"),
        ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "start"),
    ):
        subprocess.run(command, cwd=folder, check=True)
    dvc(folder, "repro")


def every_output_is_there(project: Path) -> None:
    values = json.loads((project / "report/metrics.json").read_text())["demo"]
    assert values
    for one in values.values():
        assert set(one["cells"]) == {"fog", "h264_crf", "packet_loss"}
        assert set(one["cells"]["fog"]) == {"1", "5"}
        assert one["num_clips"] == 12
        assert one["num_clips_listed"] == 14
        assert 0 <= one["mpc"] <= 100
    for name in ("leaderboard.csv", "leaderboard.md", "figures/demo.png"):
        assert (project / "report" / name).stat().st_size > 0
    rows = pd.read_parquet(project / "manifests/demo/fog.parquet")
    assert len(rows) == 12 * 2
    assert (rows["status"] == "ok").all()


def a_second_run_does_nothing(project: Path) -> None:
    """But for the stage that looks whether files of models were replaced."""
    printed = dvc(project, "repro")
    assert re.findall(r"Running stage '(\S+)'", printed) == ["model_files"]


def dvc_shows_something_useful(project: Path) -> None:
    dag = dvc(project, "dag")
    for stage in ("synthesize", "filter@demo", "corrupt@demo-fog", "evaluate@demo", "report"):
        assert stage in dag
    shown = dvc(project, "metrics", "show").splitlines()
    columns = ["Path", "clean_top1", "ece", "mpc", "rpc"]
    assert shown[0].split() in (columns, columns[:-1])  # no rPC if no clean clip is right
    assert [line.split()[0] for line in shown[1:]] == HEADLINES
    assert max(map(len, shown)) <= 80
    plots = dvc(project, "plots", "show", "--json")
    assert "fog.csv" in plots
    set_params(project, seed=7)
    try:
        assert "seed" in dvc(project, "params", "diff")
    finally:
        set_params(project, seed=0)


EDITS: tuple[dict[str, set[str]], ...] = (
    {
        "corruptions/spatial/fog.py": {"corrupt@demo-fog"},
        "pipeline/models/zoo/tiny_r2plus1d.py": {"train@demo", "evaluate@demo"},
        "pipeline/metrics/robustness.py": {"report"},
        "pipeline/execution/pool.py": set(),
    },
    {
        "corruptions/codec/concealment.py": {"corrupt@demo-h264_crf", "corrupt@demo-packet_loss"},
        "pipeline/stages/train/loop.py": {"train@demo"},
        "pipeline/stages/evaluate/predict.py": {"evaluate@demo"},
    },
    {"pipeline/media/sampling.py": {*CORRUPT, "train@demo", "evaluate@demo"}},
)
"""File to the stages that DVC runs when the file computes something else.

The files of a group concern different stages and are edited together; that each of them changes its
own recipes only is a test of provenance.
"""


def sources(project: Path) -> set[Path]:
    found = (path for name in CODE for path in (project / name).rglob("*") if path.is_file())
    return {path for path in found if path.parent.name != "__pycache__"}


@contextmanager
def restored(project: Path) -> Iterator[None]:
    """Put the code back as it was; files that did not change stay, with what Python compiled."""
    before = {path: path.read_bytes() for path in sources(project)}
    try:
        yield
    finally:
        for path in sources(project) - before.keys():
            path.unlink()
        for path, data in before.items():
            if not path.is_file() or path.read_bytes() != data:
                path.write_bytes(data)


def waiting(project: Path) -> set[str]:
    """Update the recipes and return the stages that are out of date then."""
    subprocess.run([sys.executable, "-m", "pipeline", "recipes"], cwd=project, check=True)
    return set(json.loads(dvc(project, "status", "--json"))) - {"model_files", "recipes"}


def a_moved_file_and_a_changed_comment_run_nothing(project: Path) -> None:
    with restored(project):
        root = project / "pipeline"
        (root / "media/sampling.py").rename(root / "storage/frame_choice.py")
        for name in CODE:
            for file in (project / name).rglob("*.py"):
                text = file.read_text().replace(
                    "media.sampling import", "storage.frame_choice import"
                )
                file.write_text(f"{text}\n\n# Another comment.\n")
        assert waiting(project) == set()


def edit(project: Path, *files: str) -> None:
    for file in files:
        path = project / file
        path.write_text(path.read_text() + "\n\nEDITED = True\n")


def an_edit_runs_exactly_what_it_concerns(project: Path) -> None:
    for group in EDITS:
        with restored(project):
            edit(project, *group)
            assert waiting(project) == set().union(*group.values()), group


def an_edited_corruption_is_made_again_and_no_other(project: Path) -> None:
    """And an edited training loop trains again: it must not find its weights up to date."""

    def shards() -> dict[Path, int]:
        found = (project / "data/demo/corrupted").rglob("*.tar")
        return {shard: shard.stat().st_mtime_ns for shard in found}

    def weights() -> str:
        note = project / "data/demo/train/tiny_frame2d/recipe.json"
        found: str = json.loads(note.read_text())["recipe_hash"]
        return found

    before, trained = shards(), weights()
    with restored(project):
        edit(project, "corruptions/spatial/fog.py", "pipeline/stages/train/loop.py")
        dvc(project, "repro", *CORRUPT, "train@demo")
        after = shards()
        assert weights() != trained
    assert {shard for shard in before if after[shard] != before[shard]} == {
        shard for shard in before if "fog" in shard.name
    }
    dvc(project, "repro")
    assert weights() == trained


def videos_instead_of_shards_run_no_corrupt_stage(project: Path) -> None:
    def parts() -> dict[str, bytes]:
        """Parts with their recipe hashes; DVC itself changes the times of files that it links."""
        return tree(project / "data/demo/evaluate")

    scores = json.loads((project / "report/metrics.json").read_text())
    set_params(project, evaluate={"reads": "videos"})
    told = dvc(project, "repro", "report")
    assert "corrupt@" not in told
    assert json.loads((project / "report/metrics.json").read_text()) == scores
    before = parts()
    with restored(project):
        edit(project, "corruptions/spatial/fog.py")
        told = dvc(project, "repro", "report")
        assert "corrupt@" not in told
        after = parts()
        changed = {name for name in before if after[name] != before[name]}
        assert changed == {name for name in before if "/fog/" in name}
        set_params(project, evaluate={"reads": "shards"})
        assert "corrupt@demo-fog" in waiting(project)
    dvc(project, "repro")
    assert json.loads((project / "report/metrics.json").read_text()) == scores


def single_stages_by_name(project: Path) -> None:
    assert "up to date" in dvc(project, "repro", "corrupt@demo-packet_loss")
    assert "Running stage 'evaluate@demo'" not in dvc(project, "repro", "evaluate@demo")


def experiments_are_compared(project: Path) -> None:
    """The numbers of a commit and of an experiment, in tables that fit a terminal."""
    for command in (
        ("config", "user.name", "t"),
        ("config", "user.email", "t@example.com"),
        ("add", "-A"),
        ("commit", "-qm", "results"),
    ):
        subprocess.run(["git", *command], cwd=project, check=True)
    told = dvc(project, "exp", "run", "-n", "strict", "-S", "evaluate.accounting=strict")
    found = re.findall(r"Running stage '(\S+)'", told)
    assert found == ["model_files", "evaluate@demo", "report"]
    diff = json.loads(dvc(project, "metrics", "diff", "--json"))
    for name in HEADLINES:  # 2 of 14 clips are missing, and count as wrong now
        assert diff[name]["mpc"]["new"] == pytest.approx(diff[name]["mpc"]["old"] * 12 / 14, 0.01)
    assert max(map(len, dvc(project, "metrics", "diff").splitlines())) <= 100
    assert "evaluate.accounting" in dvc(project, "params", "diff")
    rows = dvc(project, "exp", "show", "--csv").splitlines()
    strict = next(row for row in csv.DictReader(rows) if row["Experiment"] == "strict")
    commit = next(row for row in csv.DictReader(rows) if row["rev"] in ("master", "main"))
    for name in HEADLINES:
        for row, when in ((strict, "new"), (commit, "old")):
            assert float(row[f"{name}:mpc"]) == diff[name]["mpc"][when]
    assert strict["corruptions"] == "['fog', 'h264_crf', 'packet_loss']"
    subprocess.run(["git", "checkout", "-q", "--", "."], cwd=project, check=True)
    dvc(project, "checkout", "--quiet")
    scores = json.loads((project / HEADLINES[0]).read_text())
    assert scores["mpc"] == diff[HEADLINES[0]]["mpc"]["old"]


def test_the_demo_through_dvc(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """One test, since the demo takes long to run and tests spread over processes."""
    run_small_demo(tmp_path)
    for check in (
        every_output_is_there,
        a_second_run_does_nothing,
        dvc_shows_something_useful,
        a_moved_file_and_a_changed_comment_run_nothing,
        an_edit_runs_exactly_what_it_concerns,
        an_edited_corruption_is_made_again_and_no_other,
        videos_instead_of_shards_run_no_corrupt_stage,
        single_stages_by_name,
        experiments_are_compared,
    ):
        with subtests.test(check.__name__):
            check(tmp_path)

"""The whole demo in small, by the commands that a user types: DVC runs every stage."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.support.project import REPOSITORY, copy_repository, set_params

SMALL = {
    "corruptions": ["fog", "h264_crf", "packet_loss"],
    "severities": [1, 5],
    "synthesize": {"train_clips_per_class": 3, "val_clips_per_class": 2, "broken_per_split": 2},
    "filter": {"allowed_failures": 0.5},
    "report": {"bootstrap_resamples": 200},
}


def dvc(folder: Path, *arguments: str) -> str:
    """Run a dvc command in a project; gives what it printed."""
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


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with a small demo, after `dvc repro`."""
    folder = tmp_path_factory.mktemp("clone")
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
    return folder


def test_every_output_is_there(project: Path) -> None:
    values = json.loads((project / "report/metrics.json").read_text())["demo"]
    assert values
    for one in values.values():
        assert set(one["cells"]) == {"fog", "h264_crf", "packet_loss"}
        assert set(one["cells"]["fog"]) == {"1", "5"}
        assert one["num_clips"] == 24
        assert one["num_clips_listed"] == 26
        assert 0 <= one["mpc"] <= 100
    for name in ("leaderboard.csv", "leaderboard.md", "figures/demo.png"):
        assert (project / "report" / name).stat().st_size > 0
    rows = pd.read_parquet(project / "manifests/demo/fog.parquet")
    assert len(rows) == 24 * 2
    assert (rows["status"] == "ok").all()


def test_a_second_run_does_nothing(project: Path) -> None:
    assert "Data and pipelines are up to date" in dvc(project, "repro")


def test_dvc_shows_something_useful(project: Path) -> None:
    dag = dvc(project, "dag")
    for stage in ("synthesize", "filter@demo", "corrupt@demo-fog", "evaluate@demo", "report"):
        assert stage in dag
    assert "mpc" in dvc(project, "metrics", "show")
    plots = dvc(project, "plots", "show", "--json")
    assert "fog.csv" in plots
    set_params(project, seed=7)
    try:
        assert "seed" in dvc(project, "params", "diff")
    finally:
        set_params(project, seed=0)


def test_an_edit_of_one_corruption_runs_that_one_only(project: Path) -> None:
    path = project / "corruptions/spatial/fog.py"
    before = path.read_text()
    others = {
        shard: shard.stat().st_mtime_ns
        for shard in (project / "data/demo/corrupted").rglob("*.tar")
        if "fog" not in shard.name
    }
    try:
        path.write_text(before + "\n\nEDITED = True\n")
        told = dvc(project, "repro", "--dry")
        assert "recipes" in told
        dvc(project, "repro", "recipes")
        told = dvc(project, "status", "corrupt@demo-fog", "corrupt@demo-h264_crf")
        assert "corrupt@demo-fog" in told
        assert "corrupt@demo-h264_crf" not in told
        dvc(project, "repro", "corrupt@demo-fog")
        assert all(shard.stat().st_mtime_ns == when for shard, when in others.items())
    finally:
        path.write_text(before)
        dvc(project, "repro")


def test_single_stages_by_name(project: Path) -> None:
    assert "up to date" in dvc(project, "repro", "corrupt@demo-packet_loss")
    assert "up to date" in dvc(project, "repro", "evaluate@demo")

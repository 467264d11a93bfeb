"""Names in params.yaml are data: no shell that DVC starts ever sees them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.project import REPOSITORY, copy_repository

HOSTILE = (
    "$(touch pwned)",
    "`touch pwned`",
    "a'; touch pwned; '",
    'a"; touch pwned; "',
    "-x",
    "--help",
    "a.b",
    "..",
    "a b",
    "a;touch pwned",
    "a|touch pwned",
)


def dvc(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {
        "DVC_NO_ANALYTICS": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_no_command_of_dvc_yaml_contains_a_name() -> None:
    graph = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
    assert [stage["cmd"] for stage in graph["stages"].values() if "${" in stage["cmd"]] == []


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with every hostile name among its datasets, corruptions and models."""
    root = tmp_path_factory.mktemp("clone")
    copy_repository(root)
    values = yaml.safe_load((root / "params.yaml").read_text())
    values["datasets"] = list(HOSTILE)
    values["corruptions"] = ["fog", *HOSTILE]
    for name in HOSTILE:
        values["filter"]["sources"][name] = values["filter"]["sources"]["demo"]
        values["decode"]["pictures"][name] = values["decode"]["pictures"]["demo"]
        values["corrupt"]["levels"][name] = "mini_kinetics"
        values["models"][name] = {name: {}}
        values["train"][name] = {name: values["train"]["demo"]["tiny_frame2d"]}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    dvc(root, "init", "--no-scm", "--quiet", "--force")
    return root


def test_a_hostile_name_reaches_no_shell(clone: Path) -> None:
    """Stages of these names are started, by one DVC; nothing of the names is run.

    The command of every stage is without names, see above: one dataset is enough for the others.
    """
    stages = [f"filter@{HOSTILE[0]}", f"evaluate@{HOSTILE[0]}", "filter@.."]
    stages += [f"corrupt@{name}-{name}" for name in HOSTILE]
    done = dvc(clone, "repro", "--force", "--single-item", "--keep-going", "--", *stages)
    assert done.returncode != 0
    for stage in set(stages) - {"corrupt@..-.."}:  # which DVC does not start
        assert f"Running stage '{stage}'" in done.stdout, stage
    assert list(clone.rglob("pwned")) == []


def test_the_command_takes_its_names_from_the_stage() -> None:
    """Also where the dataset has a dash, and in a dvc.yaml of another folder."""
    code = (
        "from pipeline.cli.dvc_item import corruption_of_stage, dataset_of_stage\n"
        "print(dataset_of_stage(), corruption_of_stage())"
    )
    for stage, expected in (
        ("filter@demo", "demo None"),
        ("corrupt@demo-fog", "demo fog"),
        ("corrupt@my-set-h264_crf", "my-set h264_crf"),
        ("sub/dvc.yaml:evaluate@my-set", "my-set None"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY, env=os.environ | {"DVC_STAGE": stage},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == expected


def test_without_dvc_the_dataset_is_required(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "filter"],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "DVC_STAGE"}
        | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Missing option '--dataset'" in done.stderr

"""The command line: quick help, one clear message for an error, honest exit codes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from tests.support.project import REPOSITORY, make_project

COMMANDS = (
    "synthesize",
    "recipes",
    "filter",
    "decode",
    "corrupt",
    "train",
    "evaluate",
    "report",
    "leaderboard",
    "check",
    "preview",
    "models",
    "corruptions",
    "plan",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from pipeline.__main__ import app\n"
        "CliRunner().invoke(app, ['corrupt', '--help'])\n"
        "heavy = {'torch', 'pandas', 'cv2', 'matplotlib', 'av', 'pyarrow'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_are_one_message_and_an_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, "filter", "-d", "demo")
    assert done.returncode == 2
    assert "Settings: params.yaml: no such file" in done.stderr
    assert "Traceback" not in done.stderr
    make_project(tmp_path)
    done = run(tmp_path, "decode", "-d", "demo")
    assert done.returncode == 1
    assert "no such manifest; run the stage that writes it first" in done.stderr
    assert "Traceback" not in done.stderr
    done = run(tmp_path, "corrupt", "-d", "demo", "-c", "fogg")
    assert done.returncode != 0
    assert "unknown corruption 'fogg'" in done.stderr
    assert "Traceback" not in done.stderr


def test_filter_prints_its_table(tmp_path: Path) -> None:
    make_project(tmp_path)
    done = run(tmp_path, "filter", "-d", "demo")
    assert done.returncode == 0
    for word in ("listed", "found", "usable", "train", "val"):
        assert word in done.stdout


def test_start_of_the_clock_is_not_in_any_output(tmp_path: Path) -> None:
    """Two runs at different times write the same manifest."""
    make_project(tmp_path)
    manifest = tmp_path / "manifests/demo/clips.parquet"
    assert run(tmp_path, "filter", "-d", "demo").returncode == 0
    before = manifest.read_bytes()
    time.sleep(1.1)
    assert run(tmp_path, "filter", "-d", "demo").returncode == 0
    assert manifest.read_bytes() == before

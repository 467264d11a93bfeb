"""The command line: quick help, one clear message for an error, honest exit codes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipeline import __version__
from pipeline.__main__ import app
from tests.support.project import REPOSITORY, make_project

COMMANDS = sorted(getattr(get_command(app), "commands", {}))


def test_the_commands_are_those_of_the_application() -> None:
    assert {"corrupt", "export", "verify", "plan"} <= set(COMMANDS)
    assert len(COMMANDS) == len(app.registered_commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_every_option_has_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout
    found = getattr(get_command(app), "commands")[command]  # noqa: B009 - typer's type lacks it
    assert found.help
    assert [option.name for option in found.params if not getattr(option, "help", None)] == []


def test_the_version_is_the_one_of_the_package() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"video-corruptions {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "choices"),
    [
        (["apply", "a.mp4", "-c", "fog", "-o", "b.mkv", "--dialect", "mine"], "'ours', 'original'"),
        (["preview", "a.mp4", "--dialect", "mine"], "'ours', 'original'"),
        (["export", "plain", "-d", "demo", "-o", "out", "--link", "soft"], "'symbolic', 'copy'"),
    ],
)
def test_a_wrong_choice_is_refused_with_the_choices(arguments: list[str], choices: str) -> None:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert choices in result.output


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
    assert "no such manifest; run the stage filter first" in done.stderr
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

"""Odd machines: other user settings, limits and locales give the same bytes or one message."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.project import REPOSITORY, make_project, tree

COMMANDS = (
    ("filter", "-d", "demo"),
    ("decode", "-d", "demo"),
    ("corrupt", "-d", "demo", "-c", "fog", "-c", "h265_crf", "-c", "packet_loss"),
    ("evaluate", "-d", "demo"),
    ("report",),
)
CHANGES = {
    "corruptions": ["fog", "h265_crf", "packet_loss"],
    "severities": [1, 5],
    "machine": {"workers": 2},
    "report": {"bootstrap_resamples": 100},
    "models": {
        "demo": {
            "tiny_r2plus1d": {
                "model": "tests.support.own_model:factory",
                "input": {"frames": 4, "size": 40, "mean": [0.45] * 3, "std": [0.2] * 3},
            }
        }
    },
}
UNWANTED = {"HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LANGUAGE", "PYTHONUTF8", "XDG_CACHE_HOME"}


def run(
    root: Path, arguments: tuple[str, ...], prepare: Callable[[], object], **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run `python -m pipeline` with none of this user's settings but those given."""
    plain = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=root,
        env=plain | {"PYTHONPATH": str(REPOSITORY)} | environment,
        preexec_fn=prepare,
        capture_output=True,
        text=True,
        check=False,
    )


def run_all(root: Path, prepare: Callable[[], object], **environment: str) -> dict[str, bytes]:
    """Run all stages in a small project and return what they wrote."""
    root.mkdir()
    make_project(root, **CHANGES)
    for arguments in COMMANDS:
        done = run(root, arguments, prepare, **environment)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
    return tree(root)


def nothing() -> None:
    """Leave the process as it is."""


def few_files_and_one_core() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the stages write for a user with a home, in UTC and a UTF-8 locale."""
    folder = tmp_path_factory.mktemp("usual")
    return run_all(folder / "project", nothing, HOME=str(folder), LC_ALL="C.UTF-8", TZ="UTC")


MACHINES: dict[str, tuple[Callable[[], object], dict[str, str]]] = {
    "umask, no HOME, no TMPDIR, C locale, time zone": (
        partial(os.umask, 0o077),
        {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "LC_ALL": "C", "TZ": "Asia/Kathmandu"},
    ),
    "64 files, one core, no docstrings, comma locale": (
        few_files_and_one_core,
        {"PYTHONOPTIMIZE": "2", "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"},
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_same_bytes(usual: dict[str, bytes], tmp_path: Path, name: str) -> None:
    prepare, environment = MACHINES[name]
    found = run_all(tmp_path / "project", prepare, **environment)
    assert set(found) == set(usual)
    assert [path for path in found if found[path] != usual[path]] == []


def test_a_locale_that_is_not_utf_8_is_one_clear_message(tmp_path: Path) -> None:
    make_project(tmp_path, num_clips=1, num_train=0)
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run(tmp_path, ("filter", "-d", "demo"), nothing, **ascii_only)
    assert done.returncode == 2
    assert done.stderr.startswith("Settings: locale: its encoding must be UTF-8 (got ")
    assert "PYTHONUTF8=1" in done.stderr
    assert done.stderr.count("\n") == 1

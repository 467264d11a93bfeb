"""Evaluate and report write the same bytes on a machine that is odd in every way at once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.project import REPOSITORY, make_project, remove_training, tree

SCRIPT = """
import sys
from pipeline.__main__ import app
from typer.testing import CliRunner
commands = ("filter -d demo", "decode -d demo", "corrupt -d demo", "evaluate -d demo", "report")
for command in commands:
    result = CliRunner().invoke(app, command.split())
    sys.stderr.write(result.stderr)
    if result.exit_code:
        raise result.exception
"""
MODEL = {
    "model": "tests.support.own_model:factory",
    "input": {"frames": 4, "size": 40, "mean": [0.45] * 3, "std": [0.2] * 3},
}
CHANGES = {
    "corruptions": ["fog"],
    "severities": [5],
    "report": {"bootstrap_resamples": 100},
    "models": {"demo": {"tiny_r2plus1d": MODEL}},
}


def run_all(root: Path, prepare: Callable[[], None] | None, **environment: str) -> dict[str, bytes]:
    """Run all stages in a small project and return what they wrote."""
    root.mkdir()
    make_project(root, num_clips=3, num_train=0, **CHANGES)
    remove_training(root)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
        preexec_fn=prepare,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tree(root)


def one_core_and_private_files() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.umask(0o077)


def test_evaluate_and_report_write_the_same_bytes(tmp_path: Path) -> None:
    """Under an ASCII locale, text is still read and written as UTF-8."""
    usual = run_all(tmp_path / "usual", None)
    odd = run_all(
        tmp_path / "odd",
        one_core_and_private_files,
        HOME="/nowhere",
        TZ="Asia/Kathmandu",
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
        PYTHONOPTIMIZE="2",
    )
    assert any(name.startswith("report/") for name in usual)
    assert set(odd) == set(usual)
    assert [name for name in odd if odd[name] != usual[name]] == []

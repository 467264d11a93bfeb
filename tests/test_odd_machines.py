"""Unusually configured machines write the same bytes, or report the reason in one message."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import REPOSITORY, make_project, tree

SCRIPT = """
import sys
from pathlib import Path
from pipeline.__main__ import app
from typer.testing import CliRunner
params = ["--params", str(Path(sys.argv[1]) / "params.yaml")]
for command in (["filter"], ["decode"], ["corrupt"]):
    result = CliRunner().invoke(app, [*command, "-d", "demo", *params])
    sys.stderr.write(result.stderr)
    if result.exit_code:
        sys.exit(result.exit_code)
help = CliRunner().invoke(app, ["corrupt", "--help"])
assert help.exit_code == 0
assert CliRunner().invoke(app, ["export", "--list"]).exit_code == 0
"""

NOBODY = 54321
"""A user id without an entry in /etc/passwd."""


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def one_core() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])


def private_files() -> None:
    os.umask(0o077)


def as_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


MACHINES: dict[str, tuple[dict[str, str], Callable[[], None] | None]] = {
    "no entry in passwd, missing HOME": ({"HOME": "/nowhere"}, as_nobody),
    "umask 077, LANG=C, missing HOME": (
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "HOME": "/nowhere"},
        private_files,
    ),
    "one core, comma as decimal point, another time zone, HOME is a file, python -OO": (
        {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Chatham"}
        | {"HOME": "/dev/null", "PYTHONOPTIMIZE": "2"},
        one_core,
    ),
    "64 open files": ({}, few_files),
    "missing TMPDIR": ({"TMPDIR": "/nowhere"}, None),
}
"""What is odd is combined where each of it may change the bytes and none may stop the run."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    make_project(
        root,
        num_clips=4,
        corruptions=["fog", "h264_crf"],
        severities=[2, 5],
        machine={"workers": 2},
    )
    return root


def run(root: Path, environment: dict[str, str], prepare: Callable[[], None] | None) -> str:
    """Filter, decode and corrupt; return stderr if it failed, else an empty text."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(root)],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | environment,
        preexec_fn=prepare,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip() if done.returncode else ""


def outputs(root: Path) -> dict[str, bytes]:
    return {
        name: data
        for name, data in tree(root).items()
        if name.endswith((".tar", ".parquet")) and not Path(name).name.startswith(".")
    }


@pytest.fixture(scope="module")
def expected(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("usual") / "project"
    shutil.copytree(project, root)
    assert run(root, {}, None) == ""
    return outputs(root)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_same_bytes_or_one_clear_message(
    project: Path, expected: dict[str, bytes], tmp_path: Path, machine: str
) -> None:
    environment, prepare = MACHINES[machine]
    root = tmp_path / "project"
    shutil.copytree(project, root)
    if prepare is as_nobody:
        if os.getuid() != 0:
            pytest.skip("only root can become another user")
        for path in (root, *root.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        for path in (tmp_path, *tmp_path.parents):
            if "pytest" in path.as_posix():
                path.chmod(0o755)
        probe = [sys.executable, "-c", "import numpy"]
        try:
            readable = subprocess.run(probe, preexec_fn=as_nobody, check=False).returncode == 0
        except PermissionError:
            readable = False
        if not readable:
            pytest.skip("the interpreter or its libraries can only be read by root")
    said = run(root, environment, prepare)
    if not said:
        assert outputs(root) == expected
    else:
        assert machine == "64 open files", said
        assert len(said.splitlines()) <= 3
        assert "open files" in said

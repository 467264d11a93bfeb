"""Several machines share the cells without a scheduler: by one folder, or by clones and a remote.

Each machine is a real `dvc` process here; they start at the same time.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.project import REPOSITORY, copy_repository, set_params, tree
from tests.test_end_to_end import SMALL, dvc

CORRUPTIONS = ("fog", "packet_loss", "saturate")
CELLS = [f"corrupt@demo-{name}" for name in CORRUPTIONS]
BEFORE = ("synthesize", "filter@demo", "decode@demo", "recipes")
FOLDERS = ("data/demo/clean", "data/demo/corrupted", "manifests/demo")
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    **{f"GIT_{who}_NAME": "t" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "t@example.com" for who in ("AUTHOR", "COMMITTER")},
}


def start(folder: Path, *command: str) -> "subprocess.Popen[str]":
    """A command in the background."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(processes: list["subprocess.Popen[str]"]) -> None:
    for process in processes:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said


def git(folder: Path, *arguments: str) -> None:
    finish([start(folder, "git", *arguments)])


def stages(folder: Path) -> dict[str, object]:
    """Return the entries of dvc.lock, independent of their order."""
    found: dict[str, object] = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    return found


def same(one: Path, other: Path) -> bool:
    return all(tree(one / folder) == tree(other / folder) for folder in FOLDERS)


def make_decoded(folder: Path) -> None:
    """A project with a small demo, decoded and committed, ready for the cells."""
    copy_repository(folder)
    set_params(folder, **SMALL | {"corruptions": list(CORRUPTIONS)})
    git(folder, "init", "-q")
    dvc(folder, "repro", "decode@demo", "recipes")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "decoded")


def make_by_one(decoded: Path, folder: Path) -> None:
    """All cells made by one run on one machine."""
    shutil.copytree(decoded, folder)
    names = [word for name in CORRUPTIONS for word in ("-c", name)]
    finish([start(folder, sys.executable, "-m", "pipeline", "corrupt", "-d", "demo", *names)])


def cells_at_the_same_time_in_one_shared_folder(
    decoded: Path, by_one: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    shutil.copytree(decoded, folder)
    command = ("dvc", "--wait-for-lock", "repro", "--single-item")
    finish([start(folder, *command, cell) for cell in CELLS])
    assert "up to date" in dvc(folder, "status", *CELLS, *BEFORE)
    assert set(stages(folder)) == {*CELLS, *BEFORE}
    assert same(folder, by_one)


def the_same_cell_twice_at_the_same_time(decoded: Path, by_one: Path, tmp_path: Path) -> None:
    """The second run waits for the first, finds its shards, and writes the same manifest."""
    folder = tmp_path / "shared"
    shutil.copytree(decoded, folder)
    command = (sys.executable, "-m", "pipeline", "corrupt", "-d", "demo", "-c", "packet_loss")
    finish([start(folder, *command) for _ in range(2)])
    part = "data/demo/corrupted/packet_loss"
    assert tree(folder / part) == tree(by_one / part)
    manifest = "manifests/demo/packet_loss.parquet"
    assert (folder / manifest).read_bytes() == (by_one / manifest).read_bytes()


TAKE_TURNS = """
set -e
dvc pull -q synthesize filter@demo decode@demo recipes
for cell in "$@"; do
    dvc repro -q --single-item $cell
    dvc push -q $cell
    until
        git fetch -q origin && git reset -q origin/main && git checkout -q -- dvc.lock &&
        dvc commit -q --force $cell &&
        git add dvc.lock && git commit -qm "Make $cell" && git push -q origin HEAD:main
    do sleep 1; done
done
"""
"""docs/scale_out.md has the same lines."""


def clones_with_a_remote(decoded: Path, by_one: Path, tmp_path: Path) -> None:
    folder = tmp_path / "first"
    shutil.copytree(decoded, folder)
    dvc(folder, "remote", "add", "-d", "shared", str(tmp_path / "remote"))
    git(folder, "commit", "-qam", "Remote")
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(folder, "push", "-q", "../origin.git", "HEAD:main")
    dvc(folder, "push")
    for name in ("one", "two"):
        git(tmp_path, "clone", "-q", "-b", "main", "origin.git", name)
    script = ("bash", "-c", TAKE_TURNS, "-")
    finish(
        [start(tmp_path / "one", *script, *CELLS[:2]), start(tmp_path / "two", *script, CELLS[2])]
    )
    git(folder, "pull", "-q", "../origin.git", "main")
    dvc(folder, "pull", *CELLS)
    assert "up to date" in dvc(folder, "status", *CELLS, *BEFORE)
    assert set(stages(folder)) == {*CELLS, *BEFORE}
    assert same(folder, by_one)


def test_machines_share_cells(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """One test, since the project takes long to make and tests spread over processes."""
    decoded, by_one = tmp_path / "decoded", tmp_path / "by_one"
    make_decoded(decoded)
    make_by_one(decoded, by_one)
    for check in (
        cells_at_the_same_time_in_one_shared_folder,
        the_same_cell_twice_at_the_same_time,
        clones_with_a_remote,
    ):
        with subtests.test(check.__name__):
            folder = tmp_path / check.__name__
            folder.mkdir()
            check(decoded, by_one, folder)


def test_the_documentation_has_the_lines_that_are_tested() -> None:
    words = [line.strip() for line in (REPOSITORY / "docs/scale_out.md").read_text().splitlines()]
    for line in TAKE_TURNS.split("\n"):
        assert line.strip() in words

"""The image, built and run by a real engine: `pytest -m slow tests/docker`.

IMAGE=name takes an image that was built before.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from tests.support.project import REPOSITORY, make_project, tree


def engine_answers() -> bool:
    docker = shutil.which("docker")
    return bool(docker) and not subprocess.run([docker, "info"], capture_output=True).returncode


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not engine_answers(), reason="no container engine answers"),
]

OWNER = (1234, 1234) if os.getuid() == 0 else (os.getuid(), os.getgid())
"""User of the container: one that the image does not know, where this user may give files away."""


@pytest.fixture(scope="module")
def image() -> str:
    if name := os.environ.get("IMAGE"):
        return name
    name = "video-corruptions:test"
    subprocess.run(
        ["docker", "build", "-f", "docker/Dockerfile", "--target", "cpu", "-t", name, "."],
        cwd=REPOSITORY,
        check=True,
    )
    return name


def run(image: str, *arguments: str, folder: Path | None = None, at: str = "/mine") -> str:
    """Run the image without network and return what it printed."""
    options = ["--rm", "--network", "none", "--user", f"{OWNER[0]}:{OWNER[1]}"]
    if folder is not None:
        os.chown(folder, *OWNER)
        options += ["-v", f"{folder}:{at}"]
    done = subprocess.run(
        ["docker", "run", *options, image, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_image_is_sound(image: str) -> None:
    assert "FAILED" not in run(image, "check")


def test_it_has_no_compiler_no_tests_and_no_root(image: str) -> None:
    assert run(image, "sh", "-c", "command -v gcc cc pip git || true") == ""
    assert run(image, "sh", "-c", "ls /project").split() == [
        *("LICENSE", "NOTICE", "corruptions", "docker", "dvc.lock", "dvc.yaml", "examples"),
        *("manifests", "params.yaml", "pipeline", "requirements.txt"),
    ]
    configured = subprocess.run(
        ["docker", "image", "inspect", "-f", "{{.Config.User}}", image],
        capture_output=True,
        text=True,
        check=True,
    )
    assert configured.stdout.strip() == "1000:1000"


def test_same_shards_inside_and_outside(image: str, tmp_path: Path) -> None:
    """The image's own code, on mounted data; all files belong to the caller."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for folder in (outside, inside):
        folder.mkdir()
        params = make_project(folder)
    filter_clips(params, outside, "demo")
    decode(params, outside, "demo")
    for name in ("fog", "h265_crf", "packet_loss"):
        corrupt(params, outside, "demo", name)
    for path in inside.rglob("*"):
        os.chown(path, *OWNER)
    where = ("--dataset", "demo", "--params", "/mine/params.yaml")
    run(image, "filter", *where, folder=inside)
    run(image, "decode", *where, folder=inside)
    names = ("-c", "fog", "-c", "h265_crf", "-c", "packet_loss")
    run(image, "corrupt", *where, *names, folder=inside)
    assert tree(inside / "data") == tree(outside / "data")
    assert {(path.stat().st_uid, path.stat().st_gid) for path in inside.rglob("*")} == {OWNER}


def test_dvc_without_a_clone(image: str, tmp_path: Path) -> None:
    run(image, "cp", "-r", ".", "/out", folder=tmp_path, at="/out")
    run(image, "dvc", "repro", "recipes", folder=tmp_path, at="/project")
    assert (tmp_path / "data/recipes/corruptions/fog.json").stat().st_uid == OWNER[0]

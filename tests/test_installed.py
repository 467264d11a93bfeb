"""The wheel holds all of it: other codebases install it and get the same pixels."""

import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from corruptions import corrupt
from tests.support.project import REPOSITORY
from tests.support.videos import moving_clip

SCRIPT = """
from hashlib import sha256
import corruptions, numpy, sys
clip = numpy.load(sys.argv[1])
print(corruptions.__file__)
print(sha256(corruptions.corrupt(clip, "fog", 3, key="a").tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in ("corruptions", "pipeline"):
        shutil.copytree(
            REPOSITORY / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "README.md", "requirements.txt"):
        shutil.copy(REPOSITORY / name, source)
    made = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(source), "--wheel-dir", str(made)], check=True)
    return next(made.glob("*.whl"))


def test_the_wheel_has_every_file(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info" not in name}
    expected = {
        path.relative_to(REPOSITORY).as_posix()
        for folder in ("corruptions", "pipeline")
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert inside == expected


def test_an_installed_package_gives_the_same_pixels(wheel: Path, tmp_path: Path) -> None:
    import numpy as np

    target = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    clip = moving_clip(4, seed=1)
    np.save(tmp_path / "clip.npy", clip)
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "clip.npy")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    where, digest = ran.stdout.split()
    assert Path(where).is_relative_to(target)
    assert digest == sha256(corrupt(clip, "fog", 3, key="a").tobytes()).hexdigest()
    shown = subprocess.run(
        [sys.executable, "-m", "pipeline", "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "corrupt" in shown.stdout

"""The installed wheel: one top-level name, typed, and the same bytes as the clone.

Every process here runs in a fresh environment; this process imports the clone's packages only.
"""

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corruptions import corrupt
from pipeline import __version__
from pipeline.datasets.on_the_fly import CorruptedClips
from tests.support import installation
from tests.support.installation import PROJECT, make_environment, run
from tests.support.project import REPOSITORY, make_project, tree
from tests.support.videos import moving_clip

SAME_PIXELS = """
import hashlib, sys, numpy, corruptions
made = corruptions.corrupt(numpy.load(sys.argv[1]), "fog", 3, key="a")
print(corruptions.__file__, hashlib.sha256(made.tobytes()).hexdigest())
"""

BESIDE = """
import hashlib, json, sys
import pipeline
from corruptions import corrupt
from corruptions.pipeline.datasets.on_the_fly import CorruptedClips
from torch.utils.data import DataLoader

clips = CorruptedClips("demo", "fog", 3, num_frames=4, params=sys.argv[1])
loader = DataLoader(clips, batch_size=None, num_workers=1)
made = {one["key"]: hashlib.sha256(one["clip"].numpy().tobytes()).hexdigest() for one in loader}
print(json.dumps([pipeline.OWNER, made]))
"""

TYPED = """
import numpy as np
import pipeline
from corruptions import corrupt
from corruptions.pipeline.datasets.on_the_fly import CorruptedClips

clip = np.zeros((2, 8, 8, 3), np.uint8)
reveal_type(pipeline.OWNER)
reveal_type(CorruptedClips("demo", "fog", 3)[0])
corrupt(clip, 5, 3)
CorruptedClips("demo", "fog", "three")
"""

MYPY_INI = """
[mypy]
[mypy-torch.*,pandas.*,pyarrow.*,pydantic.*]
follow_imports = skip
"""
"""Large libraries whose types this test does not need."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installation.wheel(installation.build(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and all libraries."""
    environment = make_environment(tmp_path_factory.mktemp("installed"), libraries=True)
    installation.install(environment, wheel)
    return environment


@pytest.fixture(scope="module")
def library_only(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and the dependencies of every install, without the extra."""
    environment = make_environment(tmp_path_factory.mktemp("library"), libraries=False)
    installation.install(environment, wheel)
    for name in installation.dependencies(installation.distribution(environment)):
        installation.link(environment, name)
    return environment


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """The folder of a user whose own package is called `pipeline`."""
    (tmp_path / "work/pipeline").mkdir(parents=True)
    (tmp_path / "work/pipeline/__init__.py").write_text('OWNER = "user"\n')
    return tmp_path / "work"


def test_the_library_needs_only_its_dependencies(library_only: Path, tmp_path: Path) -> None:
    clip = moving_clip(4, seed=1)
    np.save(tmp_path / "clip.npy", clip)
    python = library_only / "bin/python"
    shown = run(python, "-c", SAME_PIXELS, tmp_path / "clip.npy", cwd=tmp_path)
    where, digest = shown.split()
    assert Path(where).is_relative_to(library_only)
    assert digest == sha256(corrupt(clip, "fog", 3, key="a").tobytes()).hexdigest()


def test_the_command_without_its_libraries_names_the_extra(
    library_only: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [library_only / "bin" / PROJECT, "--help"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == (
        "Failed: typer: not installed; install the extra `pipeline` of video-corruptions, or in a "
        "clone the libraries of requirements.txt.\n"
    )


def test_clone_and_wheel_write_the_same_bytes(
    installed: Path, workplace: Path, tmp_path: Path
) -> None:
    """Including the recipes: neither rewrites files of the other."""
    clone, other = tmp_path / "clone", tmp_path / "other"
    clone.mkdir()
    make_project(clone, num_clips=3, num_train=1)
    shutil.copytree(clone, other)
    here, there = (sys.executable, "-m", "pipeline"), (installed / "bin" / PROJECT,)
    one = ("--dataset", "demo")
    stages = (["recipes"], ["filter", *one], ["decode", *one], ["corrupt", *one, "-c", "fog"])
    for stage in stages:
        run(*here, *stage, "--params", clone / "params.yaml", cwd=REPOSITORY)
        run(*there, *stage, "--params", other / "params.yaml", cwd=workplace)
    written = tree(clone)
    assert {"data/recipes/stages/train.json", "manifests/demo/fog.parquet"} <= set(written)
    assert sum(name.endswith(".tar") for name in written) == 7
    assert tree(other) == written


def test_torch_datasets_work_beside_another_package_called_pipeline(
    installed: Path, workplace: Path, tmp_path: Path
) -> None:
    params = tmp_path / "project/params.yaml"
    params.parent.mkdir()
    make_project(params.parent, num_clips=2, num_train=1)
    command = installed / "bin" / PROJECT
    run(command, "filter", "--dataset", "demo", "--params", params, cwd=workplace)
    (workplace / "use.py").write_text(BESIDE)
    shown = run(installed / "bin/python", "use.py", params, cwd=workplace)
    clips = CorruptedClips("demo", "fog", 3, num_frames=4, params=params)
    examples: list[dict[str, Any]] = [clips[number] for number in range(len(clips))]
    expected = {one["key"]: sha256(one["clip"].numpy().tobytes()).hexdigest() for one in examples}
    assert len(expected) == 2
    assert json.loads(shown) == ["user", expected]


def test_mypy_sees_the_types(installed: Path, workplace: Path) -> None:
    (workplace / "use.py").write_text(TYPED)
    (workplace / "mypy.ini").write_text(MYPY_INI)
    python = installed / "bin/python"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "use.py"],
        cwd=workplace,
        capture_output=True,
        text=True,
    )
    lines = [line.partition(": ")[2] for line in done.stdout.splitlines()]
    assert lines[:-1] == [
        'note: Revealed type is "str"',
        'note: Revealed type is "dict[str, Any]"',
        'error: Argument 2 to "corrupt" has incompatible type "int"; expected "str"  [arg-type]',
        'error: Argument 3 to "CorruptedClips" has incompatible type "str"; expected "int"  '
        "[arg-type]",
    ], done.stdout + done.stderr


def test_the_command_works(installed: Path, workplace: Path) -> None:
    command = installed / "bin" / PROJECT
    assert run(command, "--version", cwd=workplace) == f"{PROJECT} {__version__}\n"
    assert f"Usage: {PROJECT} filter " in run(command, "filter", "--help", cwd=workplace)
    checked = run(command, "check", cwd=workplace)
    assert {"torch", "motion_blur_magick", "payload"} <= set(checked.split())


def test_help_names_the_module_as_it_is_installed(installed: Path, workplace: Path) -> None:
    shown = run(installed / "bin" / PROJECT, "train", "--help", cwd=workplace)
    assert "-m corruptions.pipeline train" in " ".join(shown.split())


def test_an_editable_install_refuses_a_second_copy(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    installation.copy_sources(clone)
    environment = make_environment(tmp_path / "environment", libraries=True)
    installation.install(environment, "--no-build-isolation", "--editable", clone)
    python = environment / "bin/python"
    for first, second in (
        ("pipeline", "corruptions.pipeline"),
        ("corruptions.pipeline", "pipeline"),
    ):
        run(python, "-c", f"import {first}.errors", cwd=clone)
        done = subprocess.run(
            [python, "-c", f"import {first}, {second}"], cwd=clone, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert (
            f"ImportError: {second}: this package is already imported as {first}; " in done.stderr
        )

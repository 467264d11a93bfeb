"""Distributions: sdist and wheel are complete, valid, and described by their metadata."""

import ast
import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from pipeline import __version__
from tests.support import installation
from tests.support.installation import PROJECT, dependencies, sources
from tests.support.project import REPOSITORY

DISTRIBUTIONS = {"cv2": "opencv-python-headless"}
"""Distributions of modules that have another name."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installation.build(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def described(built: Path, tmp_path_factory: pytest.TempPathFactory) -> metadata.Distribution:
    """The metadata that the wheel installs."""
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(installation.wheel(built), folder, "zip")
    (found,) = metadata.distributions(name=PROJECT, path=[str(folder)])
    return found


def imports(path: Path) -> Iterator[str]:
    """Every absolute import of a file, by its first name."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (item.name.split(".")[0] for item in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.split(".")[0]


def test_the_listed_packages_are_the_folders() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {str(Path(name).parent) for name, _ in sources() if name.endswith("/__init__.py")}
    assert sorted(settings["packages"]) == sorted(name.replace("/", ".") for name in folders)


def test_the_wheel_has_every_file_below_one_name(built: Path) -> None:
    with zipfile.ZipFile(installation.wheel(built)) as archive:
        inside = {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }
    assert {name.split("/")[0] for name in inside} == {"corruptions"}
    assert inside == {name: path.read_bytes() for name, path in sources()}


def test_the_sdist_has_what_a_project_needs(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    lists = {
        f"manifests/classes/{file.name}" for file in (REPOSITORY / "manifests/classes").iterdir()
    }
    assert {"params.yaml", "dvc.yaml", "manifests/leaderboards.csv", "NOTICE", *lists} <= inside


def test_twine_accepts_both(built: Path) -> None:
    command = (sys.executable, "-m", "twine", "--no-color", "check", "--strict")
    shown = installation.run(*command, *built.iterdir(), cwd=built)
    assert shown.count("PASSED") == 2, shown


def test_metadata_are_complete(described: metadata.Distribution) -> None:
    assert described.version == __version__
    assert described.metadata["License-Expression"] == "Apache-2.0"
    assert described.metadata.get_all("License-File") == ["LICENSE", "NOTICE"]
    assert described.metadata["Requires-Python"] == ">=3.11"
    assert described.metadata["Description-Content-Type"] == "text/markdown"
    assert "robustness" in described.metadata["Keywords"].split(",")
    assert "Typing :: Typed" in (described.metadata.get_all("Classifier") or [])
    (script,) = described.entry_points
    assert (script.name, script.value) == (PROJECT, "corruptions.pipeline.__main__:main")


def test_the_extra_pins_what_requirements_txt_pins(described: metadata.Distribution) -> None:
    text = (REPOSITORY / "requirements.txt").read_text()
    pinned = dict(re.findall(r"^([\w.-]+)(==\S+)$", text, re.MULTILINE))
    assert dependencies(described, "pipeline") == pinned


def test_dependencies_are_what_the_corruptions_import(described: metadata.Distribution) -> None:
    files = (REPOSITORY / "corruptions").rglob("*.py")
    imported = {name for file in files for name in imports(file)}
    outside = imported - {"corruptions"} - set(sys.stdlib_module_names)
    assert set(dependencies(described)) == {DISTRIBUTIONS.get(name, name) for name in outside}

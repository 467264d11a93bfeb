"""Distributions of the project, and fresh environments in which they are installed."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from filelock import FileLock

from tests.support.project import REPOSITORY

PROJECT = "video-corruptions"
PACKAGES = {"corruptions": "corruptions", "pipeline": "corruptions/pipeline"}
"""Folder of the clone to folder of the wheel."""

OTHER_SOURCES = (
    "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "NOTICE", "requirements.txt",
    "params.yaml", "dvc.yaml", "manifests/classes", "manifests/leaderboards.csv",
)  # fmt: skip
"""Files that the distributions are built from, besides the packages."""


def sources() -> Iterator[tuple[str, Path]]:
    """Yield every file of the clone's packages, with its name in the wheel."""
    for folder, target in PACKAGES.items():
        for path in (REPOSITORY / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{target}/{path.relative_to(REPOSITORY / folder).as_posix()}", path


def copy_sources(folder: Path) -> None:
    """Copy the sources of a build: a build in the repository would leave files there."""
    for name in (*PACKAGES, *OTHER_SOURCES):
        path, target = REPOSITORY / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, target)


def build(folder: Path) -> Path:
    """Build the sdist, and from it the wheel, once per test run; return the folder of both.

    `folder` is the temporary folder of this process; pytest-xdist's processes share its parent.
    """
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    built = shared / "built"
    with FileLock(shared / "built.lock"):
        if not built.exists():
            copy_sources(shared / "source")
            command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", built)
            run(*command, cwd=shared / "source")
    return built


def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program without this process's settings for Python and return its output."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name not in hidden},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def make_environment(folder: Path, *, libraries: bool) -> Path:
    """Create an environment, with the libraries of this one or with none."""
    venv.create(folder, with_pip=False)
    if libraries:
        (site(folder) / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def install(environment: Path, *what: str | Path) -> None:
    """Install into an environment, without a network and without dependencies."""
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin/python", "install")
    run(*pip, "--quiet", "--no-deps", "--no-index", *what, cwd=environment)


def link(environment: Path, name: str) -> None:
    """Add one installed distribution of this environment to another environment."""
    for file in metadata.files(name) or ():
        top = site(environment) / file.parts[0]
        if file.parts[0] not in ("..", "__pycache__") and not top.exists():
            top.symlink_to(Path(sysconfig.get_path("purelib"), file.parts[0]))


def site(environment: Path) -> Path:
    (folder,) = environment.glob("lib/python3*/site-packages")
    return folder


def distribution(environment: Path) -> metadata.Distribution:
    """Return the project's metadata as installed in an environment."""
    (found,) = metadata.distributions(name=PROJECT, path=[str(site(environment))])
    return found


def dependencies(of: metadata.Distribution, extra: str | None = None) -> dict[str, str]:
    """Return name and version condition of the requirements of an extra, or of every install."""
    found = {}
    for line in of.requires or ():
        requirement, _, marker = line.partition(";")
        if marker.strip() == (f'extra == "{extra}"' if extra else ""):
            name = re.match(r"[\w.-]+", requirement)
            assert name
            found[name[0]] = requirement.removeprefix(name[0]).strip()
    return found

"""Fixtures for tests that damage stored files."""

import shutil
from pathlib import Path

import pytest

from tests.hostile.stored import make_stored


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished project, for reading only."""
    root = tmp_path_factory.mktemp("made") / "project"
    root.mkdir()
    make_stored(root)
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(made, tmp_path / "project"))

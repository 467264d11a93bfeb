"""Fixtures for tests of several rooms."""

from pathlib import Path

import pytest

from pipeline.params import Params
from tests.support.project import make_project, run_stages


@pytest.fixture(scope="session")
def decoded_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 5 validation clips and 2 training clips after the decode stage.

    For reading only: a test that writes takes a copy.
    """
    root = tmp_path_factory.mktemp("decoded")
    run_stages(make_project(root), root, corruptions=())
    return root


@pytest.fixture(scope="session")
def adaptable(tmp_path_factory: pytest.TempPathFactory) -> tuple[Params, Path]:
    """A project of 5 validation clips and 2 cells whose model adapts; tests add outputs only."""
    from tests.support.adaptation import make_adaptable  # imports torch

    root = tmp_path_factory.mktemp("adaptable")
    return make_adaptable(root), root


LONG = ("test_end_to_end", "test_mutated_videos", "test_machines", "test_clusters")
"""Files whose tests take a minute or more: first, so that no process waits for them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONG)

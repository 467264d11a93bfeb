"""The undisturbed runs that all tests of survival compare with."""

import pytest

from tests.survival.stages import Stages


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    made = Stages(tmp_path_factory.mktemp("survival"))
    made.make()
    return made

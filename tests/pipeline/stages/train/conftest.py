from pathlib import Path

import pytest

from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from tests.pipeline.stages.train.small_run import changed
from tests.support.project import make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with clean shards: 4 clips to train on, 3 to validate."""
    root = tmp_path_factory.mktemp("project")
    params = make_project(root, num_clips=3, num_train=4, **changed())
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    return root

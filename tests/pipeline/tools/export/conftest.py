import pytest

from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from tests.pipeline.tools.export.exporting import Project
from tests.support.about import write_about
from tests.support.project import make_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Six validation clips in two shards, two training clips, two corruptions at two severities.

    For reading only.
    """
    root = tmp_path_factory.mktemp("project")
    params = make_project(root, num_clips=6, corruptions=["fog", "frame_rate"], severities=[2, 4])
    write_about(root)
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    for corruption in params.corruptions:
        corrupt(params, root, "demo", corruption)
    return Project(root, params)

"""A full /dev/shm, as containers may have: the same bytes from one process, and one warning."""

from functools import partial
from pathlib import Path

import pytest

from pipeline.execution.shared_memory import FOLDER
from tests.support.namespaces import require_namespaces, small_shared_memory
from tests.support.project import set_params, tree
from tests.survival.running import Run, start
from tests.survival.stages import STAGES, Stages

WORKERS = {"workers": 2, "loader_workers": 2}
FULL = partial(small_shared_memory, "64k", full=True)


def check_warning(run: Run) -> None:
    """One warning, which names what is full and the way out."""
    run.succeed()
    said = " ".join(run.said.split())
    assert said.count(f"{FOLDER}: no semaphores (No space left on device)") == 1, said
    assert "Free or enlarge /dev/shm (Docker: --shm-size 2g)" in said
    assert "Traceback" not in said
    assert "joblib" not in said


@pytest.mark.parametrize("stage", ["decode", "h265_crf", "evaluate"])
def test_a_stage_writes_the_same_bytes(stages: Stages, stage: str) -> None:
    require_namespaces()
    root = stages.copy(stage)
    set_params(root, machine=WORKERS)
    check_warning(start(root, STAGES[stage], FULL))
    stages.check(stage, root)


def test_an_evaluation_from_videos_has_the_same_predictions(stages: Stages) -> None:
    """The command `score` evaluates so."""
    require_namespaces()
    found = []
    for prepare in (None, FULL):
        root = stages.copy("evaluate", evaluate={"reads": "videos"})
        set_params(root, machine=WORKERS)
        run = start(root, STAGES["evaluate"], prepare)
        check_warning(run) if prepare else run.succeed()
        found.append(tree(root / "manifests/demo/predictions"))
    assert found[0] == found[1]


def test_a_mirror_has_the_same_videos(stages: Stages, tmp_path: Path) -> None:
    require_namespaces()
    root = stages.copy("filter")
    found: list[dict[str, bytes]] = []
    for prepare in (None, FULL):
        output = tmp_path / str(len(found))
        options = ("-c", "contrast", "--workers", "2", "--max-failed-share", "1")
        run = start(root, ("mirror", "data/demo/videos", str(output), *options), prepare)
        # Surveying and writing are two pools; each says that it has one worker.
        run.succeed()
        assert "Traceback" not in run.said
        assert ("no semaphores" in run.said) == bool(prepare)
        found.append({name: data for name, data in tree(output).items() if name.endswith(".mp4")})
    assert found[0]
    assert found[0] == found[1]

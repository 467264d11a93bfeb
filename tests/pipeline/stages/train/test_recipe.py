"""An edit of code runs training and evaluation again where it can change their results."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import provenance
from pipeline.models import registry

PIPELINE = provenance.PIPELINE
STAGES = ("synthesize", "filter", "decode", "corrupt", "train", "evaluate", "report")
NETWORKS = ("resnet3d_18", "resnet3d_50", "tiny_frame2d", "x3d_m")

Edit = Callable[[str], set[str]]


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """The names of the stages and networks whose code hash an edit of a file changes."""

    def codes() -> dict[str, str]:
        provenance.stage_code.cache_clear()
        stages = {stage: provenance.stage_code(stage) for stage in STAGES}
        files = {name: registry.load(name).file for name in NETWORKS}
        return stages | {name: provenance.code_of(file) for name, file in files.items()}

    def changed_by(name: str) -> set[str]:
        edited = PIPELINE / name
        assert edited.is_file()
        before, hash_of = codes(), provenance.code_hash

        def code_hash(file: Path) -> str:
            return "edited" if file == edited else hash_of(file)

        with monkeypatch.context() as patch:
            patch.setattr(provenance, "code_hash", code_hash)
            after = codes()
        return {key for key in before if before[key] != after[key]}

    yield changed_by
    provenance.stage_code.cache_clear()


@pytest.mark.parametrize("file", ["loop", "data", "distributed", "train"])
def test_an_edit_of_the_training_code_trains_again(edit: Edit, file: str) -> None:
    # The weights that it trains are in the recipes of the predictions by their hash.
    assert edit(f"stages/train/{file}.py") == {"train"}


def test_an_edit_of_the_sampler_runs_all_that_samples_frames(edit: Edit) -> None:
    assert {"train", "evaluate"} <= edit("media/sampling.py")
    assert not edit("media/sampling.py") & {"synthesize", "filter", "report", *NETWORKS}


PREDICTING = (
    *("external", "factory", "framework", "hugging_face", "inference", "labels"),
    *("in_words", "language", "processor_files", "zero_shot"),
)


@pytest.mark.parametrize("file", PREDICTING)
def test_an_edit_of_what_only_predictions_need_evaluates_again(edit: Edit, file: str) -> None:
    assert edit(f"models/{file}.py") == {"evaluate"}


@pytest.mark.parametrize("file", ["batches", "cells", "load", "predict", "evaluate"])
def test_an_edit_of_the_evaluation_evaluates_again(edit: Edit, file: str) -> None:
    assert edit(f"stages/evaluate/{file}.py") == {"evaluate"}


def test_an_edit_of_a_network_changes_that_network(edit: Edit) -> None:
    assert edit("models/zoo/x3d_m.py") == {"x3d_m"}
    assert edit("models/zoo/_resnet3d.py") == {"resnet3d_18", "resnet3d_50"}


def test_an_edit_of_how_checkpoints_are_read_trains_and_evaluates_again(edit: Edit) -> None:
    assert edit("models/checkpoints.py") >= {"train", "evaluate"}


@pytest.mark.parametrize("file", ["execution/prefetch.py", "storage/paths.py", "io/locks.py"])
def test_an_edit_of_what_moves_no_byte_runs_nothing(edit: Edit, file: str) -> None:
    assert edit(file) == set()

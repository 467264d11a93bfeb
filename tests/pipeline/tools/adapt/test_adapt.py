"""Methods are evaluated on every cell, reset by their rule, and their results state all of it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from examples.no_adaptation import METHOD as NONE
from pipeline.errors import SettingsError
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.report.result import Adaptation, Result
from pipeline.stages.report.submissions import add_result, read_result
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.tools.adapt.adapt import AdaptationRequest, adapt, save_result
from pipeline.tools.adapt.method import AdaptationMethod, AdaptationSource, read_method
from tests.support.adaptation import Project


class Counting:
    """Answers class 0 and keeps the sizes of its batches."""

    made: list[list[int]] = []

    def __init__(self, source: AdaptationSource) -> None:
        self.sizes: list[int] = []
        self.made.append(self.sizes)
        for parameter in source.model.module.parameters():
            torch.nn.init.zeros_(parameter)

    def __call__(self, clips: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(clips))
        return torch.tensor([[1.0, 0.0]]).expand(len(clips), 2)


COUNTING = AdaptationMethod("counting", "this test", Counting, batch_size=2)


def run(adaptable: Project, method: AdaptationMethod, seed: int = 0) -> Result:
    params, root = adaptable
    Counting.made = []
    return adapt(AdaptationRequest(method, "demo", "tiny_r2plus1d", True, seed), params, root)


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({}, [[2, 2, 1]] * 3),
        ({"reset": "never"}, [[2, 2, 1] * 3]),
        ({"reset": "batch"}, [[2], [2], [1]] * 3),
        ({"order": "mixed"}, [[2] * 7 + [1]]),
        ({"batch_size": 4}, [[4, 1]] * 3),
    ],
)
def test_models_are_reset_by_the_rule(
    adaptable: Project, changes: dict[str, str], made: list[list[int]]
) -> None:
    result = run(adaptable, replace(COUNTING, **changes))  # type: ignore[arg-type]
    assert Counting.made == made
    assert result.clean_top1 == pytest.approx(60)  # three of five clips are of class 0
    assert result.cells == {name: {"3": pytest.approx(60)} for name in ("fog", "contrast")}


def test_without_adaptation_the_numbers_are_those_of_the_evaluate_stage(adaptable: Project) -> None:
    params, root = adaptable
    evaluate(params, root, "demo")
    path = DatasetPaths(root, "demo").predictions / "tiny_r2plus1d.parquet"
    rows = list(manifest.read_rows(path, schemas.PREDICTIONS))
    result = run(adaptable, NONE)
    assert result.adaptation is None
    for name, cells in {"clean": {"0": result.clean_top1}, **result.cells}.items():
        right = [row["correct1"] for row in rows if row["corruption"] == name]
        assert list(cells.values()) == [pytest.approx(100 * sum(right) / len(right))]


def test_a_result_states_method_batch_size_order_and_reset(
    adaptable: Project, tmp_path: Path
) -> None:
    result = run(adaptable, COUNTING, seed=4)
    assert result.adaptation == Adaptation(
        method="counting",
        source="this test",
        batch_size=2,
        order="cell after cell, clips shuffled with seed 4",
        reset="cell",
    )
    assert result.hardware is not None
    assert (result.hardware.device, result.hardware.precision) == ("cpu", "fp32")
    path = save_result(result, adaptable[1])
    assert read_result(path) == result
    kept = {add_result(path, tmp_path).name}
    for method in (NONE, replace(COUNTING, reset="never")):
        kept.add(add_result(save_result(run(adaptable, method), adaptable[1]), tmp_path).name)
    assert len(kept) == 3


def test_unknown_models_and_methods_are_refused(adaptable: Project) -> None:
    params, root = adaptable
    with pytest.raises(SettingsError, match="'tiny'.* is not in models.demo"):
        adapt(AdaptationRequest(NONE, "demo", "tiny"), params, root)
    with pytest.raises(
        SettingsError, match="No module named 'examples.tentt' .did you mean 'examples.tent'"
    ):
        read_method("examples.tentt")
    with pytest.raises(SettingsError, match=r"must be an AdaptationMethod \(got float\)"):
        read_method("examples.tent:LEARNING_RATE")
    assert read_method("examples.no_adaptation") is NONE

"""The examples of adaptation run on a small project and change what their papers say."""

import re
from dataclasses import replace
from typing import Any

import pytest
import torch

from examples import batchnorm_statistics, no_adaptation, teco, tent, vitta
from pipeline.datasets.on_the_fly import CorruptedStream
from pipeline.models.layer_statistics import norm_layers
from pipeline.tools.adapt.adapt import AdaptationRequest, adapt
from pipeline.tools.adapt.method import AdaptationMethod, AdaptationSource
from tests.support.adaptation import Project, source_of
from tests.support.project import REPOSITORY

METHODS = [module.METHOD for module in (no_adaptation, batchnorm_statistics, tent, vitta, teco)]


def batch(source: AdaptationSource, method: AdaptationMethod) -> Any:
    stream = CorruptedStream(
        "demo",
        [("fog", 3)],
        frames=method.frames(source) if method.frames else source.frames,
        stored=True,
        batch_size=min(method.batch_size, 4),
        params=source.root / "params.yaml",
    )
    return next(iter(stream))["clip"]


def changed(source: AdaptationSource, method: AdaptationMethod) -> tuple[set[str], set[str]]:
    """Names of the parameters that one step changes, and of those that it keeps."""
    before = {name: one.clone() for name, one in source.model.module.named_parameters()}
    method.make(source)(batch(source, method))
    after = dict(source.model.module.named_parameters())
    different = {name for name, one in before.items() if not torch.equal(one, after[name])}
    return different, set(before) - different


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_example_gives_a_result(adaptable: Project, method: AdaptationMethod) -> None:
    params, root = adaptable
    request = AdaptationRequest(replace(method, order="mixed"), "demo", "tiny_r2plus1d", True)
    result = adapt(request, params, root)
    assert result.num_clips == 5
    assert set(result.cells) == {"fog", "contrast"}
    assert (result.adaptation is None) == (method is no_adaptation.METHOD)


def norms_of(source: AdaptationSource) -> set[str]:
    names = norm_layers(source.model.module)
    return {f"{name}.{part}" for name in names for part in ("weight", "bias")}


def test_tent_changes_the_normalisation_layers(adaptable: Project) -> None:
    source = source_of(*adaptable)
    norms = norms_of(source)
    different, _ = changed(source, tent.METHOD)
    assert different == norms


def test_teco_changes_shallow_layers_and_the_normalisation_of_deep_ones(adaptable: Project) -> None:
    source = source_of(*adaptable)
    norms = norms_of(source)
    different, kept = changed(source, teco.METHOD)
    assert norms <= different
    assert {"stem.0.weight", "blocks.0.0.0.weight"} <= different
    assert {"fc.weight", "fc.bias", "blocks.2.1.0.weight"} <= kept


def test_teco_measures_change_over_time() -> None:
    still = torch.rand(2, 3, 1, 4, 4).expand(2, 3, 5, 4, 4)
    assert teco.incoherence(still, 2) == 0
    moving = torch.rand(2, 3, 5, 4, 4)
    assert teco.incoherence(moving, 2) > 0
    apart = moving.transpose(1, 2).flatten(0, 1)
    torch.testing.assert_close(teco.incoherence(apart, 2), teco.incoherence(moving, 2))


def test_vitta_pulls_statistics_to_those_of_training(
    adaptable: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitta, "LEARNING_RATE", 0.01)
    source = source_of(*adaptable)
    adapting = vitta.ViTTA(source)
    losses = []
    plain = adapting.alignment

    def kept(outputs: dict[str, torch.Tensor]) -> torch.Tensor:
        losses.append(plain(outputs))
        return losses[-1]

    adapting.alignment = kept  # type: ignore[method-assign]
    clips = batch(source, vitta.METHOD)
    for _ in range(12):
        adapting.average = dict(adapting.goal)  # so that only the model moves
        adapting(clips)
    assert losses[-1] < 0.9 * losses[0]


def test_vitta_changes_every_parameter(adaptable: Project) -> None:
    _, kept = changed(source_of(*adaptable), vitta.METHOD)
    assert not kept


def test_many_training_clips_leave_batchnorm_as_it_was(
    adaptable: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = batch(source_of(*adaptable), tent.METHOD)
    plain = no_adaptation.NoAdaptation(source_of(*adaptable))(clips)
    mixed = batchnorm_statistics.BatchNormStatistics(source_of(*adaptable))(clips)
    monkeypatch.setattr(batchnorm_statistics, "TRAINING_CLIPS", 1e9)
    many = batchnorm_statistics.BatchNormStatistics(source_of(*adaptable))(clips)
    torch.testing.assert_close(many, plain, rtol=1e-3, atol=1e-4)
    assert not torch.allclose(mixed, plain, rtol=0.1, atol=0.1)


def test_the_code_of_the_documentation_runs(
    adaptable: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code for the demo, on a project of two classes."""
    params, root = adaptable
    monkeypatch.chdir(root)
    text = (
        (REPOSITORY / "docs/adaptation.md").read_text().replace("num_classes=12", "num_classes=2")
    )
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)  # noqa: S102 - our own documentation
    assert names["found"].mean["stem.1"].shape == (16,)
    assert (root / "statistics.npz").is_file()
    result = adapt(AdaptationRequest(names["METHOD"], "demo", "tiny_r2plus1d", True), params, root)
    plain = adapt(
        AdaptationRequest(no_adaptation.METHOD, "demo", "tiny_r2plus1d", True), params, root
    )
    assert result.cells == plain.cells

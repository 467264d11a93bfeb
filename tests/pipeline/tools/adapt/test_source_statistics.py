"""Source statistics are those of the layers over the clean training clips, with their recipe."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.datasets.on_the_fly import CorruptedClips
from pipeline.errors import SettingsError
from pipeline.models.layer_statistics import outputs_of
from pipeline.tools.adapt.method import AdaptationSource
from pipeline.tools.adapt.source_statistics import SourceStatistics, source_statistics
from tests.support.adaptation import Project, source_of


@pytest.fixture
def source(adaptable: Project) -> AdaptationSource:
    return source_of(*adaptable)


def clips(source: AdaptationSource, name: str = "clean", **options: Any) -> CorruptedClips:
    values = {"split": "train", "frames": source.frames} | options
    path = source.root / "params.yaml"
    return CorruptedClips("demo", name, 0 if name == "clean" else 3, params=path, **values)


def test_they_are_the_moments_over_all_clips(source: AdaptationSource) -> None:
    some = clips(source, split="val")
    layers = ["stem.1", "blocks.2.1.1"]
    found = source_statistics(source.model, some, layers=layers, batch_size=2)
    every = torch.stack([some[number]["clip"] for number in range(len(some))])
    with torch.inference_mode(), outputs_of(source.model.module, layers) as outputs:
        source.logits(every)
    for layer in layers:
        axes = (0, 2, 3, 4)
        np.testing.assert_allclose(
            found.mean[layer], outputs[layer].mean(axes), rtol=1e-4, atol=1e-5
        )
        expected = outputs[layer].var(axes, unbiased=False)
        np.testing.assert_allclose(found.var[layer], expected, rtol=1e-4, atol=1e-5)


def test_all_normalisation_layers_unless_some_are_chosen(source: AdaptationSource) -> None:
    found = source_statistics(source.model, clips(source))
    assert found.layers == tuple(found.recipe["layers"])
    assert len(found.layers) == 7
    assert found.recipe["num_clips"] == 2
    assert source_statistics(source.model, clips(source), max_clips=1).recipe["num_clips"] == 1


def test_a_file_is_read_while_its_recipe_is_the_same(
    source: AdaptationSource, tmp_path: Path
) -> None:
    path = tmp_path / "statistics.npz"
    made = source_statistics(source.model, clips(source), path=path)
    written = path.read_bytes()
    read = source_statistics(source.model, clips(source), path=path)
    assert path.read_bytes() == written
    assert read.recipe == made.recipe
    for layer in made.layers:
        np.testing.assert_array_equal(read.mean[layer], made.mean[layer])
        np.testing.assert_array_equal(read.var[layer], made.var[layer])
    other = replace(source.model, weights_sha256="0" * 64)
    changed = source_statistics(other, clips(source), path=path)
    assert changed.recipe != made.recipe
    assert path.read_bytes() != written


def test_the_recipe_says_what_made_them(source: AdaptationSource) -> None:
    recipe = source_statistics(source.model, clips(source)).recipe
    assert recipe["weights_sha256"] == source.model.weights_sha256
    assert recipe["source"]["dataset"] == "demo"
    assert [key for key, _ in recipe["source"]["clips"]] == [
        clips(source)[number]["key"] for number in range(2)
    ]


def test_clips_that_are_not_clean_are_refused(source: AdaptationSource) -> None:
    with pytest.raises(SettingsError, match=r"of clean training clips \(got fog 3\)"):
        source_statistics(source.model, clips(source, "fog"))


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "statistics.npz"
    path.write_bytes(b"no zip")
    with pytest.raises(SettingsError, match="not a file of source statistics"):
        SourceStatistics.load(path)
    np.savez(path, other=np.zeros(1))
    with pytest.raises(SettingsError, match="not a file of source statistics"):
        SourceStatistics.load(path)

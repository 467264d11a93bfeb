"""Views of a clip: windows, crops and resized pictures, and the mean of their probabilities."""

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.errors import SettingsError
from pipeline.models import InputSpec
from pipeline.models.views import check_size, count_views, merge_views, split_views

HALF = (0.5, 0.5, 0.5)


def spec(**changes: object) -> InputSpec:
    values = {"frames": 2, "size": 8, "mean": HALF, "std": HALF} | changes
    return InputSpec(**values)  # type: ignore[arg-type] # of several types


def batch(frames: int, size: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, frames, size, size, 3), dtype=torch.uint8, generator=random)


def test_one_view_of_the_stored_size_is_the_batch_itself() -> None:
    clips = batch(2, 8)
    assert torch.equal(split_views(clips, spec()), clips)
    scores = torch.randn(2, 5)
    assert merge_views(scores, 1) is scores


def test_windows_of_a_clip_are_adjacent() -> None:
    clips = batch(6, 8)
    views = split_views(clips, spec(sampling="dense", clips=3))
    assert views.shape == (6, 2, 8, 8, 3)
    assert torch.equal(views[0], clips[0, :2])
    assert torch.equal(views[4], clips[1, 2:4])


def test_crops_are_cut_from_larger_pictures() -> None:
    clips = batch(2, 12)
    assert torch.equal(split_views(clips, spec(crop="centre")), clips[:, :, 2:10, 2:10])
    views = split_views(clips, spec(crop="three"))
    assert views.shape == (6, 2, 8, 8, 3)
    for number, left in enumerate((0, 2, 4)):
        assert torch.equal(views[3 + number], clips[1, :, 2:10, left : left + 8])
    assert count_views(spec(crop="three", sampling="dense", clips=4)) == 12


@pytest.mark.parametrize("size", [12, 5])
def test_other_sizes_are_resized_as_pillow_does(size: int) -> None:
    clips = batch(2, size)
    views = split_views(clips, spec())
    picture = Image.fromarray(clips[1, 1].numpy())
    theirs = np.asarray(picture.resize((8, 8), Image.Resampling.BILINEAR)).astype(int)
    assert views.shape == (2, 2, 8, 8, 3)
    assert np.abs(views[1, 1].numpy().astype(int) - theirs).max() <= 1


def test_probabilities_of_views_are_averaged() -> None:
    scores = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    merged = merge_views(scores, 3)
    wanted = torch.stack([scores[:3].softmax(1).mean(0), scores[3:].softmax(1).mean(0)])
    assert torch.allclose(merged.exp(), wanted, atol=1e-6)


def test_crops_that_do_not_fit_are_refused() -> None:
    check_size("m", spec(), 4)
    check_size("m", spec(crop="centre"), 8)
    with pytest.raises(SettingsError, match=r"'m': input.crop: centre of 8 px .*at least 8 px"):
        check_size("m", spec(crop="centre"), 7)
    with pytest.raises(SettingsError, match=r"at least 9 px \(got 8\)"):
        check_size("m", spec(crop="three"), 8)


@pytest.mark.parametrize(
    ("changes", "evaluate_frames", "stored", "words"),
    [
        ({}, 32, 8, "benchmark"),
        ({"frames": 16}, 32, 8, "benchmark"),
        ({}, 64, 8, "uniform 64"),
        ({"sampling": "segments"}, 32, 8, "segments 2"),
        ({"sampling": "dense", "stride": 4}, 32, 8, "dense 2 x 4, 1 clip"),
        (
            {"sampling": "dense", "stride": 4, "clips": 10, "crop": "three"},
            32,
            12,
            "dense 2 x 4, 10 clips, 3 crops of 8 px",
        ),
        ({}, 32, 12, "12 px resized to 8"),
        ({"crop": "centre"}, 32, 12, "centre 8 of 12 px"),
    ],
)
def test_what_is_not_the_benchmark_s_protocol_has_a_word(
    changes: dict[str, object], evaluate_frames: int, stored: int, words: str
) -> None:
    assert spec(**changes).protocol(evaluate_frames, stored) == words


def test_windows_are_for_dense_sampling_only() -> None:
    with pytest.raises(ValueError, match=r"input.clips = 2 is only for .*'dense' \(got 'uniform'"):
        spec(clips=2)
    with pytest.raises(ValueError, match=r"input.stride = 2 is only for"):
        spec(stride=2, sampling="segments")

"""The protocol's frames: spread uniformly, in order, inside the clip."""

import numpy as np
import pytest

from corruptions.types import Dialect
from pipeline.media.sampling import clip_indices


@pytest.mark.parametrize("dialect", ["ours", "original"])
@pytest.mark.parametrize("num_frames", [1, 2, 9, 31, 32, 33, 64, 290])
def test_indices_are_sorted_and_inside(dialect: Dialect, num_frames: int) -> None:
    indices = clip_indices(num_frames, 32, dialect)
    assert len(indices) == 32
    assert indices.min() >= 0
    assert indices.max() < num_frames
    assert (np.diff(indices) >= 0).all()


def test_indices_by_hand() -> None:
    assert clip_indices(8, 4).tolist() == [0, 2, 4, 6]
    assert clip_indices(5, 4).tolist() == [0, 1, 2, 3]
    assert clip_indices(3, 4).tolist() == [0, 0, 1, 2]
    # xxx1xx2xx3xx4xxx: stride floor(13 / 4) = 3, ten frames in the middle of fourteen
    assert clip_indices(14, 4, "original").tolist() == [2, 5, 8, 11]


def test_models_take_their_frames_from_the_protocols_thirty_two() -> None:
    assert clip_indices(32, 16).tolist() == list(range(0, 32, 2))
    assert clip_indices(32, 32).tolist() == list(range(32))
    assert clip_indices(9, 32).tolist()[:5] == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(("num_frames", "wanted"), [(0, 4), (4, 0)])
def test_nothing_cannot_be_sampled(num_frames: int, wanted: int) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        clip_indices(num_frames, wanted)

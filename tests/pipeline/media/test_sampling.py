"""The protocol's frames: spread uniformly, in order, inside the clip."""

import numpy as np
import pytest

from corruptions.types import Dialect
from pipeline.media.sampling import clip_indices, dense_indices, segment_indices


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


def test_the_first_code_lost_two_frames_and_took_every_so_many() -> None:
    # Of 14 frames 12 are numbered: stride floor(11 / 4) = 2, offset in the middle of 0..1
    assert clip_indices(14, 4, "original").tolist() == [1, 3, 5, 7]
    assert clip_indices(6, 4, "original").tolist() == [0, 1, 2, 3]
    assert clip_indices(5, 4, "original").tolist() == [0, 0, 1, 2]
    assert clip_indices(2, 4, "original").tolist() == [0, 0, 0, 0]
    # Kinetics: 290 frames, stride 8, of the offsets 0..7 the middle
    assert clip_indices(290, 32, "original").tolist() == list(range(4, 256, 8))
    # Something-Something: up to 66 frames the stride is 1, and only the first 32 were seen
    for num_frames in (35, 48, 66):
        assert clip_indices(num_frames, 32, "original").tolist() == list(range(32))


@pytest.mark.parametrize("num_frames", range(3, 400, 7))
def test_the_first_code_could_draw_these_indices(num_frames: int) -> None:
    indices = clip_indices(num_frames, 32, "original")
    assert indices.max() <= num_frames - 3 or num_frames == 3
    if num_frames - 2 > 32:
        stride = max(1, (num_frames - 3) // 32)
        offset = int(indices[0])
        assert 0 <= offset < stride
        assert indices.tolist() == [offset + stride * step for step in range(32)]


def test_segments_give_their_central_frames() -> None:
    assert segment_indices(8, 4).tolist() == [1, 3, 5, 7]
    assert segment_indices(9, 3).tolist() == [1, 4, 7]
    assert segment_indices(2, 4).tolist() == [0, 0, 1, 1]


def test_dense_windows_are_spread_from_start_to_end() -> None:
    # 20 frames, windows of 4 x 2 span 7: the only one is in the middle of the rest of 13
    assert dense_indices(20, 4, 2, clips=1).tolist() == [6, 8, 10, 12]
    windows = dense_indices(20, 4, 2, clips=3).reshape(3, 4)
    assert windows.tolist() == [[0, 2, 4, 6], [6, 8, 10, 12], [13, 15, 17, 19]]
    # A clip that is shorter than the window repeats its last frame
    assert dense_indices(5, 4, 2, clips=2).tolist() == [0, 2, 4, 4] * 2
    with pytest.raises(ValueError, match="stride = 0"):
        dense_indices(5, 4, 0, clips=1)


def test_models_take_their_frames_from_the_protocols_thirty_two() -> None:
    assert clip_indices(32, 16).tolist() == list(range(0, 32, 2))
    assert clip_indices(32, 32).tolist() == list(range(32))
    assert clip_indices(9, 32).tolist()[:5] == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(("num_frames", "wanted"), [(0, 4), (4, 0)])
def test_nothing_cannot_be_sampled(num_frames: int, wanted: int) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        clip_indices(num_frames, wanted)

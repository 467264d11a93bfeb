"""Frames that are lost, repeated or moved: which, how many, and what is shown instead."""

import numpy as np
import pytest

from corruptions import SEVERITIES, corrupt
from corruptions.registry import load
from corruptions.types import Clip, Level

FRAMES = 120


def levels(name: str) -> list[tuple[int, Level]]:
    return list(zip(SEVERITIES, load(name).levels["mini_kinetics"], strict=True))


def numbered() -> Clip:
    """Frame i has the value i + 1."""
    clip = np.empty((FRAMES, 2, 3, 3), np.uint8)
    clip[...] = np.arange(1, FRAMES + 1, dtype=np.uint8)[:, None, None, None]
    return clip


def shown(name: str, severity: int, key: str = "k") -> list[int]:
    """Number of the input frame that each output frame shows; -1 where it is black."""
    out = corrupt(numbered(), name, severity, key=key)
    assert (out == out[:, :1, :1, :1]).all()
    return [int(value) - 1 for value in out[:, 0, 0, 0]]


@pytest.mark.parametrize(("severity", "share"), levels("frame_drop"))
def test_frame_drop_blackens_exactly_its_share(severity: int, share: float) -> None:
    order = shown("frame_drop", severity)
    lost = [i for i, number in enumerate(order) if number == -1]
    assert len(lost) == int(share * FRAMES + 0.5)
    assert all(number in (i, -1) for i, number in enumerate(order))
    assert shown("frame_drop", severity, "other") != order


@pytest.mark.parametrize(("severity", "share"), levels("frame_repeat"))
def test_frame_repeat_shows_the_nearest_frame_that_is_left(severity: int, share: float) -> None:
    order = shown("frame_repeat", severity)
    kept = sorted(set(order))
    assert len(kept) == int((1 - share) * FRAMES + 0.5)
    for i, number in enumerate(order):
        assert number == min(kept, key=lambda one: (abs(one - i), one))


@pytest.mark.parametrize(("severity", "share"), levels("frame_shuffle"))
def test_frame_shuffle_moves_only_its_share(severity: int, share: float) -> None:
    order = shown("frame_shuffle", severity)
    assert sorted(order) == list(range(FRAMES))
    moved = sum(i != number for i, number in enumerate(order))
    chosen = int(share * FRAMES + 0.5)
    assert chosen - 6 <= moved <= chosen  # about one of them stays where it was


@pytest.mark.parametrize(("severity", "share"), levels("temporal_jitter"))
def test_temporal_jitter_divides_its_share_between_loss_and_disorder(
    severity: int, share: float
) -> None:
    black, moved = [], []
    for key in range(30):
        order = shown("temporal_jitter", severity, str(key))
        black.append(sum(number == -1 for number in order))
        moved.append(sum(number not in (i, -1) for i, number in enumerate(order)))
    most = share * FRAMES + 1
    assert np.add(black, moved).max() <= most
    assert np.mean(black) == pytest.approx(share * FRAMES / 2, rel=0.35)
    assert np.ptp(black) > 0.5 * share * FRAMES


@pytest.mark.parametrize("name", ["frame_drop", "frame_repeat", "frame_shuffle", "temporal_jitter"])
def test_shares_are_from_0_to_1(name: str) -> None:
    clip = numbered()
    for share in (-0.1, 1.1):
        with pytest.raises(ValueError, match=r"level .* must be in 0\.\.1"):
            corrupt(clip, name, None, level=share)
    assert (corrupt(clip, name, None, level=0) == clip).all()
    assert len(corrupt(clip, name, None, level=1)) == FRAMES


# Stalls


@pytest.mark.parametrize(("severity", "level"), levels("stall"))
def test_a_stall_freezes_for_its_share_and_jumps_to_the_present(
    severity: int, level: tuple[float, float]
) -> None:
    order = shown("stall", severity)
    waiting = [number != i for i, number in enumerate(order)]
    assert sum(waiting) == int(level[0] * FRAMES + 0.5)
    for i in range(FRAMES):
        assert order[i] == (order[i - 1] if waiting[i] else i)
    runs = waiting[0] + sum(b and not a for a, b in zip(waiting, waiting[1:], strict=False))
    planned = max(1, int(level[0] * FRAMES / (level[1] * 25) + 0.5))
    assert 1 <= runs <= planned


@pytest.mark.parametrize(("severity", "level"), levels("stall_catch_up"))
def test_a_player_that_catches_up_shows_every_other_frame_until_it_is_in_time(
    severity: int, level: tuple[float, float]
) -> None:
    order = shown("stall_catch_up", severity)
    steps = np.diff(order, prepend=0)
    late = np.arange(FRAMES) - np.array(order)
    assert (steps == 0).sum() == int(level[0] * FRAMES + 0.5) + 1  # and the first frame
    assert set(steps.tolist()) <= {0, 1, 2}
    assert (late >= 0).all()
    assert (steps[1:][late[:-1] > 0] != 1).sum() >= (late[:-1] > 1).sum() - 1


def test_both_stalls_stop_at_the_same_moments() -> None:
    jump, hurry = (
        np.diff(
            [int(frame[0, 0, 0]) for frame in corrupt(numbered(), name, None, level=(0.2, 1.0))]
        )
        for name in ("stall", "stall_catch_up")
    )
    assert (jump == 0).sum() == (hurry == 0).sum() == 24


@pytest.mark.parametrize("name", ["stall", "stall_catch_up"])
def test_impossible_stalls_are_refused(name: str) -> None:
    for level in ((1.0, 1.0), (0.2, 0.0)):
        with pytest.raises(ValueError, match="level"):
            corrupt(numbered(), name, None, level=level)
    assert (corrupt(numbered(), name, None, level=(0.0, 1.0)) == numbered()).all()

"""Rules choose the frames of a clip, the same ones every time."""

import numpy as np
import pytest

from corruptions.types import ClipRandom
from pipeline.datasets.frame_rules import (
    AllFrames,
    DenseFrames,
    FrameRule,
    SegmentFrames,
    TheseFrames,
    UniformFrames,
    rules_of,
)
from pipeline.errors import SettingsError
from pipeline.media.sampling import clip_indices


def chosen(rule: FrameRule, num_frames: int, key: str = "a") -> list[int]:
    bits = ClipRandom(0, "demo", key, "frames", "").clip()
    found: list[int] = rule.indices(num_frames, "ours", bits).tolist()
    return found


def test_rules_without_randomness() -> None:
    assert chosen(AllFrames(), 3) == [0, 1, 2]
    assert chosen(TheseFrames((4, 0, 4)), 5) == [4, 0, 4]
    assert chosen(UniformFrames(4), 10) == [0, 2, 5, 7]
    assert chosen(SegmentFrames(2), 8) == [2, 6]
    assert chosen(DenseFrames(3, stride=2), 9) == [2, 4, 6]
    assert chosen(DenseFrames(3, windows=2), 6) == [[0, 1, 2], [3, 4, 5]]
    assert chosen(DenseFrames(4), 2) == [0, 1, 1, 1]


def test_uniform_frames_of_the_protocol_are_those_of_the_evaluate_stage() -> None:
    whole = clip_indices(50, 32)
    assert chosen(UniformFrames(12, of=32), 50) == whole[clip_indices(32, 12)].tolist()
    assert chosen(UniformFrames(12, of=32), 50) != chosen(UniformFrames(12), 50)


def test_random_segments_have_one_frame_each() -> None:
    drawn = {tuple(chosen(SegmentFrames(4, random=True), 20, key)) for key in map(str, range(50))}
    assert len(drawn) > 30
    assert {tuple(np.array(one) // 5) for one in drawn} == {(0, 1, 2, 3)}
    assert {frame % 5 for one in drawn for frame in one} == {0, 1, 2, 3, 4}


def test_random_windows_are_consecutive_and_anywhere() -> None:
    keys = list(map(str, range(60)))
    drawn = [chosen(DenseFrames(3, stride=2, random=True), 8, key) for key in keys]
    assert {one[0] for one in drawn} == {0, 1, 2, 3}
    assert {(one[1] - one[0], one[2] - one[1]) for one in drawn} == {(2, 2)}


@pytest.mark.parametrize("rule", [SegmentFrames(4, random=True), DenseFrames(3, random=True)])
def test_short_clips_repeat_frames(rule: FrameRule) -> None:
    assert set(chosen(rule, 1)) == {0}


def test_what_describes_no_frames_is_refused() -> None:
    for frames, words in (
        ([], r"at least one, from 0 \(got \[\]\)"),
        ([0, -1], r"at least one, from 0 \(got \[0, -1\]\)"),
        ("all", "neither indices nor a rule"),
        ({}, "no view"),
    ):
        with pytest.raises(SettingsError, match=words):
            rules_of(frames, None)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="both given"):
        rules_of([0], 4)
    with pytest.raises(SettingsError, match=r"count must be at least 1 \(got 0\)"):
        UniformFrames(0)
    with pytest.raises(SettingsError, match=r"random is for one window \(got windows = 2\)"):
        DenseFrames(4, windows=2, random=True)
    with pytest.raises(SettingsError, match="index 5 of a clip with 5 frames"):
        chosen(TheseFrames((0, 5)), 5)

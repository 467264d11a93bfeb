"""Corruption of a window, of a share of the frames, and with a severity that changes."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from corruptions import SEVERITIES, corrupt, names
from corruptions.registry import load
from corruptions.timing import STEPS, Timing, corrupt_over_time, level_at
from corruptions.types import Clip, ClipRandom, Context
from tests.corruptions.reference_clip import flat_clip, picture_clip, shared

TIMED = [
    name
    for name in names()
    if load(name).acts_on == "pixels"
    and not hasattr(load(name).module, "output_frames")
    and name != "motion_blur_magick"  # slow
]


def over_time(
    name: str,
    severity: int,
    timing: Timing,
    clip: Clip,
    *,
    key: str = "k",
    frames: list[int] | None = None,
) -> Clip:
    random = ClipRandom(0, "mini_kinetics", key, name, str(severity))
    wanted = None if frames is None else np.array(frames, np.intp)
    context = Context(random, wanted, Fraction(25))
    return corrupt_over_time(load(name), clip, severity, "mini_kinetics", context, timing)


def changed(made: Clip, clip: Clip) -> list[int]:
    return np.flatnonzero((made != clip).any(axis=(1, 2, 3))).tolist()


@pytest.mark.parametrize("name", TIMED)
def test_a_constant_severity_in_all_frames_is_the_corruption(name: str) -> None:
    clip = shared(picture_clip, 8, 33, 34)
    assert (over_time(name, 3, Timing(), clip) == corrupt(clip, name, 3, key="k")).all()


@pytest.mark.parametrize("name", TIMED)
def test_every_severity_between_two_has_a_level(name: str) -> None:
    clip = shared(picture_clip, 8, 33, 34)
    made = over_time(name, 5, Timing(profile="ramp"), clip)
    some = over_time(name, 5, Timing(profile="ramp"), clip, frames=[7, 2, 2])
    assert made.shape == clip.shape
    assert (some == made[[7, 2, 2]]).all()
    assert (made[7] == corrupt(clip, name, 5, key="k")[7]).all()


@pytest.mark.parametrize(
    ("timing", "frames"),
    [
        (Timing(20, 50), range(10, 25)),
        (Timing(0.4, 1.0, "seconds"), range(10, 25)),
        (Timing(1.0, None, "seconds"), range(25, 50)),
        (Timing(99, 100), range(50, 50)),
        (Timing(0.41, 100, "seconds"), range(11, 50)),
        (Timing(5.0, 6.0, "seconds"), range(50, 50)),
    ],
)
def test_a_window_is_in_percent_or_seconds(timing: Timing, frames: range) -> None:
    clip = flat_clip(50, 4, 4, 100)
    assert changed(over_time("brightness", 2, timing, clip), clip) == list(frames)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.75])
def test_a_share_of_the_window_is_chosen_per_clip(share: float) -> None:
    clip = flat_clip(100, 4, 4, 100)
    timing = Timing(10, 90, share=share)
    found = changed(over_time("brightness", 2, timing, clip), clip)
    assert len(found) == max(1, int(80 * share + 0.5))
    assert set(found) <= set(range(10, 90))
    assert changed(over_time("brightness", 2, timing, clip), clip) == found
    assert changed(over_time("brightness", 2, timing, clip, key="other"), clip) != found


def test_every_frame_is_as_likely_as_any_other() -> None:
    clip = flat_clip(20, 2, 2, 100)
    counts = np.zeros(20)
    for key in range(300):
        made = over_time("brightness", 2, Timing(share=0.25), clip, key=str(key))
        counts[changed(made, clip)] += 1
    assert counts.sum() == 300 * 5
    assert ((counts - 75) ** 2 / 75).sum() < 44  # chi-squared, 19 degrees: 0.1 %


def severities(timing: Timing, frames: int = 50, severity: int = 4) -> np.ndarray:
    return timing.severities(frames, 25.0, severity, ClipRandom(0, "", "", "fog", "4"))


def test_profiles() -> None:
    assert (severities(Timing()) == 4).all()
    ramp = severities(Timing(profile="ramp"))
    assert np.abs(ramp - 4 * np.arange(1, 51) / 50).max() <= 0.5 / STEPS
    burst = severities(Timing(profile="burst"))
    assert (burst == burst[::-1]).all()
    assert burst.max() == pytest.approx(4, abs=0.1)
    assert burst[0] <= 0.1
    sine = severities(Timing(profile="sine", period=1.0))
    assert sine[0] == sine[25] == 0
    assert sine[12] == pytest.approx(4, abs=0.1)
    late = severities(Timing(1.0, None, "seconds", profile="sine", period=1.0))
    assert (late[:26] == 0).all()
    assert (late[25:] == sine[:25]).all()


def test_a_ramp_brightens_continuously() -> None:
    clip = flat_clip(50, 2, 2, 50)
    levels = over_time("brightness", 5, Timing(profile="ramp"), clip)[:, 0, 0, 0].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert np.diff(levels).max() <= 4  # 127.5 in 50 steps, in sixteenths of a severity
    assert levels[0] < 55
    assert levels[-1] == 178


def test_fog_stays_in_place_while_it_gets_thicker() -> None:
    clip = flat_clip(5, 64, 64, 0)
    clip[:, 0, 0] = 255
    made = over_time("fog", 2, Timing(profile="ramp"), clip)[..., 1].astype(float)
    for first, second in zip(made, made[1:], strict=False):
        assert np.corrcoef(first[1:].ravel(), second[1:].ravel())[0, 1] > 0.9
    assert (np.diff(made[:, 1:].mean(axis=(1, 2))) > 0).all()


def test_levels_between() -> None:
    levels = [(1, 2.0), (3, 4.0), (5, 6.0), (7, 8.0), (10, 12.0)]
    assert level_at(levels, 1.0) == (1, 2.0)
    assert level_at(levels, 5.0) == (10, 12.0)
    assert level_at(levels, 4.5) == (9, 10.0)
    assert level_at((0.1, 0.2, 0.3, 0.4, 0.5), 2.25) == pytest.approx(0.225)
    for severity in SEVERITIES:
        assert level_at(levels, float(severity)) == levels[severity - 1]
    with pytest.raises(ValueError, match=r"severity = 0\.5"):
        level_at(levels, 0.5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"unit": "frames"}, "unit = 'frames'"),
        ({"profile": "square"}, "profile = 'square' .*constant, ramp"),
        ({"start": -1}, "window -1"),
        ({"start": 50, "stop": 40}, "window 50 to 40"),
        ({"stop": 120}, "window .* 120 percent"),
        ({"share": 0}, "share = 0"),
        ({"period": 0}, "period = 0"),
    ],
)
def test_impossible_timings_are_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=f"timing: .*{words}"):
        Timing(**wrong)  # type: ignore[arg-type] - wrong on purpose


@pytest.mark.parametrize("name", ["h264_crf", "packet_loss", "frame_rate"])
def test_what_acts_on_a_whole_video_has_no_timing(name: str) -> None:
    with pytest.raises(ValueError, match=f"timing: '{name}' acts on a whole video"):
        over_time(name, 1, Timing(), flat_clip(2, 4, 4, 9))


def test_the_original_has_no_timing() -> None:
    context = Context(ClipRandom(0, "", "", "fog", "1"))
    with pytest.raises(ValueError, match="dialect 'original' has none"):
        corrupt_over_time(load("fog", "original"), flat_clip(2, 4, 4, 9), 1, "", context, Timing())


def test_a_timing_can_be_recorded_and_read_back() -> None:
    timing = Timing(1.5, 3.0, "seconds", 0.5, "sine", 0.7)
    assert Timing(**dataclasses.asdict(timing)) == timing


def test_corrupt_takes_a_timing() -> None:
    clip = shared(picture_clip, 20, 24, 25)
    timing = Timing(25, 75, profile="burst")
    found = corrupt(clip, "fog", 4, key="k", fps=25, timing=timing)
    assert (found == over_time("fog", 4, timing, clip)).all()
    some = corrupt(clip, "fog", 4, key="k", fps=25, timing=timing, frames=[9, 0])
    assert (some == found[[9, 0]]).all()
    with pytest.raises(ValueError, match="timing: needs a severity"):
        corrupt(clip, "fog", None, level=(1.0, 2.0), timing=timing)
    with pytest.raises(ValueError, match="timing: needs a severity"):
        corrupt(clip, "fog", 3, level=(1.0, 2.0), timing=timing)


def test_a_window_in_seconds_follows_the_times_of_a_variable_frame_rate() -> None:
    times = tuple(Fraction(number) for number in (0, 1, 2, 3, 4, 4.25, 4.5, 4.75, 5))
    timing = Timing(start=2, stop=4.5, unit="seconds")
    assert timing.window(8, 1.6, times) == range(2, 6)
    assert timing.window(8, 1.6) == range(4, 8)
    assert Timing(start=2, unit="seconds").window(8, 1.6, times) == range(2, 8)
    sine = Timing(start=2, unit="seconds", profile="sine", period=2)
    random = ClipRandom(0, "d", "k", "fog", "4")
    found = sine.severities(8, 1.6, 4, random, times)
    assert found.tolist() == [0, 0, 0, 4, 0, 0.5625, 2, 3.4375]

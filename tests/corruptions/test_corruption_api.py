"""corrupt(): refused arguments, random numbers derived from names, and the original's loader."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from corruptions import corrupt, corrupt_pixels, names
from corruptions.registry import load
from corruptions.types import Clip, ClipRandom, Context, Level
from tests.corruptions.reference_clip import picture_clip

CLIP = picture_clip(9, 24, 20)


@pytest.mark.parametrize("severity", [0, 6, -1, True, 2.5, 3.0, "3", None])
def test_refuses_what_is_no_severity(severity: object) -> None:
    with pytest.raises(ValueError, match=r"severity.*1\.\.5"):
        corrupt(CLIP, "fog", severity)


def test_refuses_unknown_names() -> None:
    with pytest.raises(ValueError, match="'fogg'.*there are.*fog"):
        corrupt(CLIP, "fogg", 1)
    with pytest.raises(ValueError, match="dialect"):
        corrupt(CLIP, "fog", 1, dialect="theirs")
    with pytest.raises(ValueError, match="paper12"):
        names("paper13")


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_refuses_other_dtypes(dtype: type[np.generic]) -> None:
    with pytest.raises(TypeError, match="uint8"):
        corrupt(CLIP.astype(dtype), "fog", 1)


def test_refuses_what_is_no_array() -> None:
    with pytest.raises(TypeError, match="list"):
        corrupt([CLIP], "fog", 1)


@pytest.mark.parametrize(
    "clip", [CLIP[0], CLIP[..., :2], CLIP[:0], CLIP[:, :0], CLIP.transpose(0, 3, 1, 2)]
)
def test_refuses_other_shapes(clip: Clip) -> None:
    with pytest.raises(ValueError, match="frames, height, width, 3"):
        corrupt(clip, "fog", 1)


def test_refuses_keys_that_are_no_text() -> None:
    with pytest.raises(TypeError, match="key = 7"):
        corrupt(CLIP, "fog", 1, key=7)


@pytest.mark.parametrize("frames", [[9], [-1], [0, 100]])
def test_refuses_frames_that_do_not_come_out(frames: list[int]) -> None:
    with pytest.raises(ValueError, match=r"0\.\.8"):
        corrupt(CLIP, "contrast", 1, frames=frames)


@pytest.mark.parametrize("frames", [[0.5], [[0]], [True]])
def test_refuses_frames_that_are_no_numbers(frames: list[object]) -> None:
    with pytest.raises(TypeError, match="frame numbers"):
        corrupt(CLIP, "contrast", 1, frames=frames)


def test_frames_count_what_comes_out() -> None:
    assert len(corrupt(CLIP, "frame_rate", 5, fps=27, frames=[1])) == 1
    with pytest.raises(ValueError, match=r"0\.\.1"):
        corrupt(CLIP, "frame_rate", 5, fps=27, frames=[2])


@pytest.mark.parametrize("fps", [0, -25, True, float("nan"), float("inf")])
def test_refuses_what_is_no_frame_rate(fps: float) -> None:
    with pytest.raises(ValueError, match="fps"):
        corrupt(CLIP, "frame_rate", 1, fps=fps)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("shot_noise", 0),
        ("shot_noise", 1e9),
        ("contrast", -0.1),
        ("brightness", 3),
        ("saturate", (-1, 0)),
        ("fog", (-1, 2)),
        ("rain", (0, 10, 0.8)),
        ("rain", (500, 10, 1.8)),
        ("motion_blur", 0),
        ("motion_blur", 2.5),
        ("frame_rate", 0),
    ],
)
def test_refuses_impossible_levels(name: str, level: Level) -> None:
    with pytest.raises(ValueError, match="level"):
        corrupt(CLIP, name, None, level=level)


@pytest.mark.parametrize("name", ["shot_noise", "fog", "rain"])
@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"key": "b"},
        {"dataset": "demo", "table": "mini_kinetics"},
        {"severity": 2},
        {"level": True},
    ],
)
def test_every_name_changes_the_random_numbers(name: str, other: dict[str, Any]) -> None:
    clip = picture_clip(2, 64, 64)
    corruption = load(name)
    base = {"seed": 0, "key": "a", "dataset": "mini_kinetics", "severity": 3}
    asked = base | other
    level = corruption.level(3, "mini_kinetics")
    if asked.pop("severity") == 2:
        random = ClipRandom(0, "mini_kinetics", "a", name, "2")
        changed = corrupt_pixels(corruption, clip, level, Context(random))
    elif asked.pop("level", False):
        changed = corrupt(clip, name, None, level=level, **asked)
    else:
        changed = corrupt(clip, name, 3, **asked)
    assert (changed != corrupt(clip, name, 3, seed=0, key="a")).any()


def test_same_as_the_pipelines_call() -> None:
    level = load("fog").level(2, "mini_ssv2")
    random = ClipRandom(7, "mini_ssv2", "clip", "fog", "2")
    context = Context(random, np.array([4, 1], np.intp), Fraction(12))
    expected = corrupt_pixels(load("fog"), CLIP, level, context)
    found = corrupt(CLIP, "fog", 2, seed=7, dataset="mini_ssv2", key="clip", frames=[4, 1], fps=12)
    assert (found == expected).all()


def test_severity_tables_by_data_set() -> None:
    """Mini SSV2 has its own."""
    assert load("motion_blur").level(1, "mini_ssv2") == 1
    assert load("motion_blur").level(1, "mini_kinetics") == 3
    ssv2 = corrupt(CLIP, "motion_blur", 1, dataset="mini_ssv2")
    assert (ssv2 == corrupt(CLIP, "motion_blur", None, level=1)).all()


def test_frame_rates_are_taken_as_they_are_meant() -> None:
    clip = picture_clip(300, 2, 2)
    ntsc = corrupt(clip, "frame_rate", 1, fps=Fraction(30000, 1001))
    assert (corrupt(clip, "frame_rate", 1, fps=30000 / 1001) == ntsc).all()
    odd = Fraction(100_003, 5_000)  # a container's own rate is taken to the last digit
    context = Context(ClipRandom(0, "mini_kinetics", "", "frame_rate", "1"), None, odd)
    expected = corrupt_pixels(load("frame_rate"), clip, 20, context)
    assert (corrupt(clip, "frame_rate", 1, fps=odd) == expected).all()


def jpeg(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    settings = [cv2.IMWRITE_JPEG_QUALITY, 80]
    code = cv2.imencode(".jpg", frame[..., ::-1], settings)[1]
    return cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1]


def test_original_loses_first_and_last_frame_cuts_and_stores_jpeg() -> None:
    clip = picture_clip(9, 48, 64)
    stored = corrupt(clip, "contrast", 2, dialect="original")
    values = clip[1:-1] / 255.0
    means = values.mean(axis=(1, 2), keepdims=True)
    cut = (np.clip((values - means) * 0.4 + means, 0, 1) * 255).astype(np.uint8)
    expected = np.stack([jpeg(frame) for frame in cut])
    difference = np.abs(stored.astype(int) - expected)
    assert len(stored) == 7
    assert difference.mean() < 0.02  # where 255 y is whole, floating point cuts either way


def test_original_removes_shot_noise_by_its_jpeg() -> None:
    """Published measurement: at severity 5, mean absolute difference 50.6 falls to 35.5."""
    clip = picture_clip(4, 224, 224)
    inner = clip[1:-1].astype(int)
    kept = np.abs(corrupt(clip, "shot_noise", 5)[1:-1] - inner).mean()
    left = np.abs(corrupt(clip, "shot_noise", 5, dialect="original") - inner).mean()
    assert 0.65 < left / kept < 0.8


def test_original_loses_short_clips() -> None:
    short = picture_clip(2, 24, 20)
    assert corrupt(short, "fog", 1, dialect="original").shape == (0, 24, 20, 3)
    assert corrupt(CLIP, "motion_blur", 2, dialect="original").shape == (0, 24, 20, 3)
    assert load("motion_blur", "original").output_frames(30, 5, Fraction(25)) == 18


def test_original_frame_rate_is_ours() -> None:
    """It never worked there; neither loader nor writer touched it."""
    ours = corrupt(CLIP, "frame_rate", 4)
    assert (corrupt(CLIP, "frame_rate", 4, dialect="original") == ours).all()


def test_original_rain_needs_room() -> None:
    with pytest.raises(ValueError, match="higher than its drops"):
        corrupt(CLIP, "rain", 2, dialect="original")
    assert len(corrupt(CLIP, "rain", 2)) == len(CLIP)


def test_encoders_are_no_pixel_corruptions() -> None:
    random = ClipRandom(0, "mini_kinetics", "", "h264_crf", "1")
    with pytest.raises(ValueError, match="acts on the encoder"):
        corrupt_pixels(load("h264_crf"), CLIP, 23, Context(random))


def test_a_dataset_without_a_table_of_its_own_must_name_one() -> None:
    """`ssv2` is not `mini_ssv2`: Kinetics' severities would be a silent mistake."""
    with pytest.raises(ValueError, match="table = None for dataset = 'ssv2': must be one of mini"):
        corrupt(CLIP, "motion_blur", 1, dataset="ssv2", key="k")
    with pytest.raises(
        ValueError, match="table = 'ssv2'.* must be one of mini_kinetics, mini_ssv2"
    ):
        corrupt(CLIP, "motion_blur", 1, table="ssv2", key="k")
    named = corrupt(CLIP, "motion_blur", 1, dataset="ssv2", table="mini_ssv2", key="k")
    assert (named == corrupt(CLIP, "motion_blur", 1, dataset="mini_ssv2", key="k")).all()
    same = corrupt(CLIP, "contrast", 1, dataset="ssv2", key="k")  # its tables do not differ
    assert (same == corrupt(CLIP, "contrast", 1, key="k")).all()


def test_a_corruption_knows_no_other_table() -> None:
    with pytest.raises(ValueError, match="table = 'ssv2' must be one of"):
        load("contrast").level(1, "ssv2")


def test_a_forgotten_key_is_warned_about_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            corrupt(CLIP, "shot_noise", 3)
    assert [str(one.message)[:22] for one in caught] == ["corrupt() without `key`"[:22]]


@pytest.mark.parametrize(("name", "key"), [("shot_noise", "clip"), ("contrast", None)])
def test_no_warning_with_a_key_or_without_random_numbers(name: str, key: str | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corrupt(CLIP, name, 3, key=key)


def all_frames(clip: Clip, level: float, context: Context) -> Clip:
    return clip.copy()


def floats(clip: Clip, level: float, context: Context) -> object:
    return clip[context.wanted(len(clip))] / 255


def cropped(clip: Clip, level: float, context: Context) -> Clip:
    return clip[context.wanted(len(clip)), 1:]


def nothing(clip: Clip, level: float, context: Context) -> None:
    return None


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (all_frames, r"got uint8 \(6, 24, 32, 3\)"),
        (floats, r"got float64 \(2, 24, 32, 3\)"),
        (cropped, r"got uint8 \(2, 23, 32, 3\)"),
        (nothing, "got NoneType"),
    ],
)
def test_what_a_new_corruption_returns_is_checked(function: Callable[..., Any], got: str) -> None:
    """Its file is named, and what it must return."""
    new = replace(load("contrast"), name="mine", function=function)
    context = Context(ClipRandom(0, "d", "k", "mine", "1"), np.array([4, 1]))
    clip = np.zeros((6, 24, 32, 3), np.uint8)
    with pytest.raises(ValueError, match=rf"mine must return uint8 \(2, 24, 32, 3\).*{got}"):
        corrupt_pixels(new, clip, 1.0, context)

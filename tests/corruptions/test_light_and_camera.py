"""Light, camera, sensor and occlusion: each corruption against its definition written plainly."""

import colorsys
from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from corruptions import SETS, SEVERITIES, corrupt
from corruptions.registry import load
from corruptions.types import Clip, Level
from tests.corruptions.reference_clip import flat_clip, noise_clip, picture_clip, shared

KEYS = [str(number) for number in range(40)]


def levels(name: str) -> list[tuple[int, Level]]:
    return list(zip(SEVERITIES, load(name).levels["mini_kinetics"], strict=True))


def test_sets_have_the_sizes_that_their_names_promise() -> None:
    assert len(SETS["noisyvideo36"]) == 36
    assert len(SETS["flow_fc"]) == 23  # 24 without the blur by measured lenses


# Light


def by_value(name: str, value: float, level: float) -> float:
    if name == "low_light":
        return max(0.0, value - level)
    return min(1.0, value * 2 ** (-level if name == "under_exposure" else level))


@pytest.mark.parametrize("name", ["low_light", "under_exposure", "over_exposure_ev"])
def test_light_changes_the_value_and_keeps_hue_and_saturation(name: str) -> None:
    clip = shared(noise_clip, 1, 20, 21)
    for severity, level in levels(name):
        pixels = []
        for pixel in clip.reshape(-1, 3):
            hue, saturation, value = colorsys.rgb_to_hsv(*(int(v) / 255 for v in pixel))
            pixels.append(colorsys.hsv_to_rgb(hue, saturation, by_value(name, value, level)))
        found = corrupt(clip, name, severity)
        assert np.abs(found - 255 * np.array(pixels).reshape(clip.shape)).max() <= 0.5 + 1e-6


def test_a_stop_is_a_factor_of_two() -> None:
    clip = flat_clip(1, 2, 2, 100)
    assert (corrupt(clip, "under_exposure", None, level=1) == 50).all()
    assert (corrupt(clip, "over_exposure_ev", None, level=1) == 200).all()


@pytest.mark.parametrize(("severity", "spread"), levels("color_shift"))
def test_color_shift_has_one_gain_per_channel_and_clip(severity: int, spread: float) -> None:
    clip = flat_clip(2, 4, 4, 100)
    gains = []
    for key in KEYS:
        out = corrupt(clip, "color_shift", severity, key=key)
        assert (out == out[0, 0, 0]).all()
        gains.append(out[0, 0, 0] / 100)
    assert np.abs(np.array(gains) - 1).max() <= spread + 0.005
    uniform = (np.array(gains).ravel() - 1) / spread / 2 + 0.5
    assert kstest(uniform, "uniform").pvalue > 1e-4


@pytest.mark.parametrize(("severity", "spread"), levels("flicker"))
def test_flicker_has_a_gain_per_frame(severity: int, spread: float) -> None:
    clip = flat_clip(400, 1, 1, 50)
    gains = corrupt(clip, "flicker", severity)[:, 0, 0, 0] / 50
    expected = np.maximum(0, 1 + spread * np.random.default_rng(0).normal(size=100_000))
    assert gains.mean() == pytest.approx(expected.mean(), abs=5 * spread / 20)
    assert gains.std() == pytest.approx(expected.std(), rel=0.2)
    assert abs(np.corrcoef(gains[1:], gains[:-1])[0, 1]) < 0.25


def test_shadow_keeps_its_share_of_the_light_off() -> None:
    clip = flat_clip(2, 112, 112, 200)
    for severity, depth in levels("shadow"):
        out = corrupt(clip, "shadow", severity)
        assert (out[0] == out[1]).all()
        assert out.min() == pytest.approx(200 * (1 - depth), abs=2)
        assert out[0, :3, :3].min() == 200 or out[0, -3:, -3:].min() == 200
        assert 0.15 < (out[0, ..., 0] < 200 - 100 * depth).mean() < 0.8


def test_glare_falls_off_with_the_square_of_the_distance() -> None:
    clip = flat_clip(1, 100, 160, 0)
    light = corrupt(clip, "glare", None, level=0.9, key="g")[0, ..., 0].astype(float)
    y, x = np.unravel_index(light.argmax(), light.shape)
    assert light.max() == pytest.approx(0.9 * 255, abs=2)
    spread = 160 / 5
    rows, columns = np.ogrid[:100, :160]
    squares = (rows - y) ** 2 + (columns - x) ** 2
    assert (
        np.abs(light - 255 * 0.9 / (1 + squares / spread**2)).max() < 12
    )  # its place is between pixels


# Sensor and storage


@pytest.mark.parametrize(("severity", "bits"), levels("banding"))
def test_banding_has_so_many_evenly_spaced_values(severity: int, bits: int) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8)[:, None], (1, 1, 1, 3)).reshape(1, 1, 256, 3)
    found = np.unique(corrupt(ramp, "banding", severity))
    steps = 2**bits - 1
    assert (found == np.floor(np.arange(2**bits) * 255 / steps + 0.5)).all()
    nearest = np.round(np.arange(256) * steps / 255) * 255 / steps
    assert np.abs(corrupt(ramp, "banding", severity)[0, 0, :, 0] - nearest).max() <= 0.5


def test_resolution_reduces_by_exact_means_over_areas() -> None:
    """Down to 3 x 4 and back, against weights that are fractions of pixels."""
    frame = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    down, across = _shares(7, 3), _shares(9, 4)
    means = np.einsum("iy,jx,yxc->ijc", down, across, frame.astype(object))
    small = np.array(
        [[[int(v + Fraction(1, 2)) for v in p] for p in row] for row in means], np.uint8
    )
    large = cv2.resize(small, (9, 7), interpolation=cv2.INTER_LINEAR_EXACT)
    assert np.array_equal(corrupt(frame[None], "resolution", None, level=0.42)[0], large)


def _shares(side: int, parts: int) -> NDArray[np.object_]:
    """Share of each pixel in the mean over each part of a side."""
    width = Fraction(side, parts)
    return np.array(
        [
            [max(0, min((i + 1) * width, y + 1) - max(i * width, y)) / width for y in range(side)]
            for i in range(parts)
        ],
        object,
    )


@pytest.mark.parametrize(("severity", "share"), levels("resolution"))
def test_resolution_keeps_the_mean_and_loses_what_is_fine(severity: int, share: float) -> None:
    clip = shared(noise_clip, 1, 120, 160)
    soft = corrupt(clip, "resolution", severity)[0].astype(float)
    assert soft.mean() == pytest.approx(clip.mean(), abs=1)
    averaged = 255 / 12**0.5 * share * 2 / 3  # of areas, then of bilinear weights
    assert soft.std() == pytest.approx(averaged, rel=0.2)


@pytest.mark.parametrize(("severity", "stretch"), levels("aspect_stretch"))
def test_aspect_stretch_makes_a_circle_an_ellipse(severity: int, stretch: float) -> None:
    clip = flat_clip(1, 120, 120, 0)
    cv2.circle(clip[0], (60, 60), 20, (255, 255, 255), -1)
    directions = set()
    for key in KEYS[:8]:
        bright = corrupt(clip, "aspect_stretch", severity, key=key)[0, ..., 0] > 127
        sides = np.array([bright.any(axis=axis).sum() for axis in (1, 0)]) / 41
        assert sides.max() == pytest.approx(stretch, abs=0.08)
        assert sides.min() == pytest.approx(1, abs=0.03)
        directions.add(int(sides.argmax()))
    assert directions == {0, 1}


@pytest.mark.parametrize(("severity", "share"), levels("line_dropout"))
def test_line_dropout_loses_its_share_of_the_rows_in_up_to_ten_runs(
    severity: int, share: float
) -> None:
    clip = flat_clip(200, 100, 3, 9)
    lost = corrupt(clip, "line_dropout", severity)[:, :, 0, 0] == 0
    assert (lost.sum(axis=1) == int(100 * share)).all()
    runs = lost[:, 0] + (np.diff(lost.astype(int), axis=1) == 1).sum(axis=1)
    assert runs.min() >= 1
    assert runs.max() <= 10
    assert len(set(runs.tolist())) > 3
    assert (lost[:-1] != lost[1:]).any(axis=1).mean() > 0.9  # new in every frame
    assert lost[:, :50].mean() == pytest.approx(share, rel=0.25)
    assert lost[:, 50:].mean() == pytest.approx(share, rel=0.25)


def test_jagged_edges_tear_edges_only() -> None:
    clip = flat_clip(2, 60, 60, 40)
    clip[:, :, 30:] = 200
    for severity in SEVERITIES:
        torn = (corrupt(clip, "jagged_edges", severity) != clip).any(axis=3)
        assert not torn[:, :, :24].any()
        assert not torn[:, :, 36:].any()
        assert torn[:, :, 29:31].mean() > 0.45
    none = flat_clip(1, 20, 20, 77)
    assert (corrupt(none, "jagged_edges", 5) == none).all()


# Camera


@pytest.mark.parametrize(("severity", "delay"), levels("rolling_shutter"))
def test_rolling_shutter_reads_lower_rows_later(severity: int, delay: int) -> None:
    clip = np.zeros((30, 44, 2, 3), np.uint8)
    clip[...] = np.arange(30, dtype=np.uint8)[:, None, None, None]
    late = (delay + 1) * np.arange(44) // 44 - delay
    expected = np.maximum(0, np.arange(30)[:, None] + late)
    assert (corrupt(clip, "rolling_shutter", severity)[:, :, 0, 0] == expected).all()
    assert expected[20, -1] == 20
    assert expected[20, 0] == 20 - delay


@pytest.mark.parametrize(("severity", "side"), levels("frame_accumulation"))
def test_frame_accumulation_is_the_mean_around_every_frame(severity: int, side: int) -> None:
    clip = shared(noise_clip, 40, 6, 5)
    means = [clip[max(0, i - side) : i + side + 1].mean(axis=0) for i in range(40)]
    found = corrupt(clip, "frame_accumulation", severity)
    assert np.abs(found - np.array(means)).max() <= 0.5


def places(clip: Clip) -> NDArray[np.float64]:
    """Centre of the bright pixels, per frame: x, y."""
    grey = clip[..., 0].astype(float)
    rows, columns = np.ogrid[: clip.shape[1], : clip.shape[2]]
    total = grey.sum(axis=(1, 2))
    return (
        np.stack([(grey * columns).sum((1, 2)), (grey * rows).sum((1, 2))], axis=1) / total[:, None]
    )


@pytest.mark.parametrize(("severity", "level"), levels("camera_shake"))
def test_camera_shake_moves_smoothly_and_no_farther_than_it_may(
    severity: int, level: tuple[float, float, float]
) -> None:
    clip = flat_clip(75, 128, 128, 0)
    for frame in clip:
        cv2.circle(frame, (64, 64), 12, (255, 255, 255), -1)
    path = places(corrupt(clip, "camera_shake", severity, fps=25)) - 64
    reach = level[0] * 128
    assert np.abs(path).max() <= reach + 0.6
    assert np.ptp(path, axis=0).min() > 0.3 * reach
    speed = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert speed.max() < 2.2 * reach * 4 * 1.5 / 25 + 0.1  # 3/2 of the mean speed between points
    slow = places(corrupt(clip, "camera_shake", severity, fps=100)) - 64
    assert np.linalg.norm(np.diff(slow, axis=0), axis=1).mean() < 0.5 * speed.mean()


def test_camera_shake_without_motion_is_the_clip() -> None:
    clip = shared(picture_clip, 3, 30, 41)
    assert (corrupt(clip, "camera_shake", None, level=(0, 0, 0)) == clip).all()


def test_camera_shake_zooms_and_turns() -> None:
    clip = flat_clip(60, 101, 101, 0)
    for frame in clip:
        cv2.rectangle(frame, (20, 45), (80, 55), (255, 255, 255), -1)
    near = corrupt(clip, "camera_shake", None, level=(0, 0, 0.2))[..., 0] > 127
    areas = near.mean(axis=(1, 2)) / (clip[0, ..., 0] > 127).mean()
    assert areas.max() <= 1.2**2 + 0.05
    assert areas.min() >= 0.8**2 - 0.05
    assert np.ptp(areas) > 0.2
    turned = corrupt(clip, "camera_shake", None, level=(0, 10, 0))[..., 0]
    angles = [cv2.fitEllipse(np.argwhere(one > 127).astype(np.float32))[2] for one in turned]
    assert np.ptp(np.unwrap(angles, period=180)) > 5


# Occlusion


@pytest.mark.parametrize(("severity", "area"), levels("random_block"))
def test_random_block_covers_its_area_somewhere_else_every_time(severity: int, area: float) -> None:
    clip = flat_clip(60, 90, 120, 200)
    hidden = corrupt(clip, "random_block", severity)[..., 0] == 0
    shares = hidden.mean(axis=(1, 2))
    assert shares.mean() == pytest.approx(area, rel=0.1)
    assert shares.max() <= area * 1.1
    for one in hidden[:10]:
        rows, columns = one.any(axis=1), one.any(axis=0)
        assert one.sum() == rows.sum() * columns.sum()  # a rectangle
    assert (hidden[:-1] != hidden[1:]).any(axis=(1, 2)).all()


@pytest.mark.parametrize(("severity", "area"), levels("moving_block"))
def test_moving_block_crosses_the_frame_steadily(severity: int, area: float) -> None:
    clip = flat_clip(100, 100, 100, 200)
    hidden = corrupt(clip, "moving_block", severity, fps=25)[..., 0] == 0
    assert np.allclose(hidden.mean(axis=(1, 2)), area, rtol=0.08)
    tops = hidden.any(axis=2).argmax(axis=1)
    assert tops.min() <= 1
    assert tops.max() >= 99 - hidden[0].any(axis=1).sum()
    assert np.abs(np.diff(tops)).max() <= np.ceil(100 / 50)


@pytest.mark.parametrize(("severity", "share"), levels("block_mask"))
def test_block_mask_hides_the_same_cells_in_all_frames(severity: int, share: float) -> None:
    clip = flat_clip(2, 140, 280, 200)
    hidden = corrupt(clip, "block_mask", severity)[..., 0] == 0
    assert (hidden[0] == hidden[1]).all()
    assert hidden.mean() == pytest.approx(share, abs=0.005)
    cells = hidden[0].reshape(14, 10, 28, 10)
    assert (cells.all(axis=(1, 3)) == cells.any(axis=(1, 3))).all()


@pytest.mark.parametrize(("severity", "share"), levels("reflection"))
def test_reflection_blends_a_mirror_image(severity: int, share: float) -> None:
    clip = flat_clip(1, 60, 60, 0)
    clip[:, :, :30] = 200
    found = corrupt(clip, "reflection", severity)[0, 30, :, 0]
    assert found[5] == pytest.approx(200 * (1 - share), abs=1)
    assert found[-5] == pytest.approx(200 * share, abs=1)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("low_light", 1.1),
        ("under_exposure", -1),
        ("over_exposure_ev", 9),
        ("color_shift", 1.5),
        ("flicker", -0.1),
        ("shadow", 2),
        ("glare", 11),
        ("banding", 0),
        ("banding", 2.5),
        ("resolution", 0),
        ("aspect_stretch", 0.9),
        ("line_dropout", 0),
        ("random_block", 0),
        ("moving_block", 1.2),
        ("block_mask", -0.2),
        ("reflection", 1.2),
        ("jagged_edges", (0.5, 0.5)),
        ("rolling_shutter", 0),
        ("camera_shake", (0.1, 200, 0)),
        ("frame_accumulation", 1.5),
    ],
)
def test_impossible_levels_are_refused(name: str, level: Level) -> None:
    with pytest.raises(ValueError, match="level"):
        corrupt(shared(picture_clip, 3, 16, 16), name, None, level=level)

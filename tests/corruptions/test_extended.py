"""The sets beyond the paper, each against its definition written plainly."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import convolve, zoom
from scipy.stats import norm

from corruptions import SETS, SEVERITIES, corrupt, names
from corruptions.registry import load
from corruptions.types import Clip, ClipRandom, Level, random_uniforms
from tests.corruptions.reference_clip import flat_clip, noise_clip, picture_clip

SIDE = 224


def levels(name: str) -> list[tuple[int, Level]]:
    return list(zip(SEVERITIES, load(name).levels["mini_kinetics"], strict=True))


def numbered(num_frames: int) -> Clip:
    clip = np.zeros((num_frames, 2, 3, 3), np.uint8)
    clip[...] = np.arange(num_frames, dtype=np.uint8)[:, None, None, None]
    return clip


def shown(clip: Clip) -> list[int]:
    return clip[:, 0, 0, 0].tolist()


def test_sets_name_corruptions_that_are_there() -> None:
    for name, members in SETS.items():
        assert set(members) <= set(names())
        assert len(set(members)) == len(members) == len(names(name))
    assert len(SETS["tta12"]) == 12


@pytest.mark.parametrize("name", [*SETS["ucf101p"], *SETS["tad"], "jpeg"])
def test_the_original_benchmark_has_none_of_these(name: str) -> None:
    with pytest.raises(ValueError, match="use dialect 'ours'"):
        corrupt(numbered(3), name, 1, dialect="original")


# Order of frames


@pytest.mark.parametrize(("severity", "rate"), levels("sampling"))
def test_sampling_and_reverse(severity: int, rate: int) -> None:
    clip = numbered(50)
    assert shown(corrupt(clip, "sampling", severity)) == [i // rate * rate for i in range(50)]
    backwards = [i // rate * rate for i in reversed(range(50))]
    assert shown(corrupt(clip, "reverse", severity)) == backwards


@pytest.mark.parametrize(("severity", "length"), levels("jumble"))
def test_jumble_keeps_frames_in_their_segment(severity: int, length: int) -> None:
    order = shown(corrupt(numbered(101), "jumble", severity, key="k"))
    assert sorted(order) == list(range(101))
    assert [i // length for i in order] == [i // length for i in range(101)]
    assert order != list(range(101))


@pytest.mark.parametrize(("severity", "length"), levels("box_jumble"))
def test_box_jumble_keeps_segments_whole(severity: int, length: int) -> None:
    order = np.array(shown(corrupt(numbered(101), "box_jumble", severity, key="k")))
    assert sorted(order) == list(range(101))
    steps = np.diff(order)
    inside = order[1:] % length != 0
    assert (steps[inside] == 1).all()
    assert (steps != 1).sum() <= -(-101 // length) - 1


def test_orders_are_uniform() -> None:
    """Every order of 4 frames about as often, over many clips."""
    clip = numbered(4)
    found = [tuple(shown(corrupt(clip, "jumble", 1, key=str(key)))) for key in range(1200)]
    counts = np.array([found.count(order) for order in set(found)])
    assert len(counts) == 24
    assert ((counts - 50) ** 2 / 50).sum() < 50  # chi-squared, 23 degrees: 0.1 %


@pytest.mark.parametrize(("severity", "chance"), levels("freeze"))
def test_freeze(severity: int, chance: float) -> None:
    runs = [shown(corrupt(numbered(250), "freeze", severity, key=str(key))) for key in range(8)]
    for run in runs:
        assert run[0] == 0
        assert all(run[i] in (i, run[i - 1]) for i in range(1, len(run)))
    stalled = np.mean([np.diff(run) == 0 for run in runs])
    assert stalled == pytest.approx(chance, abs=5 * (chance * (1 - chance) / 1992) ** 0.5)


# Camera


@pytest.mark.parametrize(("severity", "degrees"), levels("rotation_static"))
def test_rotation_static(severity: int, degrees: float) -> None:
    clip = cv2.GaussianBlur(picture_clip(1, 64, 81)[0], (0, 0), 2)[None]
    found = corrupt(clip, "rotation_static", severity)[0].astype(float)
    expected = Image.fromarray(clip[0]).rotate(degrees, Image.Resampling.BILINEAR)
    difference = np.abs(found - np.array(expected))
    assert np.median(difference) <= 1
    assert (difference > 3).mean() < 0.03  # the edge of the black corners


def test_rotation_dynamic_turns_each_frame_by_whole_degrees() -> None:
    clip = np.repeat(picture_clip(1, 48, 48), 60, axis=0)
    found = corrupt(clip, "rotation_dynamic", 1)
    by_hand = {
        degrees: corrupt(clip[:1], "rotation_static", None, level=degrees)[0]
        for degrees in range(-7, 8)
    }
    used = [
        next(degrees for degrees, frame in by_hand.items() if (frame == out).all()) for out in found
    ]
    assert len(set(used)) > 10
    assert abs(np.mean(used)) < 3


@pytest.mark.parametrize(("severity", "span"), levels("translation"))
def test_translation(severity: int, span: int) -> None:
    clip = np.repeat(noise_clip(1, SIDE, SIDE), 40, axis=0)
    most = int(span * SIDE / 256 / 2 + 0.5)
    places = []
    around = np.pad(clip[0], ((most, most), (most, most), (0, 0)), "reflect")
    for frame in corrupt(clip, "translation", severity):
        match = cv2.matchTemplate(around[..., 0], frame[..., 0], cv2.TM_SQDIFF)
        y, x = np.unravel_index(match.argmin(), match.shape)
        assert (around[y : y + SIDE, x : x + SIDE] == frame).all()
        places.append((y - most, x - most))
    assert np.abs(places).max() <= most
    assert len(set(places)) > 20


# Localised in time


@pytest.mark.parametrize("name", SETS["tad"])
def test_only_a_run_in_the_middle_is_touched(name: str) -> None:
    clip = picture_clip(200, 40, 60)
    for (_, share), count in zip(levels(name), (2, 6, 10, 15, 20), strict=True):
        changed = (corrupt(clip, name, None, level=share) != clip).any(axis=(1, 2, 3))
        places = np.flatnonzero(changed)
        assert len(places) == count
        assert places[-1] - places[0] == count - 1
        assert abs(places.mean() - 99.5) < 1
    short = picture_clip(5, 40, 60)
    assert (corrupt(short, name, 1) != short).any(axis=(1, 2, 3)).tolist() == [0, 0, 1, 0, 0]


def test_black_and_bright() -> None:
    clip = noise_clip(3, 5, 6)
    assert corrupt(clip, "black_frames", 1)[1].max() == 0
    bright = np.minimum(clip[1].astype(int) + 100, 255)
    assert (corrupt(clip, "over_exposure", 1)[1] == bright).all()


def test_the_hand_covers_the_lower_left() -> None:
    out = corrupt(flat_clip(1, SIDE, SIDE, 0), "occlusion", 1)[0] > 0
    covered = out.any(axis=2)
    assert 0.2 < covered.mean() < 0.5
    assert covered[-60:, 20:100].mean() > 0.7
    assert covered[:80, -40:].mean() == 0


def test_local_packet_loss_shows_other_frames() -> None:
    clip = numbered(101)
    clip = np.broadcast_to(clip[:, :1, :1], (101, 128, 170, 3)).copy()
    garbled = corrupt(clip, "local_packet_loss", 1)[50, ..., 0]
    assert set(np.unique(garbled)) == {20, 50, 80}  # itself and a second either way
    assert 0.3 < (garbled != 50).mean() < 0.95


def test_local_motion_blur_is_image_magicks() -> None:
    """Within 2 levels, 0.6 on average: the library rounds its weights otherwise."""
    image = pytest.importorskip("wand.image", exc_type=ImportError)
    clip = picture_clip(1, 96, 128)
    random = ClipRandom(0, "mini_kinetics", "", "local_motion_blur", "1")
    angle = 45 * (2 * random_uniforms(random.frame(0), 1)[0] - 1)
    with image.Image.from_array(clip[0]) as picture:
        picture.motion_blur(radius=20, sigma=15, angle=angle)
        expected = np.array(picture)[..., :3].astype(int)
    difference = np.abs(corrupt(clip, "local_motion_blur", 1)[0] - expected)
    assert difference.max() <= 2
    assert difference.mean() < 0.6


# Noise


@pytest.mark.parametrize(("severity", "sigma"), levels("gaussian_noise"))
def test_gaussian_noise(severity: int, sigma: float) -> None:
    clip = flat_clip(4, SIDE, SIDE, 128)
    noisy = corrupt(clip, "gaussian_noise", severity)
    edges = np.arange(-0.5, 256.5)
    expected = np.diff(norm.cdf((edges - 128) / (255 * sigma)))
    expected[0] += norm.cdf((edges[0] - 128) / (255 * sigma))
    expected[-1] += norm.sf((edges[-1] - 128) / (255 * sigma))
    found = np.bincount(noisy.ravel(), minlength=256) / noisy.size
    assert 0.5 * np.abs(found - expected).sum() < 0.012
    mean = expected @ np.arange(256)
    variance = expected @ (np.arange(256) - mean) ** 2
    assert noisy.mean() == pytest.approx(mean, abs=5 * (variance / noisy.size) ** 0.5)
    assert noisy.var() == pytest.approx(variance, rel=0.02)
    correlated = np.corrcoef(noisy[0].ravel().astype(float), noisy[1].ravel().astype(float))
    assert abs(correlated[0, 1]) < 5 / noisy[0].size ** 0.5


def test_no_gaussian_quantile_sits_on_a_rounding_boundary() -> None:
    """The last bit of a library's normal quantile must not decide a level."""
    quantiles = norm.ppf((np.arange(65536) + 0.5) / 65536)
    for _, sigma in levels("gaussian_noise"):
        fraction = (255 * sigma * quantiles) % 1
        assert np.abs(fraction - 0.5).min() > 1e-9


@pytest.mark.parametrize(
    ("name", "black", "white"),
    [("pepper_noise", 1, 0), ("salt_noise", 0, 1), ("impulse_noise", 0.5, 0.5)],
)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_replaced_values(name: str, black: float, white: float, severity: int) -> None:
    clip = flat_clip(2, SIDE, SIDE, 99)
    noisy = corrupt(clip, name, severity)
    amount = load(name).level(severity, "mini_kinetics")
    slack = 5 * (amount / noisy.size) ** 0.5
    assert (noisy == 0).mean() == pytest.approx(amount * black, abs=slack)
    assert (noisy == 255).mean() == pytest.approx(amount * white, abs=slack)
    assert (noisy == 99).mean() == pytest.approx(1 - amount, abs=slack)
    hit = noisy != 99
    assert (hit[0] & hit[1]).mean() == pytest.approx(amount**2, abs=0.01)  # frames independent
    assert (hit[..., 0] & hit[..., 1]).mean() == pytest.approx(amount**2, abs=0.01)  # channels


# Blur and storage


@pytest.mark.parametrize(("severity", "level"), levels("zoom_blur"))
def test_zoom_blur(severity: int, level: tuple[int, float]) -> None:
    clip = picture_clip(1, 90, 117)
    ends = (1.11, 1.16, 1.21, 1.26, 1.31)
    published = np.arange(1, ends[severity - 1], level[1])
    factors = 1 + np.arange(level[0]) * level[1]
    assert np.allclose(factors, published)
    total = clip[0].astype(float)
    for factor in factors:
        total += zoomed(clip[0], round(factor, 9))
    expected = total / (len(factors) + 1)
    found = corrupt(clip, "zoom_blur", severity)[0]
    assert np.abs(found - expected).max() <= 1.2  # every zoom is whole
    assert np.abs(found - expected).mean() < 0.35


def zoomed(frame: NDArray[np.uint8], factor: float) -> NDArray[np.float64]:
    height, width = frame.shape[:2]
    rows, columns = int(np.ceil(height / factor)), int(np.ceil(width / factor))
    top, left = (height - rows) // 2, (width - columns) // 2
    part = frame[top : top + rows, left : left + columns].astype(float)
    for axis, size in ((0, height), (1, width)):
        count = part.shape[axis]
        places = np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, count - 1)
        low = np.floor(places).astype(int)
        share = (places - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        high = np.minimum(low + 1, count - 1)
        part = part.take(low, axis) * (1 - share) + part.take(high, axis) * share
    return part


def test_zoom_blur_is_near_the_published_way() -> None:
    """Theirs, scipy's zoom, lays its samples on corners: a fraction of a pixel elsewhere."""
    frame = cv2.GaussianBlur(picture_clip(1, 96, 96)[0], (0, 0), 2)
    total, factors = frame / 255, np.arange(1, 1.31, 0.03)
    for factor in factors:
        side = int(np.ceil(96 / factor))
        start = (96 - side) // 2
        part = frame[start : start + side, start : start + side] / 255
        large = zoom(part, (factor, factor, 1), order=1)
        trim = (len(large) - 96) // 2
        total = total + large[trim : trim + 96, trim : trim + 96]
    found = corrupt(frame[None], "zoom_blur", 5)[0]
    assert np.abs(found - total / (len(factors) + 1) * 255).mean() < 2


@pytest.mark.parametrize(("severity", "level"), levels("defocus_blur"))
def test_defocus_blur(severity: int, level: tuple[int, float]) -> None:
    radius, sigma = level
    line = np.arange(-12, 13)  # with room around the disk
    disk = np.float64(np.add.outer(line**2, line**2) <= radius**2)
    disk /= disk.sum()
    kernel = cv2.GaussianBlur(disk, (3, 3) if radius <= 8 else (5, 5), sigma)
    for clip in (picture_clip(1, 64, 75), noise_clip(1, 50, 41)):
        expected = convolve(clip[0] / 255, kernel[..., None], mode="mirror") * 255
        found = corrupt(clip, "defocus_blur", severity)[0]
        assert np.abs(found - expected).max() <= 1.01  # the bell curve's result is whole
        assert np.abs(found - expected).mean() < 0.35


@pytest.mark.parametrize(("severity", "quality"), levels("jpeg"))
def test_jpeg_is_that_of_other_libraries(severity: int, quality: int) -> None:
    clip = picture_clip(1, 64, 80)
    file = io.BytesIO()
    Image.fromarray(clip[0]).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    expected = np.array(Image.open(file)).astype(int)
    assert np.abs(corrupt(clip, "jpeg", severity)[0] - expected).mean() < 0.05


def test_motion_blur_magick_is_the_library() -> None:
    image = pytest.importorskip("wand.image", exc_type=ImportError)
    clip = picture_clip(2, 40, 50)
    random = ClipRandom(0, "mini_kinetics", "", "motion_blur_magick", "4")
    angle = 45 * (2 * random_uniforms(random.frame(1), 1)[0] - 1)
    with image.Image.from_array(clip[1]) as picture:
        picture.motion_blur(radius=15, sigma=12, angle=angle)
        expected = np.array(picture)[..., :3]
    assert (corrupt(clip, "motion_blur_magick", 4)[1] == expected).all()


def test_without_image_magick_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "wand.image", None)
    with pytest.raises(ImportError, match="apt-get install"):
        corrupt(numbered(1), "motion_blur_magick", 1)

"""The image benchmark's corruptions against its published functions, by pixels or statistics."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from corruptions import SETS, SEVERITIES, corrupt
from corruptions.registry import load
from corruptions.spatial import frost, glass_blur
from corruptions.types import Clip, ClipRandom, random_bytes
from tests.corruptions.published import NAMES, published
from tests.corruptions.reference_clip import flat_clip, noise_clip, picture_clip, shared

CLIPS = 12  # keys over which random ones are averaged


def frame(height: int = 96, width: int = 128) -> NDArray[np.uint8]:
    """A picture with soft and sharp parts."""
    return shared(picture_clip, 1, height, width)[0]


def statistics(values: NDArray[np.float64], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean, deviation, mean change and roughness, in levels of 255."""
    grey = values.mean(axis=2)
    return np.array(
        [
            values.mean(),
            values.std(),
            np.abs(values - clean).mean(),
            cv2.Laplacian(grey, cv2.CV_64F).std(),
        ]
    )


def both(name: str, severity: int, clean: NDArray[np.uint8]) -> tuple[NDArray[np.float64], ...]:
    """Statistics of ours and of the published function, averaged over clips."""
    np.random.seed(severity)  # noqa: NPY002 - the package draws from the global generator
    ours, theirs = [], []
    for key in range(CLIPS):
        mine = corrupt(clean[None], name, severity, key=str(key))[0]
        ours.append(statistics(mine.astype(np.float64), clean))
        theirs.append(statistics(np.clip(published(name, clean, severity), 0, 255), clean))
    return np.mean(ours, axis=0), np.mean(theirs, axis=0)


def test_sets_are_those_of_the_image_benchmark() -> None:
    assert len(SETS["imagenet_c15"]) == 15
    assert len(SETS["imagenet_c19"]) == 19
    assert set(SETS["imagenet_c19"]) == set(NAMES)
    assert SETS["kinetics50_c"] == SETS["imagenet_c15"]


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize(("name", "most"), [("gaussian_blur", 2.0), ("pixelate", 1.5)])
def test_what_is_not_random_is_the_published_frame(name: str, most: float, severity: int) -> None:
    """Weights of 1/256, or a mean rounded once and not twice: a level or two.

    Of sizes at which no pixel is on the border of two blocks: the package averages such a pixel
    into the first one and shows it in the second.
    """
    for clean in (frame(), shared(noise_clip, 1, 76, 64)[0]):
        difference = corrupt(clean[None], name, severity)[0] - published(name, clean, severity)
        assert np.abs(difference).max() <= most
        assert np.abs(difference).mean() < 0.6


TOLERANCES = {  # levels: mean, deviation, mean change, roughness
    "speckle_noise": (0.5, 0.5, 0.3, 1.5),
    "linear_motion_blur": (1.5, 1.5, 2.0, 4.0),
    "snow": (4.0, 2.0, 4.0, 3.0),
    "spatter": (1.5, 1.0, 1.5, 2.0),
    "elastic_transform": (1.0, 0.5, 0.7, 1.5),
    "frost": (16.0, 6.0, 16.0, 8.0),  # four looks, twelve draws of one
}


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", TOLERANCES)
def test_what_is_random_has_the_published_statistics(name: str, severity: int) -> None:
    ours, theirs = both(name, severity, frame())
    assert (np.abs(ours - theirs) <= TOLERANCES[name]).all(), (ours, theirs)


@pytest.mark.parametrize(("severity", "other"), [(1, 2), (3, 4), (5, 3)])
def test_glass_blur_has_the_published_statistics(severity: int, other: int) -> None:
    """One small frame: the package takes a second for a large one."""
    clean = frame(48, 64)
    np.random.seed(0)  # noqa: NPY002 - the package draws from the global generator
    mine = corrupt(clean[None], "glass_blur", severity)[0].astype(np.float64)
    wrong = corrupt(clean[None], "glass_blur", other)[0].astype(np.float64)
    theirs = statistics(published("glass_blur", clean, severity), clean)
    near = np.abs(statistics(mine, clean) - theirs)
    assert (near <= (1.7, 0.9, 1.0, 2.5)).all(), near  # the package cuts, which darkens by 0.5
    assert near[2] < np.abs(statistics(wrong, clean) - theirs)[2]


def test_the_statistics_tell_severities_apart() -> None:
    """Else the tests above would promise little."""
    for name in TOLERANCES.keys() - {"frost"}:
        ours = [both(name, severity, frame())[0] for severity in (1, 3, 5)]
        for one, other in zip(ours, ours[1:], strict=False):
            assert (np.abs(one - other) > TOLERANCES[name]).any(), name


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("value", [20, 128, 240])
def test_speckle_noise_on_one_value_has_the_published_histogram(value: int, severity: int) -> None:
    clip = flat_clip(1, 224, 224, value)
    np.random.seed(value)  # noqa: NPY002 - the package draws from the global generator
    theirs = np.floor(published("speckle_noise", clip[0], severity) + 0.5).astype(int)
    found, expected = (
        np.bincount(values.ravel(), minlength=256) / values.size
        for values in (corrupt(clip, "speckle_noise", severity), theirs)
    )
    assert 0.5 * np.abs(found - expected).sum() < 0.025  # two samples of 150,000 values
    assert 0.5 * np.abs(np.cumsum(found - expected)).max() < 0.006


def copied(clean: Clip, shift: int, times: int, bits: np.random.Philox) -> Clip:
    """The loop of the published glass blur, with our random numbers."""
    pixels = clean.copy()
    height, width = clean.shape[:2]
    rows, columns = height - 2 * shift, width - 2 * shift
    for _ in range(times):
        draws = random_bytes(bits, 4 * max(0, rows) * max(0, columns)).view("<u2")
        steps = (draws.reshape(2, max(0, rows), max(0, columns)).astype(int) * 2 * shift) >> 16
        for y in range(height - shift, shift, -1):
            for x in range(width - shift, shift, -1):
                dy, dx = steps[:, y - shift - 1, x - shift - 1] - shift
                pixels[y, x] = pixels[y + dy, x + dx]
    return pixels


@pytest.mark.parametrize("shift", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(23, 31), (9, 10), (8, 40)])
def test_chains_of_glass_blur_are_the_loop_over_pixels(size: tuple[int, int], shift: int) -> None:
    clean = noise_clip(1, *size)[0]
    random = ClipRandom(0, "mini_kinetics", "k", "glass_blur", "3")
    sources = glass_blur._sources(*size, shift, 3, random.clip())
    found = clean.reshape(-1, 3)[sources]
    assert (found == copied(clean, shift, 3, random.clip())).all()


@pytest.mark.parametrize("name", ["glass_blur", "elastic_transform", "frost", "spatter"])
def test_what_is_on_the_lens_stays_in_place(name: str) -> None:
    clip = np.repeat(shared(picture_clip, 1, 64, 64), 3, axis=0)
    for severity in (2, 5):
        out = corrupt(clip, name, severity)
        assert (out == out[:1]).all()
        assert (corrupt(clip, name, severity, key="other") != out).any()


def test_snow_has_new_flakes_in_every_frame_and_one_direction() -> None:
    clip = flat_clip(3, 128, 128, 60)
    flakes = corrupt(clip, "snow", 3)[..., 0]
    assert np.corrcoef(flakes[0].ravel(), flakes[1].ravel())[0, 1] < 0.2
    angles = [direction(one) for one in flakes]
    assert np.ptp(angles) < 10
    others = [direction(corrupt(clip, "snow", 3, key=str(key))[0, ..., 0]) for key in range(8)]
    assert np.ptp(others) > 30


def direction(grey: NDArray[np.uint8]) -> float:
    """Angle of streaks in degrees, 0 to 180, by the structure tensor."""
    x, y = (cv2.Sobel(grey, cv2.CV_64F, *order) for order in ((1, 0), (0, 1)))
    across = 0.5 * np.arctan2(2 * (x * y).sum(), (x * x).sum() - (y * y).sum())
    return float(np.degrees(across) % 180 + 90) % 180


@pytest.mark.parametrize("key", range(6))
def test_frost_has_the_colours_of_a_photograph(key: int) -> None:
    ice = frost._frost(224, 224, ClipRandom(0, "x", str(key), "frost", "1").clip())
    means, deviations = ice.mean(axis=(0, 1)), ice.std(axis=(0, 1))
    distances = [
        np.abs(means - mean).max() + np.abs(deviations - deviation).max()
        for mean, deviation in frost.LOOKS
    ]
    assert min(distances) < 6


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("speckle_noise", -0.1),
        ("gaussian_blur", 0),
        ("linear_motion_blur", (10.5, 3)),
        ("glass_blur", (0.7, 0, 2)),
        ("glass_blur", (0.7, 1, 0)),
        ("pixelate", 0),
        ("pixelate", 1.1),
        ("frost", (1.2, 0.4)),
        ("snow", (0.1, 0.3, 0.5, 0.5, 10, 4, 0.8)),
        ("spatter", (0.65, 0.3, 4, 0.69, 0.6, 2)),
        ("elastic_transform", -1),
    ],
)
def test_impossible_levels_are_refused(name: str, level: object) -> None:
    assert load(name)
    with pytest.raises(ValueError, match="level|sigma"):
        corrupt(shared(picture_clip, 1, 16, 16), name, None, level=level)

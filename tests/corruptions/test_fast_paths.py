"""Fast paths give the bytes of the formulas that are written out here, not only near values."""

import numpy as np
import pytest

from corruptions.registry import load
from corruptions.spatial.fog import Veil
from corruptions.types import Dialect
from tests.corruptions.reference_clip import flat_clip, noise_clip, picture_clip
from tests.corruptions.test_pixel_formulas import BOTH, bare, levels


@BOTH
def test_contrast_is_the_exact_table_even_where_a_sum_is_near_a_half(dialect: Dialect) -> None:
    """The fast path is in single precision, and gives way to the table where that may differ."""
    rng = np.random.default_rng(7)
    frames = rng.integers(0, 256, (200, 4, 5, 3)) // rng.integers(1, 64, (200, 1, 1, 1))
    clip = np.concatenate([frames.astype(np.uint8), *(flat_clip(1, 4, 5, v) for v in range(256))])
    offset = 0.5 if dialect == "ours" else 0.0
    for severity, kept in levels("contrast"):
        means = clip.sum(axis=(1, 2), dtype=np.int64) / 20
        values = np.arange(256.0)[:, None] * kept + ((1 - kept) * means)[:, None]
        tables = np.floor(values + offset).astype(np.uint8)
        expected = np.stack(
            [
                np.take_along_axis(table, frame.reshape(-1, 3), 0)
                for table, frame in zip(tables, clip, strict=True)
            ]
        )
        found = bare(clip, "contrast", severity, dialect)
        assert np.array_equal(found, expected.reshape(clip.shape))


@BOTH
def test_weaker_saturation_is_the_float32_formula_for_every_pair_of_values(
    dialect: Dialect,
) -> None:
    largest, value = np.tril_indices(256)
    clip = np.stack([largest, value, largest], axis=1).astype(np.uint8)[None, :, None]
    for severity in (1, 2):
        kept = np.float32(load("saturate").level(severity, "mini_kinetics")[0])
        top = largest.astype(np.float32) + np.float32(0.5 if dialect == "ours" else 0.0)
        expected = (top - kept * (largest - value).astype(np.float32)).astype(np.uint8)
        assert np.array_equal(bare(clip, "saturate", severity, dialect)[0, :, 0, 1], expected)


@BOTH
@pytest.mark.parametrize("severity", [3, 4, 5])
def test_stronger_saturation_is_the_float32_formula(severity: int, dialect: Dialect) -> None:
    a, b = load("saturate").level(severity, "mini_kinetics")
    colours = noise_clip(1, 256, 256)[0].reshape(-1, 3)
    colours[::16] = colours[::16, :1]  # grey
    largest, smallest = colours.max(1).astype(np.float64), colours.min(1).astype(np.float64)
    saturation = (largest - smallest) / np.maximum(largest, 1)
    mapped = np.minimum(a * saturation + b, 1)
    grey = saturation == 0
    ratio = np.where(grey, 0, mapped / np.where(grey, 1, saturation)).astype(np.float32)
    loss = np.where(grey, largest * mapped, 0).astype(np.float32)
    top = largest.astype(np.float32) + np.float32(0.5 if dialect == "ours" else 0.0)
    lost = ratio[:, None] * (largest[:, None] - colours).astype(np.float32)
    lost[:, 1:] += loss[:, None]
    expected = (top[:, None] - lost).astype(np.uint8)
    found = bare(colours.reshape(1, 256, 256, 3), "saturate", severity, dialect)
    assert np.array_equal(found.reshape(-1, 3), expected)


@BOTH
@pytest.mark.parametrize("brightest", [255, 254, 90, 1, 0])
def test_fog_is_the_whole_number_formula_for_every_value_and_veil(
    brightest: int, dialect: Dialect
) -> None:
    """The fast path is in single precision, with whole multiples of 2^-17."""
    offset = 0.5 if dialect == "ours" else 0.0
    plasma = np.broadcast_to(np.linspace(0, 1, 2048), (brightest + 1, 2048))
    values = np.broadcast_to(np.arange(brightest + 1), (2048, 3, brightest + 1)).T
    frame = np.ascontiguousarray(values.transpose(0, 2, 1), np.uint8)
    for thickness in (0.0, 0.01, 1.5, 2.0, 2.5, 3.0, 1000.0):
        share = brightest / (brightest + 255 * thickness) if brightest else 0.0
        veil = ((255 * thickness * share * plasma[0] + offset) * 256).astype(np.int64)
        scaled = np.arange(brightest + 1)[:, None] * round(65536 * share)
        expected = (scaled + 256 * veil) >> 16
        found = np.empty_like(frame)
        Veil(thickness, plasma, brightest, offset).over(frame, found)
        assert np.array_equal(found, np.repeat(expected[..., None], 3, axis=2))


@pytest.mark.parametrize("value", [200, 255])
def test_fog_depends_on_the_largest_value_in_whichever_frame(value: int) -> None:
    dark = picture_clip(30, 8, 9) // 2
    made = []
    for place in (0, 7, 8, 29):
        clip = dark.copy()
        clip[place, 0, 0, 0] = value
        made.append(bare(clip, "fog", 3)[15])
    assert all(np.array_equal(one, made[0]) for one in made)
    assert not np.array_equal(made[0], bare(dark, "fog", 3)[15])

"""Input specification: values, axes and types of a model's input."""

from typing import Any

import pytest
import torch

from pipeline.errors import SettingsError
from pipeline.models import InputSpec, prepare

PLAIN: dict[str, Any] = {"frames": 2, "size": 3, "mean": (0.1, 0.2, 0.3), "std": (0.5, 0.25, 1.0)}


def batch(spec: InputSpec, clips: int = 2) -> torch.Tensor:
    shape = (clips, spec.frames, spec.size, spec.size, 3)
    return torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def test_values_are_normalised_per_channel() -> None:
    spec = InputSpec(**PLAIN)
    pixels = batch(spec)
    values = prepare(pixels, spec, torch.float32)
    assert values.shape == (2, 3, 2, 3, 3)
    for channel in range(3):
        wanted = (pixels[..., channel] / 255 - spec.mean[channel]) / spec.std[channel]
        assert torch.allclose(values[:, channel], wanted, atol=1e-5)


def test_i3d_sees_minus_one_to_one() -> None:
    spec = InputSpec(frames=1, size=2, mean=(0.5,) * 3, std=(0.5,) * 3)
    values = prepare(
        torch.tensor([0, 255]).to(torch.uint8).expand(1, 1, 2, 2)[..., None].expand(1, 1, 2, 2, 3),
        spec,
        torch.float32,
    )
    assert values.min() == -1
    assert values.max() == 1


def test_layout_channels_and_range() -> None:
    spec = InputSpec(
        frames=2,
        size=3,
        mean=(1.0, 2.0, 3.0),
        std=(1.0, 1.0, 1.0),
        layout="NTCHW",
        channels="BGR",
        value_range="0..255",
    )
    pixels = batch(spec)
    values = prepare(pixels, spec, torch.float32)
    assert values.shape == (2, 2, 3, 3, 3)
    assert torch.allclose(values[:, :, 0], pixels[..., 2] - 1.0)
    assert torch.allclose(values[:, :, 2], pixels[..., 0] - 3.0)


def test_channels_come_last_in_memory_and_bf16_is_rounded_once() -> None:
    spec = InputSpec(**PLAIN)
    values = prepare(batch(spec), spec, torch.float32)
    assert values.is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.equal(prepare(batch(spec), spec, torch.bfloat16), values.to(torch.bfloat16))


@pytest.mark.parametrize("shape", [(1, 3, 3, 3, 3), (1, 2, 4, 4, 3), (1, 3, 2, 3, 3), (2, 3, 3, 3)])
def test_wrong_shape_names_model_and_setting(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        SettingsError, match=r"model 'x' takes clips of .*input\.frames and input\.size"
    ):
        prepare(
            torch.zeros(shape, dtype=torch.uint8), InputSpec(**PLAIN), torch.float32, "model 'x'"
        )


def test_floats_are_not_taken_for_pixels() -> None:
    with pytest.raises(SettingsError, match="as uint8"):
        prepare(torch.zeros((1, 2, 3, 3, 3)), InputSpec(**PLAIN), torch.float32)


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": 0},
        {"size": 2.5},
        {"layout": "NHWC"},
        {"channels": "GBR"},
        {"value_range": "0..2"},
        {"std": (1.0, 0.0, 1.0)},
        {"mean": (0.5,)},
    ],
)
def test_wrong_settings_name_key_and_value(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"input.{next(iter(wrong))}"):
        InputSpec(**{**PLAIN, **wrong})

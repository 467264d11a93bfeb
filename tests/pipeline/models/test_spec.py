import subprocess
import sys

import pytest
import torch

from pipeline.errors import SettingsError
from pipeline.media.sampling import take_frames
from pipeline.models import InputSpec, prepare, registry

PLAIN = {"frames": 2, "size": 3, "mean": (0.1, 0.2, 0.3), "std": (0.5, 0.25, 1.0)}


def batch(spec, clips=2):
    shape = (clips, spec.frames, spec.size, spec.size, 3)
    return torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def test_values_are_normalised_per_channel():
    spec = InputSpec(**PLAIN)
    pixels = batch(spec)
    values = prepare(pixels, spec, torch.float32)
    assert values.shape == (2, 3, 2, 3, 3)
    for channel in range(3):
        wanted = (pixels[..., channel] / 255 - spec.mean[channel]) / spec.std[channel]
        assert torch.allclose(values[:, channel], wanted, atol=1e-5)


def test_i3d_sees_minus_one_to_one():
    spec = InputSpec(frames=1, size=2, mean=(0.5,) * 3, std=(0.5,) * 3)
    values = prepare(
        torch.tensor([0, 255]).to(torch.uint8).expand(1, 1, 2, 2)[..., None].expand(1, 1, 2, 2, 3),
        spec,
        torch.float32,
    )
    assert values.min() == -1
    assert values.max() == 1


def test_layout_channels_and_range():
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


def test_channels_come_last_in_memory_and_bf16_is_rounded_once():
    spec = InputSpec(**PLAIN)
    values = prepare(batch(spec), spec, torch.float32)
    assert values.is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.equal(prepare(batch(spec), spec, torch.bfloat16), values.to(torch.bfloat16))


@pytest.mark.parametrize("shape", [(1, 3, 3, 3, 3), (1, 2, 4, 4, 3), (1, 3, 2, 3, 3), (2, 3, 3, 3)])
def test_wrong_shape_names_model_and_setting(shape):
    with pytest.raises(
        SettingsError, match=r"model 'x' takes clips of .*input\.frames and input\.size"
    ):
        prepare(
            torch.zeros(shape, dtype=torch.uint8), InputSpec(**PLAIN), torch.float32, "model 'x'"
        )


def test_floats_are_not_taken_for_pixels():
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
def test_wrong_settings_name_key_and_value(wrong):
    with pytest.raises(ValueError, match=f"input.{next(iter(wrong))}"):
        InputSpec(**{**PLAIN, **wrong})


def test_fewer_frames_are_taken_from_the_protocols_thirty_two():
    assert take_frames(32, 16) == list(range(0, 32, 2))
    assert take_frames(32, 32) == list(range(32))
    assert take_frames(9, 32)[:5] == [0, 0, 0, 0, 1]
    with pytest.raises(ValueError, match="at least 1"):
        take_frames(0, 4)


def test_the_folder_is_the_registry():
    assert registry.names() == tuple(
        sorted(
            (
                "i3d",
                "resnet3d_18",
                "resnet3d_50",
                "slowfast_8x4",
                "tam_resnet50",
                "timesformer",
                "tiny_frame2d",
                "tiny_r2plus1d",
                "x3d_m",
            )
        )
    )
    for name in registry.names():
        entry = registry.load(name)
        assert entry.source
        assert entry.files[0].name == f"{name}.py"
        with torch.device("meta"):
            assert f"{entry.head}.weight" in entry.build(5).state_dict()
    with pytest.raises(ValueError, match="unknown model 'resnet'"):
        registry.load("resnet")


def test_importing_and_listing_does_not_import_torch():
    code = "import sys, pipeline.models as m; m.names(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_files_of_a_model_are_its_own_and_what_they_import():
    files = {file.name for file in registry.load("resnet3d_50").files}
    assert {"resnet3d_50.py", "_resnet3d.py", "_initial.py", "spec.py"} <= files
    assert not {"i3d.py", "resnet3d_18.py"} & files

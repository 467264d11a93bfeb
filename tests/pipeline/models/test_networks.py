"""The networks are what their papers and published weights say, to the last parameter."""

from typing import Any

import pytest
import torch

from pipeline.models import catalog, registry
from pipeline.models.spec import channels_last
from pipeline.models.zoo import slowfast_8x4, tam_resnet50
from pipeline.models.zoo.i3d import MaxPoolSame, pad_same
from tests.pipeline.models.published import (
    listed_names,
    pytorch_i3d_names,
    randomised,
    resnet_names,
    weights,
)

CASES = [
    # name, options, frames, size, parameters at 400, 200, 87 classes (None: not published), GMAC
    ("resnet3d_50", {}, 32, 224, (47_018_576, 46_608_776, 46_377_239), 79.69),
    ("resnet3d_50", {}, 16, 112, (47_018_576, None, None), 10.07),
    ("resnet3d_50", {"stem": "inflated"}, 32, 224, (None, 46_571_144, None), 117.84),
    ("resnet3d_18", {}, 32, 224, (33_409_104, 33_306_504, 33_248_535), 65.72),
    ("resnet3d_18", {"stem": "inflated"}, 32, 224, (None, 33_268_872, None), 89.89),
    ("i3d_resnet50", {}, 32, 224, (None, 46_571_144, None), 117.84),
    ("i3d_resnet50", {"temporal_stride": False}, 32, 224, (None, 46_571_144, None), 256.72),
    ("i3d_resnet18", {}, 32, 224, (None, 33_268_872, None), 89.89),
    ("i3d_resnet18", {"temporal_stride": False}, 32, 224, (None, 33_268_872, None), 172.87),
    ("i3d_v2", {}, 32, 224, (None, 12_492_264, None), 85.65),
    ("i3d_v2", {"temporal_stride": False}, 32, 224, (None, 12_492_264, None), 135.23),
    ("i3d", {}, 32, 224, (12_697_264, 12_492_264, 12_376_439), 55.58),
    ("i3d", {}, 64, 224, (12_697_264, None, None), 111.15),
    ("slowfast_8x4", {}, 32, 224, (34_566_488, 34_105_488, 33_845_023), 50.31),
    ("slowfast_8x4", {}, 32, 256, (34_566_488, None, None), 65.71),
    ("x3d_m", {}, 16, 224, (3_794_274, 3_384_474, 3_152_937), 4.73),
    ("x3d_m", {}, 32, 224, (3_794_274, None, None), 9.46),
    ("tam_resnet50", {}, 32, 224, (24_366_992, 23_957_192, 23_725_655), 56.55),
    ("tam_resnet50", {}, 8, 224, (24_366_992, None, None), 14.14),
    ("tam_resnet50", {"temporal_stride": False}, 32, 224, (None, 23_957_192, None), 130.80),
    ("timesformer", {}, 8, 224, (121_566_352, 121_412_552, 121_325_655), 195.8),
    ("timesformer", {}, 16, 224, (None, 121_418_696, 121_331_799), 392.1),
    ("timesformer", {}, 32, 224, (None, 121_430_984, 121_344_087), 785.9),
]


@pytest.mark.parametrize(
    ("name", "options", "frames", "size", "params", "gmac"),
    CASES,
    ids=[
        f"{name}-{frames}x{size}{''.join(map(str, options.values()))}"
        for name, options, frames, size, *_ in CASES
    ],
)
def test_parameters_and_multiply_adds(
    name: str,
    options: dict[str, Any],
    frames: int,
    size: int,
    params: tuple[int | None, ...],
    gmac: float,
) -> None:
    entry = registry.load(name)
    for num_classes, published in zip((400, 200, 87), params, strict=True):
        if published is not None:
            counted, macs = catalog.count(entry, num_classes, frames, size, **options)
            assert counted == published
            assert macs / 1e9 == pytest.approx(gmac, rel=0.01)


def small_input(entry: registry.ModelEntry, clips: int = 1) -> torch.Tensor:
    """A batch of the layout that the model takes, at a size that is quick on one core."""
    frames = entry.input.frames if entry.name != "timesformer" else 8
    middle = (3, frames) if entry.input.layout == "NCTHW" else (frames, 3)
    return torch.randn((clips, *middle, 32, 32), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", [name for name in registry.names() if name != "timesformer"])
def test_clips_of_a_batch_do_not_touch_each_other(name: str) -> None:
    entry = registry.load(name)
    network = randomised(entry.build(7))
    clips = small_input(entry, clips=2)
    with torch.inference_mode():
        together = network(clips)
        alone = torch.cat([network(clip[None]) for clip in clips])
    assert together.shape == (2, 7)
    assert torch.allclose(together, alone, rtol=1e-3, atol=1e-4 * float(together.abs().max()))
    assert not torch.allclose(together[0], together[1], rtol=1e-3)


@pytest.mark.parametrize("name", [name for name in registry.names() if name != "timesformer"])
def test_every_parameter_is_trained(name: str) -> None:
    entry = registry.load(name)
    network = entry.build(5).train()
    network(small_input(entry, clips=2)).square().sum().backward()
    idle = [key for key, value in network.named_parameters() if value.grad is None]
    assert idle == []


SAME_LAYERS = {"i3d_v2", "i3d_resnet50"}
"""Networks of the layers of `i3d` and `i3d_resnet18`, in another arrangement."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(registry.names()) - {"timesformer", *SAME_LAYERS}))
def test_runs_in_bf16_with_channels_last(name: str) -> None:
    entry = registry.load(name)
    network = randomised(entry.build(7))
    clips = small_input(entry)
    with torch.inference_mode():
        exact = network(clips)
        with torch.autocast("cpu", torch.bfloat16):
            quick = channels_last(network)(clips.contiguous(memory_format=torch.channels_last_3d))
    assert torch.allclose(quick.float(), exact, atol=0.1 * float(exact.abs().max()))


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("resnet3d_50", resnet_names((3, 4, 6, 3), convolutions=3)),
        ("resnet3d_18", resnet_names((2, 2, 2, 2), convolutions=2)),
        ("tam_resnet50", resnet_names((3, 4, 6, 3), convolutions=3, tam=True)),
        ("i3d", pytorch_i3d_names()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_keys_are_the_published_ones(name: str, published: Any) -> None:
    with torch.device("meta"):
        assert set(weights(registry.load(name).build(400))) == set(published)


@pytest.mark.parametrize("name", ["slowfast_8x4", "x3d_m"])
def test_shapes_are_those_of_pytorchvideo_in_the_same_order(name: str) -> None:
    with torch.device("meta"):
        ours = weights(registry.load(name).build(400))
    theirs = [size for _, size in listed_names(f"{name}_pytorchvideo.txt")]
    assert [tuple(value.shape) for value in ours.values()] == theirs


def test_slow_pathway_takes_the_frames_that_its_authors_take() -> None:
    assert slowfast_8x4.slow_frames(32) == [0, 4, 8, 13, 17, 22, 26, 31]
    assert slowfast_8x4.slow_frames(32) == torch.linspace(0, 31, 8).long().tolist()


def test_temporal_aggregation_is_its_formula() -> None:
    module = tam_resnet50.TemporalAggregation(2)
    for blend, value in zip(
        (module.prev_se, module.curr_se, module.next_se), (2, 3, 5), strict=True
    ):
        torch.nn.init.constant_(blend.fc1.weight, value)
    frames = torch.tensor([1.0, 10.0, -100.0])[:, None, None, None].expand(3, 2, 4, 4)
    with torch.inference_mode():
        out = module(frames, num_frames=3)
    # 3 * 1 + 5 * 10; 2 * 1 + 3 * 10 - 5 * 100 is cut at 0; so is 2 * 10 - 3 * 100
    assert out[:, 0, 0, 0].tolist() == [53.0, 0.0, 0.0]


def test_time_is_halved_by_the_maximum_of_three_frames() -> None:
    frames = torch.tensor([5.0, 1.0, 2.0, 7.0])[:, None, None, None].expand(4, 2, 3, 3)
    assert tam_resnet50.halve_time(frames, 4)[:, 0, 0, 0].tolist() == [5.0, 7.0]


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "before", "after"),
    [(224, 7, 2, 2, 3), (56, 3, 2, 0, 1), (28, 3, 1, 1, 1), (7, 2, 2, 0, 1), (32, 1, 1, 0, 0)],
)
def test_same_padding_is_that_of_tensorflow(
    length: int, kernel: int, stride: int, before: int, after: int
) -> None:
    row = torch.ones((1, 1, 1, 1, length))
    padded = pad_same(row, (1, 1, kernel), (1, 1, stride))
    assert padded.shape[-1] == before + length + after
    assert (padded[..., before : before + length] == 1).all()
    pooled = MaxPoolSame((1, 1, kernel), (1, 1, stride))(row)
    assert pooled.shape[-1] == -(-length // stride)


def test_single_frames_cannot_tell_the_order_and_the_network_that_sees_time_can() -> None:
    clips = small_input(registry.load("tiny_frame2d"))
    backwards = clips.flip(2)
    with torch.inference_mode():
        blind = randomised(registry.load("tiny_frame2d").build(12))
        seeing = randomised(registry.load("tiny_r2plus1d").build(12))
        assert torch.allclose(blind(clips), blind(backwards), atol=1e-5)
        assert not torch.allclose(seeing(clips), seeing(backwards), atol=1e-3)


def test_unknown_stem_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        registry.load("resnet3d_18").build(5, stem="2d")

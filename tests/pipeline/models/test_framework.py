"""Checkpoints of the benchmark's framework give its logits, and their `arch` is obeyed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.errors import SettingsError
from pipeline.models import load_model, registry
from pipeline.models.framework import read_arch
from tests.pipeline.models import framework_networks as theirs
from tests.pipeline.models.published import listed_names, randomised, weights

Logits = Callable[[torch.Tensor, theirs.State], torch.Tensor]

PREFIX, SUFFIX = "mini_kinetics400-rgb-", "-f16-cosine-bs32-e50-v1"
VARIANTS: list[tuple[str, str, Logits]] = [
    # model, network in `arch`, the framework's definition
    ("i3d_resnet18", "i3d-resnet-18-ts-max", lambda x, s: theirs.i3d_resnet(x, s, (2,) * 4, True)),
    ("i3d_resnet18", "i3d-resnet-18", lambda x, s: theirs.i3d_resnet(x, s, (2,) * 4, False)),
    (
        "i3d_resnet50",
        "i3d-resnet-50-ts-max",
        lambda x, s: theirs.i3d_resnet(x, s, (3, 4, 6, 3), True),
    ),
    ("i3d_v2", "i3d_v2-ts-max", lambda x, s: theirs.i3d_v2(x, s, True, "max")),
    ("i3d_v2", "i3d_v2-ts-avg", lambda x, s: theirs.i3d_v2(x, s, True, "avg")),
    ("i3d_v2", "i3d_v2", lambda x, s: theirs.i3d_v2(x, s, False, "max")),
    (
        "tam_resnet50",
        "TAM-b3-sum-resnet-50-ts-max",
        lambda x, s: theirs.tam_resnet50(x, s, True, "max", "sum"),
    ),
    (
        "tam_resnet50",
        "TAM-b3-sum-resnet-50-ts-avg",
        lambda x, s: theirs.tam_resnet50(x, s, True, "avg", "sum"),
    ),
    (
        "tam_resnet50",
        "TAM-b3-max-resnet-50-ts-max",
        lambda x, s: theirs.tam_resnet50(x, s, True, "max", "max"),
    ),
    (
        "tam_resnet50",
        "TAM-b3-sum-resnet-50",
        lambda x, s: theirs.tam_resnet50(x, s, False, "max", "sum"),
    ),
]


def published(name: str) -> theirs.State:
    """Random tensors under the names of the framework, which are ours for these networks."""
    return weights(randomised(registry.load(name).build(7)))


def save(state: theirs.State, arch: str, path: Path) -> Path:
    """A training state as the framework writes it, from DataParallel."""
    wrapped = {f"module.{key}": value for key, value in state.items()}
    best = torch.tensor(73.0)
    training = {"epoch": 50, "arch": arch, "state_dict": wrapped, "best_top1": best}
    torch.save(training | {"optimizer": {}, "scheduler": {}}, path)
    return path


def clip(frames: int = 16, size: int = 64) -> torch.Tensor:
    random = torch.Generator().manual_seed(5)
    return torch.randn((1, 3, frames, size, size), generator=random)


@pytest.mark.parametrize(
    ("name", "network", "definition"), VARIANTS, ids=[network for _, network, _ in VARIANTS]
)
def test_logits_are_those_of_the_framework(
    name: str, network: str, definition: Logits, tmp_path: Path
) -> None:
    state = published(name)
    path = save(state, PREFIX + network + SUFFIX, tmp_path / "model_best.pth.tar")
    loaded = load_model(name, num_classes=7, weights=path)
    assert loaded.input.frames == 16
    with torch.inference_mode():
        wanted, found = definition(clip(), state), loaded.module(clip())
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-5 * float(wanted.abs().max()))


@pytest.mark.parametrize("name", ["slowfast_8x4", "x3d_m"])
def test_slowfast_and_x3d_of_the_framework_load(name: str, tmp_path: Path) -> None:
    network = randomised(registry.load(name).build(7))
    names = [key for key, _ in listed_names(f"{name}_pytorchvideo.txt")]
    state = dict(zip(names, weights(network).values(), strict=True))
    text = f"{PREFIX}{name.split('_')[0]}-f32-cosine-bs32-e50-v1"
    loaded = load_model(name, num_classes=7, weights=save(state, text, tmp_path / "best.pth.tar"))
    assert loaded.input.frames == 32
    with torch.inference_mode():
        assert torch.equal(loaded.module(clip(32, 32)), network(clip(32, 32)))


def test_the_text_of_the_benchmark_is_read() -> None:
    text = "mini_kinetics400-rgb-i3d-resnet-50-ts-max-f32-cosine-bs32-e50-v1"
    arch = read_arch(text)
    assert arch is not None
    assert (arch.network, arch.frames) == ("i3d_resnet50", 32)
    assert arch.options == {"temporal_stride": True}
    assert read_arch("resnet-50") is None
    known = {"slowfast_8x4": "slowfast_8x4", "SlowFast-50": "slowfast_8x4", "x3d_m": "x3d_m"}
    for network, name in known.items():
        found = read_arch(f"mini_kinetics400-rgb-{network}-f32-cosine-bs32-e50-v1")
        assert found is not None and (found.network, found.frames) == (name, 32)
    for unknown in (
        *("i3d-resnet-34-ts", "s3d-resnet-50", "TAM-b5-sum-resnet-50", "resnet-50-ts"),
        *("slowfast_4x16", "slowfast-101", "x3d_s", "i3d-resnet-50-ts-nl"),
    ):
        with pytest.raises(SettingsError, match="is not in the zoo"):
            read_arch(f"ssv2-rgb-{unknown}-f16-cosine-bs72-e75")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"options": {"temporal_stride": True}}, "options.temporal_stride is True; remove it"),
        ({"input": {"frames": 32}}, "trained on 16 frames, but input.frames is 32"),
    ],
)
def test_a_contradiction_is_refused(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    text = f"{PREFIX}i3d-resnet-18{SUFFIX}"
    path = save(published("i3d_resnet18"), text, tmp_path / "best.pth.tar")
    with pytest.raises(SettingsError, match=f"best.pth.tar: arch '{text}'.* {message}"):
        load_model("i3d_resnet18", num_classes=7, weights=path, **settings)


def test_weights_of_another_network_name_the_one_that_they_are_of(tmp_path: Path) -> None:
    text = f"{PREFIX}i3d-resnet-18-ts-max{SUFFIX}"
    path = save(published("i3d_resnet18"), text, tmp_path / "best.pth.tar")
    with pytest.raises(SettingsError, match="is the network 'i3d_resnet18', .* set its `model` to"):
        load_model("resnet3d_18", num_classes=7, weights=path, options={"stem": "inflated"})


def test_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(SettingsError, match="'tam_resnet50': options: blending = 'mean' must be"):
        load_model("tam_resnet50", num_classes=3, weights=None, options={"blending": "mean"})
    with pytest.raises(SettingsError, match="'i3d_v2': options: pooling = 'sum' must be one of"):
        load_model("i3d_v2", num_classes=3, weights=None, options={"pooling": "sum"})

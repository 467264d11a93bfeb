"""Weights in the formats of their authors load strictly and give the same answers."""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pipeline.errors import SettingsError
from pipeline.io.hashing import sha256_file
from pipeline.models import InputSpec, load_model, registry
from pipeline.models.checkpoints import (
    Renaming,
    load_strictly,
    read_state,
    start_from_images,
    to_our_names,
)
from pipeline.models.zoo.x3d_m import fold_shortcut_norm
from tests.pipeline.models.published import (
    kinetics_i3d_names,
    listed_names,
    pytorch_i3d_names,
    randomised,
    resnet_names,
    timesformer_names,
    weights,
)

State = dict[str, torch.Tensor]


def answers(network: nn.Module, frames: int, layout: str = "NCTHW", size: int = 32) -> torch.Tensor:
    middle = (3, frames) if layout == "NCTHW" else (frames, 3)
    clip = torch.randn((1, *middle, size, size), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        logits: torch.Tensor = network(clip)
    return logits


def pytorchvideo(name: str) -> Callable[[], Iterator[str]]:
    return lambda: (key for key, _ in listed_names(f"{name}_pytorchvideo.txt"))


FORMATS = [
    # model, names in the authors' checkpoint (in our order), what stands around them
    ("resnet3d_50", lambda: resnet_names((3, 4, 6, 3), 3), "hara"),
    ("resnet3d_18", lambda: resnet_names((2, 2, 2, 2), 2), "hara"),
    ("tam_resnet50", lambda: resnet_names((3, 4, 6, 3), 3, tam=True), "hara"),
    ("i3d", pytorch_i3d_names, "bare"),
    ("i3d", kinetics_i3d_names, "bare"),
    ("slowfast_8x4", pytorchvideo("slowfast_8x4"), "model_state"),
    ("x3d_m", pytorchvideo("x3d_m"), "model_state"),
]


def surrounded(state: State, form: str) -> dict[str, Any]:
    if form == "bare":
        return state
    if form == "hara":  # saved from DataParallel in a training loop
        state = {f"module.{key}": value for key, value in state.items()}
        return {"epoch": 200, "arch": "resnet-50", "state_dict": state, "optimizer": {"lr": 0.1}}
    return {"epoch": 195, "model_state": state, "optimizer_state": {}, "cfg": "TRAIN: true"}


@pytest.mark.parametrize(("name", "published", "form"), FORMATS)
def test_checkpoint_of_the_authors_gives_the_same_answers(
    name: str, published: Any, form: str, tmp_path: Path
) -> None:
    entry = registry.load(name)
    network = randomised(entry.build(11))
    # The published names in the order of our layers: an assignment that knows no renaming rule.
    theirs = _paired(tuple(published()), weights(network))
    path = tmp_path / "weights.pth"
    torch.save(surrounded(theirs, form), path)
    opened = load_model(name, num_classes=11, weights=path)
    assert opened.weights_sha256 == sha256_file(path)
    frames = entry.input.frames
    assert torch.equal(answers(opened.module, frames), answers(network, frames))


def _paired(names: Sequence[str], state: State) -> State:
    """Published names with our tensors, by position; or by name where names are the same."""
    assert len(names) == len(state)
    if set(names) == set(state):
        return {name: state[name] for name in names}
    return dict(zip(names, state.values(), strict=True))


def test_timesformer_of_its_authors_gives_the_same_answers(tmp_path: Path) -> None:
    entry = registry.load("timesformer")
    network = randomised(entry.build(11, frames=8, size=32))
    state = {key: value.half() for key, value in network.state_dict().items()}
    network.load_state_dict(state)
    path = tmp_path / "TimeSformer_divST_8x32_224_K400.pyth"
    names = tuple(timesformer_names())
    torch.save({"model_state": dict(zip(names, state.values(), strict=True)), "cfg": ""}, path)
    spec = InputSpec(8, 32, (0.45,) * 3, (0.225,) * 3, layout="NTCHW")
    opened = load_model("timesformer", num_classes=11, weights=path, input=spec)
    assert torch.equal(
        answers(opened.module, 8, layout="NTCHW"), answers(network, 8, layout="NTCHW")
    )


def test_timesformer_is_the_classifier_of_transformers() -> None:
    import transformers

    network = randomised(registry.load("timesformer").build(11, frames=2, size=32))
    config = transformers.TimesformerConfig(num_frames=2, image_size=32, num_labels=11)
    with torch.device("meta"):
        theirs = transformers.TimesformerForVideoClassification(config).eval()
    theirs.load_state_dict(network.state_dict(), strict=True, assign=True)
    clip = torch.randn((1, 2, 3, 32, 32), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        assert torch.allclose(network(clip), theirs(pixel_values=clip).logits, atol=1e-5)


def test_x3d_of_the_slowfast_repository_loads_with_its_shortcut_folded() -> None:
    """Its first shortcut of s2 is normalised; folded, the block gives what it gave before."""
    network = randomised(registry.load("x3d_m").build(11))
    block = network.s2["pathway0_res0"]
    norm = randomised(torch.nn.BatchNorm3d(24), seed=5)
    x = torch.randn((1, 24, 4, 8, 8), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted = torch.relu(norm(block.branch1(x)) + block.branch2(x))
    prefix = "s2.pathway0_res0.branch1_bn."
    published = {**weights(network), **{prefix + k: v for k, v in norm.state_dict().items()}}
    state = to_our_names(published, registry.load("x3d_m").renamings)
    load_strictly(network, state, "x3d_m")
    with torch.inference_mode():
        assert torch.allclose(block(x), wanted, atol=1e-5)
    assert fold_shortcut_norm(state) is state


@pytest.mark.parametrize("name", ["resnet3d_18", "tam_resnet50", "slowfast_8x4", "x3d_m", "i3d"])
def test_our_own_checkpoint_comes_back(name: str, tmp_path: Path) -> None:
    network = randomised(registry.load(name).build(3))
    torch.save(network.state_dict(), tmp_path / "ours.pt")
    opened = load_model(name, num_classes=3, weights=tmp_path / "ours.pt")
    assert all(
        torch.equal(value, opened.module.state_dict()[key])
        for key, value in network.state_dict().items()
    )


def test_safetensors(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    network = randomised(registry.load("tiny_frame2d").build(3))
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    opened = load_model("tiny_frame2d", num_classes=3, weights=tmp_path / "weights.safetensors")
    assert torch.equal(answers(opened.module, 16), answers(network, 16))


def saved(tmp_path: Path, change: Callable[[State], None]) -> Path:
    state = weights(registry.load("tiny_frame2d").build(3))
    change(state)
    path = tmp_path / "weights.pt"
    torch.save(state, path)
    return path


def test_missing_and_unexpected_keys_are_named(tmp_path: Path) -> None:
    def change(state: State) -> None:
        del state["layers.1.0.weight"]
        state["layers.9.0.weight"] = torch.zeros(2)

    with pytest.raises(SettingsError) as error:
        load_model("tiny_frame2d", num_classes=3, weights=saved(tmp_path, change))
    assert "1 missing keys: layers.1.0.weight" in str(error.value)
    assert "1 unexpected keys: layers.9.0.weight" in str(error.value)
    assert "'tiny_frame2d'" in str(error.value)


def test_wrong_shapes_are_named(tmp_path: Path) -> None:
    def change(state: State) -> None:
        state["layers.0.0.weight"] = torch.zeros(24, 3, 5, 5)

    with pytest.raises(
        SettingsError, match=r"layers\.0\.0\.weight is \(24, 3, 5, 5\), not \(24, 3, 7, 7\)"
    ):
        load_model("tiny_frame2d", num_classes=3, weights=saved(tmp_path, change))


def test_weights_of_another_model_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(registry.load("tiny_frame2d").build(3).state_dict(), path)
    with pytest.raises(SettingsError, match="missing keys: .* and .* more"):
        load_model("x3d_m", num_classes=3, weights=path)


def test_nothing_is_loaded_from_a_checkpoint_that_does_not_fit() -> None:
    network = registry.load("tiny_frame2d").build(3)
    before = network.state_dict()["fc.bias"].clone()
    with pytest.raises(SettingsError, match="it do not fit"):
        load_strictly(network, {"fc.bias": torch.ones(3)}, "it")
    assert torch.equal(network.state_dict()["fc.bias"], before)


class Shell:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return (os.system, (f"touch {self.path}",))


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(
        {"state_dict": {"fc.bias": torch.ones(3)}, "args": Shell(tmp_path / "written")}, path
    )
    with pytest.raises(SettingsError, match="code in a checkpoint is never run"):
        read_state(path)
    assert not (tmp_path / "written").exists()


def test_what_is_not_a_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="do not exist"):
        read_state(tmp_path / "nothing.pt")
    (tmp_path / "torn.pt").write_bytes(b"")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_state(tmp_path / "torn.pt")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(SettingsError, match="text.pt"):
        read_state(tmp_path / "text.pt")
    (tmp_path / "weights.h5").write_text("hello")
    with pytest.raises(SettingsError, match="ending in one of"):
        read_state(tmp_path / "weights.h5")
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    with pytest.raises(SettingsError, match="no named tensors"):
        read_state(tmp_path / "empty.pt")


def test_a_renaming_may_not_join_two_keys() -> None:
    joining = Renaming("wrong", marker="a", rules=((r"[ab]", "c"),))
    with pytest.raises(SettingsError, match="map to one name"):
        to_our_names({"a": torch.ones(1), "b": torch.ones(1)}, (joining,))


def test_errors_cross_processes() -> None:
    error = SettingsError("weights x do not fit")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes


def image_weights(network: nn.Module) -> State:
    """Weights of a 2D network whose keys are those of `network`, as ImageNet's come."""
    return {
        key: torch.randn_like(value if value.ndim < 5 else value[:, :, 0])
        for key, value in weights(network).items()
        if ".tam." not in key
    }


def test_inflated_filters_sum_to_the_picture_filter() -> None:
    network = registry.load("resnet3d_18").build(5, stem="inflated")
    before = network.state_dict()["fc.weight"].clone()
    images = image_weights(network)
    assert start_from_images(network, images, "fc") == ("fc.weight", "fc.bias")
    after = network.state_dict()
    assert torch.allclose(after["conv1.weight"].sum(dim=2), images["conv1.weight"], atol=1e-6)
    assert torch.equal(after["conv1.weight"][:, :, 0], after["conv1.weight"][:, :, 2])
    assert torch.equal(after["layer1.0.bn1.weight"], images["layer1.0.bn1.weight"])
    assert torch.equal(after["fc.weight"], before)


def test_a_2d_network_with_modules_over_time_keeps_them_fresh() -> None:
    network = registry.load("tam_resnet50").build(5)
    fresh = start_from_images(network, image_weights(network), "fc")
    assert len(fresh) == 16 * 3 + 2
    assert all(".tam." in key or key.startswith("fc.") for key in fresh)


def test_image_weights_of_another_network_are_an_error() -> None:
    network = registry.load("resnet3d_18").build(5)
    other = image_weights(registry.load("tam_resnet50").build(5))
    with pytest.raises(SettingsError, match="image weights do not fit: conv1.weight|layer1"):
        start_from_images(network, other, "fc")

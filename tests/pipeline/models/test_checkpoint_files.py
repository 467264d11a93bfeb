"""Published weights files load without running code; others are refused with the reason."""

import argparse
import collections
import os
import pathlib
import pickle
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.errors import SettingsError
from pipeline.models import load_model, registry
from pipeline.models.checkpoint_files import read_checkpoint
from tests.pipeline.models.published import randomised, weights

State = dict[str, torch.Tensor]


def caffe2_name(key: str) -> str:
    """The blob of a tensor of SlowFast, by the layer names of its Caffe2 training."""
    stage, _, rest = key.partition(".")
    leaf = key.rpartition(".")[2]
    short = {"weight": "w", "bias": "b"}
    if "bn" in rest:
        short = {"weight": "s", "bias": "b", "running_mean": "rm", "running_var": "riv"}
    if stage == "head":
        return f"pred_{short[leaf]}"
    if stage.endswith("_fuse"):
        last = {"s1": "pool1", "s2": "res2_2", "s3": "res3_3", "s4": "res4_5"}[stage[:2]]
        middle = "_subsample" if stage == "s1_fuse" else "_branch2c_bn_subsample"
        return f"t_{last}{middle}{'_bn' if 'bn' in rest else ''}_{short[leaf]}"
    pathway = "t_" if "pathway1" in rest else ""
    if stage == "s1":
        return f"{pathway}{'res_conv1_bn' if 'bn' in rest else 'conv1'}_{short[leaf]}"
    block, *path = rest.split(".")
    number = block.rpartition("res")[2]
    if path[0].startswith("branch1"):
        return f"{pathway}res{stage[1]}_{number}_{path[0]}_{short[leaf]}"
    return f"{pathway}res{stage[1]}_{number}_branch2{path[1]}_{short[leaf]}"


def test_slowfast_s_model_zoo_gives_the_same_logits(tmp_path: Path) -> None:
    network = randomised(registry.load("slowfast_8x4").build(9))
    blobs = {caffe2_name(key): value.numpy() for key, value in weights(network).items()}
    assert {"conv1_w", "t_res_conv1_bn_riv", "t_pool1_subsample_bn_s", "pred_b"} <= set(blobs)
    assert "t_res4_5_branch2c_bn_subsample_w" in blobs
    blobs |= {f"{key}_momentum": value for key, value in list(blobs.items())[:3]}
    path = tmp_path / "SLOWFAST_8x8_R50.pkl"
    with path.open("wb") as file:
        pickle.dump({"blobs": blobs | {"lr": np.float32(0.1), "model_iter": 7}}, file, protocol=2)
    loaded = load_model("slowfast_8x4", num_classes=9, weights=path)
    clip = torch.randn((1, 3, 32, 32, 32), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        assert torch.equal(loaded.module(clip), network(clip))


def mmaction2_name(key: str) -> str:
    """The name that mmaction2 gives to a tensor of X3D."""
    stem = {"conv_xy": "conv1_s.conv", "conv": "conv1_t.conv", "bn": "conv1_t.bn"}
    head = {
        "conv_5": "backbone.conv5.conv",
        "conv_5_bn": "backbone.conv5.bn",
        "lin_5": "cls_head.fc1",
        "projection": "cls_head.fc2",
    }
    parts = key.split(".")
    if parts[0] == "head":
        return f"{head[parts[1]]}.{parts[2]}"
    if parts[0] == "s1":
        return f"backbone.{stem[parts[2]]}.{parts[3]}"
    block = f"backbone.layer{int(parts[0][1]) - 1}.{parts[1].rpartition('res')[2]}"
    if parts[2].startswith("branch1"):
        return f"{block}.downsample.{'bn' if parts[2].endswith('bn') else 'conv'}.{parts[3]}"
    if parts[3] == "se":
        return f"{block}.se_module.{parts[4]}.{parts[5]}"
    number = "abc".index(parts[3][0]) + 1
    return f"{block}.conv{number}.{'bn' if parts[3].endswith('bn') else 'conv'}.{parts[4]}"


def test_x3d_of_mmaction2_gives_the_same_logits(tmp_path: Path) -> None:
    network = randomised(registry.load("x3d_m").build(9))
    state = {mmaction2_name(key): value for key, value in weights(network).items()}
    fc1 = "cls_head.fc1.weight"
    state[fc1] = state[fc1][:, :, 0, 0, 0]
    assert "backbone.layer1.0.downsample.conv.weight" in state
    torch.save({"meta": {"epoch": 1}, "state_dict": state}, tmp_path / "x3d.pth")
    loaded = load_model("x3d_m", num_classes=9, weights=tmp_path / "x3d.pth")
    clip = torch.randn((1, 3, 16, 32, 32), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        assert torch.equal(loaded.module(clip), network(clip))


def test_slowfast_of_mmaction2_is_refused_with_the_reason(tmp_path: Path) -> None:
    state = {"backbone.slow_path.conv1.conv.weight": torch.zeros(64, 3, 1, 7, 7)}
    torch.save({"state_dict": state}, tmp_path / "slowfast.pth")
    with pytest.raises(SettingsError, match="mmaction2's SlowFast is another network: .*kernel"):
        load_model("slowfast_8x4", num_classes=9, weights=tmp_path / "slowfast.pth")


def tiny() -> State:
    torch.manual_seed(0)
    return weights(randomised(registry.load("tiny_frame2d").build(3)))


def same(path: Path) -> None:
    loaded = load_model("tiny_frame2d", num_classes=3, weights=path).module.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in tiny().items())


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.", "net.",
     "module.model.", "module.net.", "network."],
)  # fmt: skip
def test_prefixes_of_modules_around_the_network(prefix: str, tmp_path: Path) -> None:
    state = {prefix + key: value for key, value in tiny().items()}
    torch.save(state, tmp_path / "weights.pth")
    same(tmp_path / "weights.pth")


@pytest.mark.parametrize("entry", ["state_dict", "model_state", "model", "net", "network"])
@pytest.mark.parametrize("suffix", [".pth", ".pkl"])
def test_entries_of_training_states(entry: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    torch.save({"epoch": 3, entry: tiny(), "optimizer": {"lr": 0.1}}, path)
    same(path)


def test_old_torch_files_and_pickles_of_arrays(tmp_path: Path) -> None:
    torch.save(tiny(), tmp_path / "old.pkl", _use_new_zipfile_serialization=False)
    same(tmp_path / "old.pkl")
    arrays = {key: value.numpy() for key, value in tiny().items()}
    (tmp_path / "arrays.pkl").write_bytes(pickle.dumps({"model": arrays, "__author__": "x"}))
    same(tmp_path / "arrays.pkl")


class CfgNode(dict[str, Any]):
    """Stands for a class of a package that is not installed here."""


def test_objects_that_are_only_data_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = types.ModuleType("yacs.config")
    monkeypatch.setitem(sys.modules, "yacs", types.ModuleType("yacs"))
    monkeypatch.setitem(sys.modules, "yacs.config", package)
    monkeypatch.setattr(CfgNode, "__module__", "yacs.config")
    package.CfgNode = CfgNode  # type: ignore[attr-defined] # a module made here
    node = CfgNode(TRAIN=CfgNode(LR=0.1))
    node.frozen = True  # type: ignore[attr-defined] # as yacs does
    beside = {
        "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("/x")),
        "best": np.float64(73.5),
        "counts": collections.defaultdict(list, a=[1]),
        "cfg": node,
        "path": pathlib.Path("/tmp/x"),  # noqa: S108 - a value that is saved, not a file
        "array": np.arange(3),
    }
    for old in (False, True):
        path = tmp_path / f"{old}.pth.tar"
        torch.save({"state_dict": tiny(), **beside}, path, _use_new_zipfile_serialization=not old)
        monkeypatch.delitem(sys.modules, "yacs.config")
        same(path)
        monkeypatch.setitem(sys.modules, "yacs.config", package)


class Shell:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return (os.system, (f"touch {self.path}",))


@pytest.mark.parametrize("form", ["torch", "old torch", "pickle"])
def test_code_is_never_run_and_its_object_is_named(form: str, tmp_path: Path) -> None:
    content = {"blobs": {}, "state_dict": tiny(), "args": Shell(tmp_path / "written")}
    path = tmp_path / "weights.pkl"
    if form == "pickle":
        path.write_bytes(pickle.dumps({"args": Shell(tmp_path / "written")}))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "torch")
    for name in ("weights.pkl",) if form == "pickle" else ("weights.pkl", "weights.pth"):
        path = path.rename(tmp_path / name)
        with pytest.raises(SettingsError, match=r"hold an object of posix\.system") as caught:
            read_checkpoint(path)
        assert str(caught.value).isprintable()
        assert name in str(caught.value)
    assert not (tmp_path / "written").exists()


def test_several_networks_in_one_file_are_refused(tmp_path: Path) -> None:
    torch.save({"model": tiny(), "state_dict": tiny()}, tmp_path / "two.pth")
    with pytest.raises(SettingsError, match="several networks, under 'state_dict' and 'model'"):
        read_checkpoint(tmp_path / "two.pth")


def test_weights_of_hara_for_kinetics_need_their_input(tmp_path: Path) -> None:
    state = weights(registry.load("resnet3d_18").build(400))
    torch.save({"arch": "resnet-18", "state_dict": state}, tmp_path / "resnet-18.pth")
    kinetics = {"num_classes": 400, "weights": tmp_path / "resnet-18.pth"}
    with pytest.raises(SettingsError, match=r"two inputs; give input.mean.*114.7748.*0..255"):
        load_model("resnet3d_18", **kinetics)  # type: ignore[arg-type] # of several types
    given = {"mean": [114.7748, 107.7354, 99.475], "std": [1, 1, 1], "value_range": "0..255"}
    loaded = load_model("resnet3d_18", input=given, **kinetics)  # type: ignore[arg-type] # ditto
    assert loaded.input.value_range == "0..255"
    assert loaded.input.size == 224


def test_frames_and_size_of_timesformer_are_those_of_its_embeddings(tmp_path: Path) -> None:
    network = registry.load("timesformer").build(5, frames=6, size=64)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    loaded = load_model("timesformer", num_classes=5, weights=tmp_path / "weights.pth")
    assert (loaded.input.frames, loaded.input.size) == (6, 64)
    with pytest.raises(SettingsError, match="are for frames = 6, but input.frames is 8"):
        load_model(
            "timesformer", num_classes=5, weights=tmp_path / "weights.pth", input={"frames": 8}
        )

"""User-supplied models load by import path, file or folder; faulty ones are refused clearly."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.errors import SettingsError
from pipeline.models import InputSpec, LoadedModel, load_model, logits
from pipeline.models.adapters import CUDA, OnnxModel
from pipeline.models.device import ComputeDevice
from pipeline.stages.evaluate.load import hardware_columns
from tests.pipeline.models.factories import SPEC, MeanColour

HERE = "tests.pipeline.models.factories"


def batch(clips: int = 2, spec: InputSpec = SPEC) -> torch.Tensor:
    shape = (clips, spec.frames, spec.size, spec.size, 3)
    return torch.randint(
        0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def ask(model: LoadedModel, clips: int = 2) -> torch.Tensor:
    with torch.inference_mode():
        return logits(model, batch(clips, model.input), torch.float32)


def mean_colour(num_classes: int = 3) -> MeanColour:
    torch.manual_seed(0)
    return MeanColour(num_classes).eval()


def normalised(clips: int = 2) -> torch.Tensor:
    return (batch(clips) / 255 - 0.5).permute(0, 4, 1, 2, 3) / 0.5


def test_registry_model_with_fresh_weights() -> None:
    model = load_model("tiny_frame2d", num_classes=4, weights=None)
    assert ask(model).shape == (2, 4)
    assert model.weights_sha256 is None
    assert not model.module.training


def test_import_path() -> None:
    model = load_model(f"{HERE}:MeanColour", num_classes=6, weights=None, input=SPEC)
    assert ask(model).shape == (2, 6)
    assert len(model.weights_sha256) == 64


def test_import_path_that_says_its_input_and_takes_weights(tmp_path: Path) -> None:
    torch.save(mean_colour().state_dict(), tmp_path / "weights.pt")
    model = load_model(f"{HERE}:Described", num_classes=3, weights=tmp_path / "weights.pt")
    assert model.input == SPEC
    with torch.inference_mode():
        assert torch.allclose(ask(model), mean_colour()(normalised()), atol=1e-5)


def test_hash_of_a_factory_is_that_of_its_weights() -> None:
    hashes = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        hashes.append(load_model(f"{HERE}:Described", num_classes=3, weights=None).weights_sha256)
    assert hashes[0] == hashes[1] != hashes[2]


def torchscript(path: Path) -> None:
    torch.jit.save(torch.jit.trace(mean_colour(), normalised(1)), path)


def exported(path: Path) -> None:
    batches = {0: torch.export.Dim("clips")}
    program = torch.export.export(mean_colour(), (normalised(2),), dynamic_shapes=(batches,))
    torch.export.save(program, path)


def onnx(path: Path, clips: str | int = "clips") -> None:
    """MeanColour written by hand: mean over frames, rows, columns; then a linear layer."""
    pytest.importorskip("onnxruntime")
    module = pytest.importorskip("onnx")
    helper, numpy_helper = module.helper, module.numpy_helper
    fc = mean_colour().fc
    constants = {
        "axes": torch.tensor([2, 3, 4]).numpy(),
        "weight": fc.weight.detach().numpy().T.copy(),
        "bias": fc.bias.detach().numpy(),
    }
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["clip", "axes"], ["mean"], keepdims=0),
            helper.make_node("Gemm", ["mean", "weight", "bias"], ["logits"]),
        ],
        "mean_colour",
        [helper.make_tensor_value_info("clip", 1, [clips, 3, 4, 8, 8])],
        [helper.make_tensor_value_info("logits", 1, [clips, 3])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 18)]
    module.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("file", "write"), [("model.pt", torchscript), ("model.pt2", exported), ("model.onnx", onnx)]
)
def test_exported_files_give_the_same_answers(
    file: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path / file)
    model = load_model(str(tmp_path / file), num_classes=3, weights=None, input=SPEC)
    with torch.inference_mode():
        assert torch.allclose(ask(model, 3), mean_colour()(normalised(3)), atol=1e-5)
    assert model.movable == (file != "model.onnx")
    assert len(model.weights_sha256) == 64


def test_program_of_batch_one_says_so_when_asked_for_two(tmp_path: Path) -> None:
    program = torch.export.export(mean_colour(), (normalised(1),))
    torch.export.save(program, tmp_path / "model.pt2")
    model = load_model(str(tmp_path / "model.pt2"), num_classes=3, weights=None, input=SPEC)
    assert ask(model, 1).shape == (1, 3)
    with pytest.raises(SettingsError, match="failed on 2 clips .* batches of any size"):
        ask(model, 2)


def test_onnx_without_a_provider_for_gpus_runs_on_the_cpu_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if CUDA in pytest.importorskip("onnxruntime").get_available_providers():
        pytest.skip("this onnxruntime has a provider for GPUs; see tests/gpu")
    onnx(tmp_path / "model.onnx")
    model = load_model(str(tmp_path / "model.onnx"), num_classes=3, weights=None, input=SPEC)
    assert isinstance(model.module, OnnxModel)
    expected = ask(model, 3)
    model.module.use("cpu")
    assert caplog.text == ""
    model.module.use("cuda:0")
    assert f"runs on the CPU: onnxruntime has no usable {CUDA}" in re.sub(
        r"onnxruntime [\d.]+ ", "onnxruntime ", caplog.text
    )
    assert torch.equal(ask(model, 3), expected)
    assert hardware_columns(model, ComputeDevice("cuda", "fp32"))["device"] == "cpu"


def test_onnx_of_batch_one_takes_clips_one_by_one(tmp_path: Path) -> None:
    onnx(tmp_path / "model.onnx", clips=1)
    model = load_model(str(tmp_path / "model.onnx"), num_classes=3, weights=None, input=SPEC)
    with torch.inference_mode():
        assert torch.allclose(ask(model, 3), mean_colour()(normalised(3)), atol=1e-5)


def hugging_face(folder: Path, labels: Sequence[str]) -> Any:
    import transformers

    config = transformers.TimesformerConfig(
        image_size=16,
        patch_size=8,
        num_frames=2,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    torch.manual_seed(0)
    model = transformers.TimesformerForVideoClassification(config).eval()
    model.save_pretrained(folder)
    statistics = {"image_mean": [0.45] * 3, "image_std": [0.225] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(statistics))
    return model


def test_hugging_face_folder(tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, ["running", "jumping", "clean and jerk", "other"])
    model = load_model(
        str(tmp_path),
        num_classes=2,
        weights=None,
        class_names=("clean and jerk", "running"),
    )
    assert model.input == InputSpec(2, 16, (0.45,) * 3, (0.225,) * 3, layout="NTCHW")
    with torch.inference_mode():
        clips = (batch(2, model.input) / 255 - 0.45).permute(0, 1, 4, 2, 3) / 0.225
        wanted = theirs(pixel_values=clips).logits[:, [2, 0]]
        assert torch.allclose(ask(model), wanted, atol=1e-5)


def test_four_hundred_outputs_on_the_classes_of_the_benchmark(tmp_path: Path) -> None:
    names = [f"doing thing {index}" for index in range(400)]
    wanted = names[5:400:2][:100]
    network = mean_colour(400)
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    (tmp_path / "labels.txt").write_text("\n".join(names))
    model = load_model(
        f"{HERE}:Described",
        num_classes=100,
        weights=tmp_path / "weights.pt",
        class_names=wanted,
        labels=tmp_path / "labels.txt",
        options={"num_classes": 400},
    )
    with torch.inference_mode():
        everything = network(normalised())
    assert torch.allclose(ask(model), everything[:, 5:205:2], atol=1e-5)


def test_registry_model_of_more_classes_is_restricted_by_its_head(tmp_path: Path) -> None:
    entry = load_model("tiny_frame2d", num_classes=5, weights=None)
    torch.save(entry.module.state_dict(), tmp_path / "weights.pt")
    names = {"walk": 0, "run": 1, "Put [something] down": 2, "sit": 3, "stand": 4}
    (tmp_path / "labels.json").write_text(json.dumps(names))
    model = load_model(
        "tiny_frame2d",
        num_classes=2,
        weights=tmp_path / "weights.pt",
        class_names=("Put something down", "walk"),
        labels=tmp_path / "labels.json",
    )
    assert torch.equal(ask(model), ask(entry)[:, [2, 0]])
    with pytest.raises(SettingsError, match="5 outputs for 2 classes.*labels"):
        load_model("tiny_frame2d", num_classes=2, weights=tmp_path / "weights.pt")


def failing(match: str, name: str, **settings: Any) -> None:
    with pytest.raises(SettingsError, match=match):
        load_model(name, **{"num_classes": 3, "weights": None, **settings})


def test_names_that_are_nothing(tmp_path: Path) -> None:
    failing("unknown model .* choose from i3d", "resnet")
    failing("importable", "no_such_package:build")
    failing("has no attribute 'build'", f"{HERE}:build")
    failing("must return an nn.Module", f"{HERE}:nothing")
    failing("does not take options", f"{HERE}:five_outputs", options={"depth": 3})
    failing("has no options", "tiny_frame2d", options={"depth": 3})
    failing("does not exist", str(tmp_path / "no.onnx"))
    failing("without config.json", str(tmp_path))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_files_that_are_something_else(tmp_path: Path) -> None:
    torch.save(mean_colour().state_dict(), tmp_path / "weights.pt")
    failing("give a checkpoint as `weights`", str(tmp_path / "weights.pt"), input=SPEC)
    (tmp_path / "weights.pt2").write_text("hello")
    failing("is not a torch.export program", str(tmp_path / "weights.pt2"), input=SPEC)
    failing("brings its own weights", str(tmp_path / "x.pt"), weights=tmp_path / "weights.pt")


def test_input_that_is_not_given() -> None:
    failing("does not declare its input; give it in params.yaml", f"{HERE}:MeanColour")


def test_outputs_that_do_not_fit() -> None:
    failing("5 outputs for 3 classes", f"{HERE}:five_outputs", input=SPEC)
    failing("expected logits", f"{HERE}:MeanColour", input=SPEC, options={"broken": "rank"})
    failing("does not take clips", f"{HERE}:MeanColour", input=SPEC, options={"broken": "inner"})


def test_class_names_that_do_not_fit() -> None:
    failing("2 class names", "tiny_frame2d", class_names=("a", "b"))


def test_logits_that_are_no_numbers_name_model_and_settings() -> None:
    model = load_model(f"{HERE}:Described", num_classes=3, weights=None, options={"broken": "nan"})
    with pytest.raises(SettingsError, match=r"Described': logits are NaN.*input\.mean"):
        ask(model)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("not enough memory: 1 B")]
)
def test_lack_of_memory_names_model_and_batch_size(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(f"{HERE}:Described", num_classes=3, weights=None)

    def forward(_clips: torch.Tensor) -> torch.Tensor:
        raise error

    monkeypatch.setattr(model.module, "forward", forward)
    with pytest.raises(SettingsError, match=r"Described' ran out of memory .* of 2 clips; lower"):
        ask(model)


def test_batch_of_another_size_names_model_and_settings() -> None:
    model = load_model(f"{HERE}:Described", num_classes=3, weights=None)
    with pytest.raises(SettingsError, match=r"Described' takes clips of .*input\.size"):
        logits(model, torch.zeros((1, 4, 9, 9, 3), dtype=torch.uint8), torch.float32)

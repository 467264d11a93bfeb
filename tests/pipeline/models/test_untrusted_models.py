"""Models from files do not read other files and do not run code of their folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.models.external import Request, read_external


def request(path: Path) -> Request:
    return Request(str(path), 2, ("one", "other"), None, {}, {})


@pytest.mark.parametrize("absolute", [False, True])
def test_onnx_weights_outside_of_the_folder_are_refused(tmp_path: Path, absolute: bool) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.arange(4, dtype=np.float32).tobytes())
    float32 = onnx.TensorProto.FLOAT
    weights = onnx.TensorProto(
        name="w", data_type=float32, dims=[4], data_location=onnx.TensorProto.EXTERNAL
    )
    for key, value in (
        ("location", str(secret) if absolute else "../secret.bin"),
        ("length", "16"),
    ):
        entry = weights.external_data.add()
        entry.key, entry.value = key, value
    values = [onnx.helper.make_tensor_value_info(name, float32, [4]) for name in "xy"]
    add = onnx.helper.make_node("Add", ["x", "w"], ["y"])
    graph = onnx.helper.make_graph([add], "g", values[:1], values[1:], [weights])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 9
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(SettingsError, match="not a valid ONNX model: .*[Ee]xternal data"):
        read_external(request(folder / "model.onnx"))


def test_a_hugging_face_folder_runs_no_code_of_its_own(tmp_path: Path) -> None:
    folder, marker = tmp_path / "model", tmp_path / "ran"
    folder.mkdir()
    (folder / "own.py").write_text(
        f"from pathlib import Path\nPath({str(marker)!r}).touch()\n"
        "from transformers import PretrainedConfig, PreTrainedModel\n"
        "class Config(PretrainedConfig):\n    model_type = 'own_of_test'\n"
        "class Model(PreTrainedModel):\n    config_class = Config\n"
    )
    config = {
        "model_type": "own_of_test",
        "auto_map": {
            "AutoConfig": "own.Config",
            "AutoModelForVideoClassification": "own.Model",
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(SettingsError, match="contains custom code"):
        read_external(request(folder))
    assert not marker.exists()

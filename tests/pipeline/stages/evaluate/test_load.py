"""The recipe of predictions holds everything that a model brings: code, files, versions."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline import models
from pipeline.errors import SettingsError
from pipeline.models.device import ComputeDevice
from pipeline.stages.evaluate import load
from pipeline.stages.evaluate.cells import EvaluationCell
from pipeline.stages.evaluate.predict import clip_logits
from pipeline.storage.paths import DatasetPaths
from tests.support.project import REPOSITORY, write_classes, write_params

CELL = EvaluationCell("fog", 1, ())
INPUT = {"frames": 2, "size": 8, "mean": [0.5] * 3, "std": [0.5] * 3}


def package(root: Path) -> None:
    """A user's code: a factory that imports a module of its package and one beside it."""
    files = {
        "their_models/__init__.py": "",
        "their_models/net.py": (
            "from torch import nn\nfrom .layers import Head\nfrom their_helpers import scale\n\n\n"
            "def build(num_classes, class_names=()):\n"
            "    assert len(class_names) == num_classes\n"
            "    return Head(num_classes, scale())\n"
        ),
        "their_models/layers.py": (
            "import torch\nfrom torch import nn\n\n\nclass Head(nn.Module):\n"
            "    def __init__(self, classes, scale):\n        super().__init__()\n"
            "        self.classes, self.scale = classes, scale\n\n"
            "    def forward(self, clips):\n"
            "        mean = clips.mean(dim=(1, 2, 3, 4)) * self.scale\n"
            "        return torch.stack([mean * n for n in range(self.classes)], dim=1)\n"
        ),
        "their_models/other.py": "VALUE = 1\n",
        "their_helpers.py": "def scale():\n    return 2.0\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


RECIPE = """
import sys
from pathlib import Path
from tests.pipeline.stages.evaluate.test_load import recipe_of
print(recipe_of(Path(sys.argv[1]), sys.argv[2]))
"""


def recipe_of(root: Path, model: str, **entry: object) -> str:
    """The recipe of a model's predictions in one cell."""
    settings = {"model": model, "input": INPUT, **entry}
    params = write_params(root, models={"demo": {"m": settings}})
    paths = DatasetPaths(root, "demo")
    loaded, failed = load.load_models("demo", params, paths, 8)
    assert "m" not in failed, failed
    device = ComputeDevice("cpu", "fp32")
    return load.prediction_recipe("m", loaded["m"], CELL, params, device, paths)


def in_a_new_process(root: Path, model: str) -> str:
    paths = os.pathsep.join([str(REPOSITORY), str(root)])
    done = subprocess.run(
        [sys.executable, "-c", RECIPE, str(root), model],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_an_edit_of_a_factory_or_of_what_it_imports_changes_the_recipe(tmp_path: Path) -> None:
    write_classes(tmp_path)
    package(tmp_path)
    before = in_a_new_process(tmp_path, "their_models.net:build")
    (tmp_path / "their_models/layers.py").write_text(
        (tmp_path / "their_models/layers.py").read_text().replace("mean * n", "mean * (n + 1)")
    )
    assert in_a_new_process(tmp_path, "their_models.net:build") != before


def hugging_face(folder: Path) -> None:
    import transformers

    config = transformers.VideoMAEConfig(
        image_size=8,
        patch_size=4,
        num_frames=2,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        id2label={0: "moving left", 1: "moving right"},
        label2id={"moving left": 0, "moving right": 1},
    )
    torch.manual_seed(0)
    transformers.VideoMAEForVideoClassification(config).save_pretrained(folder)
    content = {"video_processor_type": "VideoMAEVideoProcessor", "crop_size": 8}
    (folder / "video_preprocessor_config.json").write_text(json.dumps(content))


def rescaled(folder: Path) -> None:
    path = folder / "video_preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"image_mean": [0.4] * 3}))


def relabelled(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["id2label"] = {"0": "moving right", "1": "moving left"}
    config["label2id"] = {"moving right": 0, "moving left": 1}
    path.write_text(json.dumps(config))


@pytest.mark.parametrize("change", [rescaled, relabelled])
def test_files_that_a_model_brings_are_in_its_recipe(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    write_classes(tmp_path)
    folder = tmp_path / "their_model"
    hugging_face(folder)

    def recipe() -> str:
        params = write_params(tmp_path, models={"demo": {"m": {"model": str(folder)}}})
        paths = DatasetPaths(tmp_path, "demo")
        loaded, failed = load.load_models("demo", params, paths, 8)
        # The model of the repository's params has no weights here.
        assert set(failed) == {"tiny_r2plus1d"}
        device = ComputeDevice("cpu", "fp32")
        return load.prediction_recipe("m", loaded["m"], CELL, params, device, paths)

    before = recipe()
    assert recipe() == before
    change(folder)
    assert recipe() != before


def test_the_version_of_transformers_is_in_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    hugging_face(tmp_path)
    names = ("moving left", "moving right")

    def code() -> dict[str, str]:
        loaded = models.load_model(str(tmp_path), num_classes=2, weights=None, class_names=names)
        return dict(loaded.code)

    before = code()
    assert before["transformers"] == transformers.__version__
    monkeypatch.setattr(transformers, "__version__", "6.0.0")
    assert code() == before | {"transformers": "6.0.0"}


def test_the_type_of_the_weights_is_in_the_recipe_and_stated(tmp_path: Path) -> None:
    write_classes(tmp_path)
    entry = {"model": "tests.support.own_model:factory", "input": INPUT}
    models_of = {
        "whole": entry,
        "half": entry | {"dtype": "bf16"},
        "exact": entry | {"dtype": "fp32"},
    }
    params = write_params(tmp_path, models={"demo": models_of})
    paths = DatasetPaths(tmp_path, "demo")
    loaded, failed = load.load_models("demo", params, paths, 8)
    assert set(failed) == {"tiny_r2plus1d"}
    mixed = ComputeDevice("cpu", "bf16")  # fp32 weights in mixed precision
    recipes = {
        name: load.prediction_recipe(name, model, CELL, params, mixed, paths)
        for name, model in loaded.items()
    }
    assert recipes["whole"] == recipes["exact"] != recipes["half"]
    exact = ComputeDevice("cpu", "fp32")
    stated = {name: load.hardware_columns(model, exact) for name, model in loaded.items()}
    assert stated["half"] == {"device": "cpu", "precision": "bf16"}
    assert stated["whole"] == {"device": "cpu", "precision": "fp32"}
    clips = torch.zeros(1, 2, 8, 8, 3, dtype=torch.uint8)
    assert clip_logits(loaded["half"], clips, exact, 1).dtype == torch.float32


def test_other_types_and_types_of_exported_files_are_refused(tmp_path: Path) -> None:
    write_classes(tmp_path)
    with pytest.raises(SettingsError, match="models.demo.m.dtype"):
        write_params(tmp_path, models={"demo": {"m": {"model": "net.pt2", "dtype": "int8"}}})
    entry = {"model": str(tmp_path / "net.pt2"), "dtype": "bf16", "input": INPUT}
    params = write_params(tmp_path, models={"demo": {"m": entry}})
    _, failed = load.load_models("demo", params, DatasetPaths(tmp_path, "demo"), 8)
    with pytest.raises(SettingsError, match="an exported file keeps the types"):
        raise failed["m"]


def test_more_frames_than_the_protocol_has_are_refused_with_the_ways_out(tmp_path: Path) -> None:
    write_classes(tmp_path)
    more = {"model": "tests.support.own_model:factory", "input": INPUT | {"frames": 64}}
    params = write_params(tmp_path, models={"demo": {"m": more}})
    _, failed = load.load_models("demo", params, DatasetPaths(tmp_path, "demo"), 8)
    with pytest.raises(
        SettingsError, match=r"takes 64 frames, but evaluate.frames is 32.*dense.*evaluate.frames"
    ):
        raise failed["m"]

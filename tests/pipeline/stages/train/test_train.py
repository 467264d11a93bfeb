"""Train stage: the same weights on every run; nothing is trained again without need."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from pipeline import models
from pipeline.__main__ import app
from pipeline.errors import SettingsError
from pipeline.stages.train.data import read_examples
from pipeline.stages.train.train import train
from pipeline.storage.paths import DatasetPaths
from tests.pipeline.stages.train.small_run import (
    MODEL,
    SETTINGS,
    SMALL,
    TRAINING,
    changed,
    epochs,
    forget,
    params_of,
    results,
)
from tests.support.project import write_classes, write_params


def test_same_weights_on_every_run(project: Path) -> None:
    params = params_of(project)
    first = results(project, params)
    forget(project)
    assert results(project, params) == first
    assert set(first) == {"weights.pt", "metrics.json", "history.csv", "recipe.json"}


def test_what_is_done_is_not_done_again_and_a_new_recipe_is(project: Path) -> None:
    before = results(project, params_of(project))
    with epochs() as trained:
        assert results(project, params_of(project)) == before
    assert trained == []
    after = results(project, params_of(project, learning_rate=0.02))
    assert after["weights.pt"] != before["weights.pt"]
    assert after["recipe.json"] != before["recipe.json"]


def test_weights_open_as_a_model_and_score_as_the_metrics_say(project: Path) -> None:
    params = params_of(project)
    metrics = json.loads(results(project, params)["metrics.json"])
    layout = DatasetPaths(project, "demo")
    opened = models.load_model(MODEL, num_classes=2, weights=layout.weights(MODEL))
    held_out = read_examples(layout, "val", params, opened.input, MODEL)
    batch = torch.from_numpy(np.stack([held_out.read(number) for number in range(3)]))
    with torch.inference_mode():
        answers = models.logits(opened, batch, torch.float32).argmax(1)
    right = int((answers == torch.tensor(held_out.labels)).sum())
    assert metrics["val_top1"] == pytest.approx(100 * right / 3)
    history = (layout.trained(MODEL) / "history.csv").read_text().splitlines()
    assert history[0] == "epoch,train_loss,train_top1,val_top1"
    assert len(history) == 1 + SETTINGS["epochs"]
    assert metrics["val_top1"] == pytest.approx(
        max(float(line.split(",")[3]) for line in history[1:]), abs=0.001
    )


def test_a_network_of_single_frames_trains_too(project: Path) -> None:
    section = {"train": {"demo": {"tiny_frame2d": SETTINGS | {"epochs": 1}}}}
    params = write_params(project, **(SMALL | section))
    assert "weights.pt" in results(project, params, "tiny_frame2d")


def test_what_cannot_be_trained_is_refused(project: Path) -> None:
    params = params_of(project)
    with pytest.raises(SettingsError, match=r"train\.demo has no section 'i3d'"):
        train(params, project, "demo", ["i3d"])
    unknown = write_params(project, **(SMALL | {"train": {"demo": {"nothing": SETTINGS}}}))
    with pytest.raises(SettingsError, match="unknown model 'nothing'"):
        train(unknown, project, "demo", ["nothing"])


def as_images(root: Path, path: Path) -> dict[str, torch.Tensor]:
    """Write weights of the network's 2D form, as an ImageNet checkpoint would hold them."""
    fresh = models.load(MODEL).build(1000).state_dict()
    images = {
        key: torch.randn(value.shape[:2] + value.shape[3:]) if value.ndim == 5 else value
        for key, value in fresh.items()
    }
    torch.save({"state_dict": images}, path)
    return images


def test_starts_from_inflated_image_weights(project: Path, tmp_path: Path) -> None:
    images = as_images(project, tmp_path / "images.pth")
    params = params_of(project, start=str(tmp_path / "images.pth"), epochs=0, warmup_epochs=0)
    forget(project)
    results(project, params)
    weights = torch.load(DatasetPaths(project, "demo").weights(MODEL), weights_only=True)
    stem = images["stem.0.weight"]
    for time_index in range(3):
        torch.testing.assert_close(weights["stem.0.weight"][:, :, time_index], stem / 3)
    assert weights["fc.weight"].shape[0] == 2
    before = (DatasetPaths(project, "demo").trained(MODEL) / "recipe.json").read_text()
    as_images(project, tmp_path / "images.pth")
    assert results(project, params)["recipe.json"].decode() != before


def test_a_start_that_does_not_fit_is_refused(project: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"train\.demo\.tiny_r2plus1d\.start: .* does not exi"):
        results(project, params_of(project, start="nothing.pth"))
    torch.save({"conv1.weight": torch.zeros(3, 3)}, tmp_path / "other.pth")
    with pytest.raises(SettingsError, match=r"conv1\.weight .* no such key"):
        results(project, params_of(project, start=str(tmp_path / "other.pth")))


def test_no_flip_where_a_mirror_changes_classes(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"flip: true.*'moving left'"):
        results(project, params_of(project, flip=True))
    classes = project / "manifests/classes/demo.csv"
    before = classes.read_text()
    try:
        write_classes(project, ("pulling something", "pushing something"))
        forget(project)
        assert "weights.pt" in results(project, params_of(project, flip=True, epochs=1))
        ssv2 = {"filter": {"sources": {"demo": {"format": "ssv2"}}}}
        with pytest.raises(SettingsError, match=r"train\.demo\.tiny_r2plus1d\.flip: true"):
            results(project, write_params(project, **(changed(flip=True) | ssv2)))
    finally:
        classes.write_text(before)


def test_input_and_options_are_those_of_the_model_s_entry(project: Path) -> None:
    spec = {"frames": 8, "size": 112, "mean": [0.5] * 3, "std": [0.5] * 3}
    section = {
        "train": {"demo": {"own": SETTINGS | {"epochs": 1, "warmup_epochs": 0}}},
        "models": {"demo": {"own": {"model": MODEL, "input": spec}}},
    }
    assert "weights.pt" in results(project, write_params(project, **(SMALL | section)), "own")
    section["models"]["demo"]["own"]["options"] = {"depth": 3}
    with pytest.raises(SettingsError, match=r"no options \['depth'\]"):
        results(project, write_params(project, **(SMALL | section)), "own")


def test_a_dataset_with_nothing_to_train_ends_well(project: Path) -> None:
    values = yaml.safe_load((project / "params.yaml").read_text())
    values["models"]["demo"] = {MODEL: {"weights": "somewhere.pt"}}
    values["train"]["demo"] = {}
    (project / "empty.yaml").write_text(yaml.safe_dump(values))
    shutil.rmtree(project / "data/demo/train", ignore_errors=True)
    arguments = ["train", "--dataset", "demo", "--params", str(project / "empty.yaml")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (project / "data/demo/train").is_dir()
    assert json.loads((project / TRAINING).read_text()) == {}


def test_metrics_of_all_models_are_in_one_file(project: Path) -> None:
    found = results(project, params_of(project))
    together = json.loads((project / TRAINING).read_text())
    assert together == {MODEL: json.loads(found["metrics.json"])}

"""Training: the same weights on every run and after a kill; nothing is trained twice."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from corruptions.types import ClipRandom
from pipeline import models
from pipeline.__main__ import app
from pipeline.errors import SettingsError, StageError
from pipeline.params import Params
from pipeline.settings import TrainSettings
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.stages.synthesize import scenes
from pipeline.stages.train import loop
from pipeline.stages.train import train as stage
from pipeline.stages.train.data import augment, read_examples
from pipeline.stages.train.loop import learning_rate
from pipeline.stages.train.train import train
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.support.project import REPOSITORY, make_project, tree, write_classes, write_params

MODEL = "tiny_r2plus1d"
TRAINING = "manifests/demo/training.json"
SETTINGS = {
    "epochs": 3,
    "batch_size": 2,
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.0005,
    "warmup_epochs": 1,
    "scales": [1.0, 0.75],
    "flip": False,
    "threads": 1,
}
SMALL: dict[str, Any] = {
    "decode": {"pictures": {"demo": {"short_side": 120, "crop": 112}}},
    "machine": {"device": "cpu", "precision": "fp32"},
}


def changed(**changes: Any) -> dict[str, Any]:
    return SMALL | {"train": {"demo": {MODEL: SETTINGS | changes}}}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with clean shards: 4 clips to train on, 3 to validate."""
    root = tmp_path_factory.mktemp("project")
    params = make_project(root, num_clips=3, num_train=4, **changed())
    filter_clips("demo", params, root)
    decode("demo", params, root)
    return root


def params_of(root: Path, **changes: Any) -> Params:
    return write_params(root, **changed(**changes))


def results(root: Path, params: Params, model: str = MODEL) -> dict[str, bytes]:
    train("demo", params, root, [model])
    return tree(DatasetPaths(root, "demo").trained(model))


def forget(root: Path) -> None:
    shutil.rmtree(DatasetPaths(root, "demo").trained(MODEL), ignore_errors=True)


def test_same_weights_on_every_run(project):
    params = params_of(project)
    first = results(project, params)
    forget(project)
    assert results(project, params) == first
    assert set(first) == {"weights.pt", "metrics.json", "history.csv", "recipe.json"}


def test_a_killed_run_goes_on_to_the_same_weights(project, monkeypatch):
    params = params_of(project)
    forget(project)
    unbroken = results(project, params)
    forget(project)
    one_epoch = loop._train_epoch

    def killed(*arguments: Any) -> tuple[float, float]:
        if arguments[5] == 2:
            raise KeyboardInterrupt
        return one_epoch(*arguments)

    monkeypatch.setattr(loop, "_train_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        train("demo", params, project, [MODEL])
    assert [path.name for path in DatasetPaths(project, "demo").trained(MODEL).iterdir()] == [
        "checkpoint.pt"
    ]
    epochs: list[int] = []

    def counted(*arguments: Any) -> tuple[float, float]:
        epochs.append(arguments[5])
        return one_epoch(*arguments)

    monkeypatch.setattr(loop, "_train_epoch", counted)
    assert results(project, params) == unbroken
    assert epochs == [2]


def test_what_is_done_is_not_done_again_and_a_new_recipe_is(project, monkeypatch):
    before = results(project, params_of(project))
    with monkeypatch.context() as patch:
        patch.setattr(stage, "fit", None)
        assert results(project, params_of(project)) == before
    after = results(project, params_of(project, learning_rate=0.02))
    assert after["weights.pt"] != before["weights.pt"]
    assert after["recipe.json"] != before["recipe.json"]


def test_a_checkpoint_of_another_recipe_is_not_used(project, tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(loop.saved(vars(loop.Progress("theirs", {}, {}, {}, {}))))
    assert loop._resume(path, "ours") is None
    assert loop._resume(path, "theirs") is not None


def test_frames_decoded_in_every_epoch_give_the_same_weights(project, monkeypatch):
    params = params_of(project)
    kept = results(project, params)
    forget(project)
    monkeypatch.setattr(loop, "KEEP_BYTES", 0)
    assert results(project, params) == kept


def test_weights_open_as_a_model_and_score_as_the_metrics_say(project):
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


def test_threads_and_determinism_are_as_before_afterwards(project):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    results(project, params_of(project, epochs=1, threads=before[0] + 1))
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_a_network_of_single_frames_trains_too(project):
    section = {"train": {"demo": {"tiny_frame2d": SETTINGS | {"epochs": 1}}}}
    params = write_params(project, **(SMALL | section))
    assert "weights.pt" in results(project, params, "tiny_frame2d")


def test_a_loss_that_is_no_number_names_the_learning_rate(project):
    with pytest.raises(StageError, match=r"lower train\.demo\.tiny_r2plus1d\.learning_rate"):
        results(project, params_of(project, learning_rate=1e30))


def test_what_cannot_be_trained_is_refused(project):
    params = params_of(project)
    with pytest.raises(SettingsError, match=r"train\.demo has no section 'i3d'"):
        train("demo", params, project, ["i3d"])
    unknown = write_params(project, **(SMALL | {"train": {"demo": {"nothing": SETTINGS}}}))
    with pytest.raises(SettingsError, match="unknown model 'nothing'"):
        train("demo", unknown, project, ["nothing"])


def test_clips_of_another_size_are_refused(project):
    layout, params = DatasetPaths(project, "demo"), params_of(project)
    spec = models.InputSpec(frames=16, size=96, mean=(0.5,) * 3, std=(0.5,) * 3)
    with pytest.raises(SettingsError, match=r"set decode\.pictures\.demo\.crop to 96"):
        read_examples(layout, "train", params, spec, MODEL)
    with pytest.raises(StageError, match="no usable clip of split 'test'"):
        read_examples(layout, "test", params, models.load(MODEL).input, MODEL)


def test_failed_clips_are_left_out(project, tmp_path):
    layout = DatasetPaths(tmp_path, "demo")
    rows = manifest.read_rows(DatasetPaths(project, "demo").manifest("clean"), schemas.CELLS)
    rows[0] |= {"status": "failed"}
    manifest.write(layout.manifest("clean"), rows, schemas.CELLS)
    examples = read_examples(
        layout, rows[0]["split"], params_of(project), models.load(MODEL).input, MODEL
    )
    same = [row for row in rows if row["split"] == rows[0]["split"]]
    assert [clip.key for clip in examples.clips] == [row["key"] for row in same[1:]]


def clip() -> np.ndarray:
    random = ClipRandom(1, "demo", "key", "synthesize", "0")
    return scenes.clip(scenes.scene(random, "moving left", 4, 64, 64))


def random(key: str) -> ClipRandom:
    return ClipRandom(1, "demo", key, "train", MODEL)


def test_crops_keep_shape_and_differ_by_clip():
    crops = [augment(clip(), (1.0, 0.875, 0.75, 0.66), False, random(str(n))) for n in range(20)]
    assert all(crop.shape == clip().shape and crop.dtype == np.uint8 for crop in crops)
    assert len({crop.tobytes() for crop in crops}) > 10
    again = augment(clip(), (1.0, 0.875, 0.75, 0.66), False, random("3"))
    assert np.array_equal(again, crops[3])


def test_flips_mirror_whole_clips_about_half_of_the_time():
    flipped = [augment(clip(), (1.0,), True, random(str(number))) for number in range(40)]
    mirrored = clip()[:, :, ::-1]
    count = sum(np.array_equal(some, mirrored) for some in flipped)
    assert 10 < count < 30
    assert all(np.array_equal(some, mirrored) or np.array_equal(some, clip()) for some in flipped)


def test_learning_rate_rises_then_falls_to_zero():
    settings = TrainSettings(**(SETTINGS | {"epochs": 10, "warmup_epochs": 2}))
    rates = [learning_rate(settings, epoch) for epoch in np.linspace(0, 10, 101)]
    assert 0 < rates[0] < rates[10] < rates[19] <= rates[20] == settings.learning_rate
    assert all(later <= earlier for earlier, later in zip(rates[20:], rates[21:], strict=False))
    assert math.isclose(rates[60], settings.learning_rate / 2)
    assert rates[-1] == 0


def command(root: Path, module: str = "pipeline", processes: int = 2) -> list[str]:
    """`torchrun -m MODULE train`, or without torchrun where there is one process."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    arguments = ["train", "--dataset", "demo", "--model", MODEL] if module == "pipeline" else []
    return [sys.executable, *(launcher if processes > 1 else []), "-m", module, *arguments]


def start(root: Path, *arguments: str, **options: int) -> "subprocess.Popen[str]":
    paths = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command(root, *arguments, **options),
        cwd=root,
        env=os.environ | paths,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(running: "subprocess.Popen[str]") -> str:
    _, told = running.communicate(timeout=120)
    assert running.returncode == 0, told
    return told


def test_two_processes_go_on_after_a_kill_to_the_same_weights(project):
    params_of(project, epochs=4, batch_size=3)
    folder = DatasetPaths(project, "demo").trained(MODEL)
    forget(project)
    finish(start(project))
    unbroken = tree(folder)
    assert json.loads(unbroken["recipe.json"])["processes"] == 2
    forget(project)
    running = start(project)
    while not (folder / "checkpoint.pt").is_file():
        assert running.poll() is None
        time.sleep(0.002)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert len(children) == 2
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    running.communicate(timeout=60)
    assert running.returncode != 0
    assert not (folder / "weights.pt").exists()
    finish(start(project))
    assert tree(folder) == unbroken


def test_the_share_of_each_process_counts_by_its_clips(project):
    # Batches of 3 and 1 clips for two processes: 2 and 1, then 1 and none.
    params_of(project, batch_size=3, epochs=2)
    trained = []
    for processes in (1, 2):
        forget(project)
        finish(start(project, "tests.support.train_without_norms", processes=processes))
        weights = torch.load(DatasetPaths(project, "demo").weights(MODEL), weights_only=True)
        trained.append((weights, json.loads((project / TRAINING).read_text())))
    for key, value in trained[0][0].items():
        torch.testing.assert_close(trained[1][0][key], value, rtol=1e-4, atol=1e-6)
    for name, value in trained[0][1][MODEL].items():
        assert trained[1][1][MODEL][name] == pytest.approx(value, abs=1e-4)


def as_images(root: Path, path: Path) -> dict[str, torch.Tensor]:
    """Write weights of the network's 2D form, as an ImageNet checkpoint would hold them."""
    fresh = models.load(MODEL).build(1000).state_dict()
    images = {
        key: torch.randn(value.shape[:2] + value.shape[3:]) if value.ndim == 5 else value
        for key, value in fresh.items()
    }
    torch.save({"state_dict": images}, path)
    return images


def test_starts_from_inflated_image_weights(project, tmp_path):
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


def test_a_start_that_does_not_fit_is_refused(project, tmp_path):
    with pytest.raises(SettingsError, match=r"train\.demo\.tiny_r2plus1d\.start: .* does not exi"):
        results(project, params_of(project, start="nothing.pth"))
    torch.save({"conv1.weight": torch.zeros(3, 3)}, tmp_path / "other.pth")
    with pytest.raises(SettingsError, match=r"conv1\.weight .* no such key"):
        results(project, params_of(project, start=str(tmp_path / "other.pth")))


def test_no_flip_where_a_mirror_changes_classes(project):
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


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_trains_nearly_the_same(project, precision):
    exact = json.loads(results(project, params_of(project))["metrics.json"])
    forget(project)
    params = write_params(project, **(changed() | {"machine": {"device": "cpu"}}))
    machine = params.machine.model_copy(update={"precision": precision})
    found = results(project, params.model_copy(update={"machine": machine}))
    assert json.loads(found["recipe.json"])["precision"] == precision
    mixed = json.loads(found["metrics.json"])
    assert mixed["train_loss"] != exact["train_loss"]
    assert mixed["train_loss"] == pytest.approx(exact["train_loss"], rel=0.05)
    forget(project)


def test_a_run_that_goes_on_elsewhere_says_so(project, monkeypatch, caplog):
    forget(project)
    params = params_of(project)
    one_epoch = loop._train_epoch

    def killed(*arguments: Any) -> tuple[float, float]:
        if arguments[5] == 1:
            raise KeyboardInterrupt
        return one_epoch(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop, "_train_epoch", killed)
        train("demo", params, project, [MODEL])
    machine = params.machine.model_copy(update={"precision": "bf16"})
    train("demo", params.model_copy(update={"machine": machine}), project, [MODEL])
    assert "weights will not be those of an unbroken run" in caplog.text
    forget(project)


def test_input_and_options_are_those_of_the_model_s_entry(project):
    spec = {"frames": 8, "size": 112, "mean": [0.5] * 3, "std": [0.5] * 3}
    section = {
        "train": {"demo": {"own": SETTINGS | {"epochs": 1, "warmup_epochs": 0}}},
        "models": {"demo": {"own": {"model": MODEL, "input": spec}}},
    }
    assert "weights.pt" in results(project, write_params(project, **(SMALL | section)), "own")
    section["models"]["demo"]["own"]["options"] = {"depth": 3}
    with pytest.raises(SettingsError, match=r"no options \['depth'\]"):
        results(project, write_params(project, **(SMALL | section)), "own")


def test_a_dataset_with_nothing_to_train_ends_well(project):
    values = yaml.safe_load((project / "params.yaml").read_text())
    values["models"]["demo"] = {MODEL: {"weights": "somewhere.pt"}}
    values["train"]["demo"] = {}
    (project / "empty.yaml").write_text(yaml.safe_dump(values))
    shutil.rmtree(project / "data/demo/train", ignore_errors=True)
    arguments = ["train", "--dataset", "demo", "--params", str(project / "empty.yaml")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (project / "data/demo/train").is_dir()
    assert json.loads((project / TRAINING).read_text()) == {}


def test_metrics_of_all_models_are_in_one_file(project):
    found = results(project, params_of(project))
    together = json.loads((project / TRAINING).read_text())
    assert together == {MODEL: json.loads(found["metrics.json"])}

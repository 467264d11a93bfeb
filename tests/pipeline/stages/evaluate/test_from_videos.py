"""Predictions straight from videos are those from shards, to the last bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import corruptions
from pipeline.errors import SettingsError
from pipeline.execution.ranks import ranks_of_torchrun
from pipeline.model_settings import ModelSettings
from pipeline.models.device import ComputeDevice
from pipeline.params import Params
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.evaluate.from_videos import complete
from pipeline.stages.evaluate.load import load_models
from pipeline.stages.filter import filter_clips
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.rows import CellRow, EvaluatedRow, PredictionRow
from pipeline.tools.verify.verify import verify
from tests.pipeline.stages.evaluate.test_evaluate import write_weights
from tests.support import clusters
from tests.support.project import REPOSITORY, make_project, tree, write_params

torch.set_num_threads(1)

MODELS = ("tiny_r2plus1d", "tiny_frame2d")
EXTENDED = ("gaussian_noise", "zoom_blur", "jpeg", "jumble", "freeze", "local_packet_loss")
ALL = (*corruptions.names(set="all14"), *EXTENDED)


def settings(names: Sequence[str], reads: str, **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "corruptions": list(names),
        "severities": [2, 5],
        "decode": {
            "pictures": {"demo": {"short_side": 120, "crop": 112}},
            "max_frames": 17,
            "allowed_failures": 1.0,
        },
        "corrupt": {"allowed_failures": 1.0},
        "models": {"demo": {name: {} for name in MODELS}},
        "machine": {"device": "cpu", "precision": "fp32", "batch_size": 2},
        "evaluate": {"frames": 16, "reads": reads},
    }
    for section, values in changes.items():
        base[section] = base.get(section, {}) | values
    return base


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven clips of 12 to 18 frames (one is too long), three per shard; nothing decoded yet."""
    root = tmp_path_factory.mktemp("project")
    params = make_project(root, num_clips=7, num_train=0, **settings(["fog"], "videos"))
    filter_clips(params, root, "demo")
    for name in MODELS:
        write_weights(root, name, 1)
    return root


def copy(project: Path, root: Path, names: Sequence[str], reads: str, **changes: Any) -> Params:
    """A copy of the project that corrupts some names."""
    if not root.exists():
        shutil.copytree(project, root)
    return write_params(root, **settings(names, reads, **changes))


def from_shards(params: Params, root: Path) -> None:
    decode(params, root, "demo")
    for name in params.corruptions:
        corrupt(params, root, "demo", name)
    evaluate(params, root, "demo")


def predictions(root: Path) -> dict[str, list[PredictionRow]]:
    """Rows of every model without the recipe."""
    found = {}
    for name in MODELS:
        path = DatasetPaths(root, "demo").predictions / f"{name}.parquet"
        rows = manifest.read_rows(path, schemas.PREDICTIONS)
        for row in rows:
            del row["recipe_hash"]
        found[name] = rows
    return found


def evaluated(root: Path, corruption: str) -> list[EvaluatedRow]:
    path = DatasetPaths(root, "demo").evaluated(corruption)
    return manifest.read_rows(path, schemas.EVALUATED)


@pytest.mark.parametrize(
    "codec", ["jpeg", *(pytest.param(one, marks=pytest.mark.slow) for one in ("ffv1", "h264"))]
)
def test_predictions_are_those_from_shards(project: Path, tmp_path: Path, codec: str) -> None:
    names = ALL if codec == "jpeg" else ("shot_noise", "frame_rate", "h264_crf")
    changes: dict[str, Any] = {"payload": {"codec": codec}}
    shards, videos = tmp_path / "shards", tmp_path / "videos"
    from_shards(copy(project, shards, names, "shards", **changes), shards)
    evaluate(copy(project, videos, names, "videos", **changes), videos, "demo")
    found = predictions(videos)
    assert found == predictions(shards)
    assert {row["status"] for row in found[MODELS[0]]} == {"ok", "failed"}
    assert not list(videos.rglob("*.tar"))


def test_without_a_payload_models_see_the_frames_as_corrupted(
    project: Path, tmp_path: Path
) -> None:
    """A lossless payload changes nothing, so that only the protocol differs."""
    names = ("shot_noise", "h264_crf")
    lossless, none = tmp_path / "lossless", tmp_path / "none"
    evaluate(copy(project, lossless, names, "videos", payload={"codec": "ffv1"}), lossless, "demo")
    params = copy(project, none, names, "videos", evaluate={"payload": "none"})
    evaluate(params, none, "demo")
    found, expected = predictions(none), predictions(lossless)
    for rows, others in zip(found.values(), expected.values(), strict=True):
        for row, other in zip(rows, others, strict=True):
            assert row.pop("protocol") == f"{other.pop('protocol')}, no payload"
            assert row == other
    assert verify("demo", params, none, samples=1000).problems == []
    (encoder,) = {row["encoder"] for row in evaluated(none, "shot_noise")}
    assert encoder == "no payload"


def test_records_are_those_of_manifests(project: Path, tmp_path: Path) -> None:
    """With few stored frames both ways make the same ones, so that even their hashes are equal."""
    names, changes = ("fog", "packet_loss"), {"corrupt": {"frames": 16, "allowed_failures": 1.0}}
    shards, videos = tmp_path / "shards", tmp_path / "videos"
    from_shards(copy(project, shards, names, "shards", **changes), shards)
    evaluate(copy(project, videos, names, "videos", **changes), videos, "demo")
    for name in names:
        path = DatasetPaths(shards, "demo").manifest(name)
        rows: list[CellRow] = manifest.read_rows(path, schemas.CELLS)
        columns = sorted(set(schemas.EVALUATED.names) & set(schemas.CELLS.names) - {"recipe_hash"})
        records = evaluated(videos, name)
        for record, row in zip(records, rows, strict=True):
            if row["status"] == "failed":  # a failed clean clip has no number of frames in shards
                row["num_frames_source"] = 18
            assert {column: record.get(column) for column in columns} == {
                column: row.get(column) for column in columns
            }


def test_hashes_are_of_the_frames_that_were_made(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    evaluate(copy(project, root, ["contrast"], "videos"), root, "demo")
    from_shards(copy(project, root, ["contrast"], "shards", payload={"codec": "ffv1"}), root)
    from pipeline.storage.payload import read_payload
    from pipeline.storage.shards import read_member

    evaluate(copy(project, root, ["contrast"], "videos", payload={"codec": "ffv1"}), root, "demo")
    stored = manifest.read_rows(DatasetPaths(root, "demo").manifest("contrast"), schemas.CELLS)
    for row, cell in zip(evaluated(root, "contrast"), stored, strict=True):
        if row["status"] != "ok":
            continue
        clip = read_payload(read_member(root / cell["shard"], cell["offset"], cell["size"]))
        made = np.ascontiguousarray(clip[row["frames"]])
        assert len(made) == min(16, row["num_frames"])
        assert sha256(made.data).hexdigest() == row["frames_sha256"]


def test_verify_proves_the_recorded_frames(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    params = copy(project, root, ["fog", "packet_loss"], "videos")
    evaluate(params, root, "demo")
    found = verify("demo", params, root, samples=1000)
    assert found.problems == []
    assert found.counts == {"records read": 7 * 5, "clips recomputed": 7 * 3}
    path = DatasetPaths(root, "demo").evaluated("fog")
    rows = manifest.read_rows(path, schemas.EVALUATED)
    rows[3]["frames_sha256"] = "0" * 64
    manifest.write(path, [*rows[:-1]], schemas.EVALUATED)
    found = verify("demo", params, root, samples=1000)
    kinds = sorted((problem.cell, problem.kind) for problem in found.problems)
    assert kinds == [("fog 2", "recomputed: different frames_sha256"), ("fog 5", "missing clip")]


def test_only_what_is_missing_is_computed(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    evaluate(copy(project, root, ["fog", "contrast"], "videos"), root, "demo")
    folder = root / "data/demo/evaluate"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    assert len(before) == 3 * 3 * 3, "parts of two models and the clips, of three units each"
    lost = DatasetPaths(root, "demo").unit_answers("tiny_frame2d", "fog", 1)
    whole = lost.read_bytes()
    lost.unlink()
    evaluate(copy(project, root, ["fog", "contrast"], "videos"), root, "demo")
    assert lost.read_bytes() == whole
    changed = {path for path in before if path.stat().st_mtime_ns != before[path]}
    assert changed == {lost, DatasetPaths(root, "demo").unit_clips("fog", 1)}


def test_parts_of_the_other_way_and_of_other_corruptions_go(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    from_shards(copy(project, root, ["fog", "contrast"], "shards"), root)
    once = predictions(root)
    evaluate(copy(project, root, ["fog"], "videos"), root, "demo")
    assert not list((root / "data/demo/evaluate").rglob("*contrast*"))
    assert not list((root / "data/demo/evaluate").rglob("fog-*.parquet"))
    evaluate(copy(project, root, ["fog", "contrast"], "shards"), root, "demo")
    assert predictions(root) == once
    assert not (root / "data/demo/evaluate/.clips").exists()


@pytest.mark.parametrize("reads", ["videos", "shards"])
def test_same_bytes_for_any_number_of_processes(project: Path, tmp_path: Path, reads: str) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    names = ["contrast", "h264_crf"]
    params = copy(project, one, names, reads, machine={"workers": 1})
    if reads == "shards":
        decode(params, one, "demo")
        for name in names:
            corrupt(params, one, "demo", name)
    shutil.copytree(one, two)
    evaluate(params, one, "demo")
    copy(project, two, names, reads, machine={"workers": 4})
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*launcher, "--nproc-per-node", "2", "-m", "pipeline", "evaluate", "-d", "demo"],
        cwd=two,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for folder in ("data/demo/evaluate", "manifests/demo/predictions"):
        assert tree(one / folder) == tree(two / folder)


def test_a_killed_run_resumes_to_the_same_bytes(project: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    evaluate(copy(project, whole, ["fog", "h265_crf"], "videos"), whole, "demo")
    copy(project, killed, ["fog", "h265_crf"], "videos", machine={"workers": 2})
    command = [sys.executable, "-m", "pipeline", "evaluate", "-d", "demo"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=killed, env=environment, start_new_session=True)
    folder = killed / "data/demo/evaluate"
    while process.poll() is None and not list(folder.rglob("*.parquet")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = {path: path.stat().st_mtime_ns for path in folder.rglob("0*.parquet")}
    assert 0 < len(done) < len(list((whole / "data/demo/evaluate").rglob("*.parquet")))
    subprocess.run(command, cwd=killed, env=environment, check=True)
    for name in ("data/demo/evaluate", "manifests/demo/predictions"):
        assert tree(killed / name) == tree(whole / name)
    kept = {path for path in done if ".clips" not in path.parts}
    assert all(path.stat().st_mtime_ns == done[path] for path in kept)


@pytest.mark.parametrize("backend", ["dask", pytest.param("ray", marks=pytest.mark.slow)])
def test_a_cluster_makes_the_same_bytes(project: Path, tmp_path: Path, backend: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    evaluate(copy(project, here, ["fog", "h264_crf"], "videos"), here, "demo")
    cluster = {"dask": clusters.dask_cluster, "ray": clusters.ray_cluster}[backend]
    with cluster(tmp_path) as address:
        machine = {"backend": backend, "address": address, "workers": 0}
        evaluate(
            copy(project, there, ["fog", "h264_crf"], "videos", machine=machine), there, "demo"
        )
    for name in ("data/demo/evaluate", "manifests/demo/predictions"):
        assert tree(there / name) == tree(here / name)


def test_a_source_that_fails_is_a_row_with_a_reason_in_every_cell(
    project: Path, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    evaluate(copy(project, root, ["fog", "h264_crf"], "videos"), root, "demo")
    for name in ("clean", "fog", "h264_crf"):
        failed = [row for row in evaluated(root, name) if row["status"] == "failed"]
        cells = 1 if name == "clean" else 2
        reason = "more than 17 frames" if name == "clean" else "clean clip: more than 17 frames"
        assert [row["reason"] for row in failed] == [reason] * cells


def test_a_model_that_fails_ends_for_itself(project: Path, tmp_path: Path) -> None:
    two, alone = tmp_path / "two", tmp_path / "alone"
    values = {"frames": 4, "size": 112, "mean": [0.45] * 3, "std": [0.2] * 3}
    nan = {"nan": {"model": "tests.support.own_model:not_a_number", "input": values}}
    params = copy(project, two, ["fog"], "videos", models={"demo": {MODELS[0]: {}, **nan}})
    with pytest.raises(SettingsError, match=r"logits are NaN(.|\n)*other models are complete"):
        evaluate(params, two, "demo")
    (written,) = (two / "manifests/demo/predictions").glob("*.parquet")
    assert written.stem == MODELS[0]
    assert len(manifest.read_rows(written, schemas.PREDICTIONS)) == 7 * 3
    params = copy(project, alone, ["fog"], "videos")
    params = params.model_copy(
        update={"models": {"demo": {"nan": ModelSettings.model_validate(nan["nan"])}}}
    )
    paths = DatasetPaths(alone, "demo")
    loaded, _ = load_models("demo", params, paths, 112)
    with ranks_of_torchrun(paths.lock("evaluate")) as ranks:
        _, failed = complete(params, paths, ComputeDevice("cpu", "fp32"), loaded, ranks)
    assert set(failed) == {"nan"}
    records = [paths.unit_clips("fog", unit).is_file() for unit in range(3)]
    assert records == [True, False, False], "without a model no further clip is made"


def test_the_record_for_dvc_names_what_the_predictions_are_made_of(
    project: Path, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    evaluate(copy(project, root, ["fog"], "videos"), root, "demo")
    record = json.loads((root / "data/evaluated/demo.json").read_text())
    assert set(record) == {
        "manifests/demo/clips.parquet",
        *(f"manifests/demo/predictions/{name}.parquet" for name in MODELS),
        *(f"manifests/demo/predictions/clips/{name}.parquet" for name in ("clean", "fog")),
    }
    for name, digest in record.items():
        assert sha256((root / name).read_bytes()).hexdigest() == digest

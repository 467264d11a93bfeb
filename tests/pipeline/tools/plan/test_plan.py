"""The plan of a run against the run itself, a few times larger."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from pipeline import models
from pipeline.__main__ import app
from pipeline.errors import SettingsError
from pipeline.model_settings import InputSettings, ModelSettings
from pipeline.models import catalog
from pipeline.params import Params
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.storage.paths import DatasetPaths
from pipeline.tools.plan.estimate import EstimateInterval
from pipeline.tools.plan.plan import Plan, StageEstimate, plan
from pipeline.tools.plan.survey import Survey, survey
from pipeline.tools.plan.tables import show
from pipeline.tools.plan.trial import cpu_seconds
from tests.support.project import (
    CLASSES,
    REPOSITORY,
    make_project,
    tree,
    video_id,
    write_annotations,
    write_classes,
    write_params,
)
from tests.support.videos import H264, make_video, moving_clip

CORRUPTIONS = ("fog", "frame_rate", "h264_crf", "packet_loss")
SPLITS = {"val": 28, "train": 9}
MEASURED = 7

ATTEMPTS = 3

Surveys = dict[str, Survey]
Costs = dict[str, tuple[float, int, int]]
"""CPU hours, bytes and shards by stage."""


def make_varied(root: Path) -> Params:
    """Clips of 24 to 60 frames, 128 x 96 or 256 x 192, with more or less noise."""
    write_classes(root)
    rng = np.random.default_rng(5)
    for split, count in SPLITS.items():
        names = [(CLASSES[number % 2], video_id(number, split)) for number in range(count)]
        write_annotations(root, split, [*names, (CLASSES[0], video_id(999, split))])
        for number, (_, name) in enumerate(names):
            scale = int(rng.integers(1, 3))
            clip = moving_clip(int(rng.integers(24, 61)), 96 * scale, 128 * scale, seed=number)
            noise = rng.integers(0, rng.integers(1, 64), clip.shape, dtype=np.uint8)
            clip = np.minimum(clip, 255 - noise) + noise
            make_video(root / f"data/demo/videos/{name}.mp4", *H264, clip=clip)
    return write_params(
        root,
        corruptions=list(CORRUPTIONS),
        severities=[1, 5],
        decode={"pictures": {"demo": {"short_side": 96, "crop": 80, "clips_per_shard": 4}}},
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Params]:
    root = tmp_path_factory.mktemp("varied")
    params = make_varied(root)
    # More frames than the protocol has, so that the model is not evaluated.
    model = ModelSettings(input=InputSettings(frames=64))
    return root, params.model_copy(update={"models": {"demo": {"tiny_r2plus1d": model}}})


@pytest.fixture(scope="module")
def surveys(project: tuple[Path, Params]) -> tuple[Surveys, Surveys]:
    """Before the filter stage, from annotations and a look at the videos; and after it."""
    root, params = project
    before, _ = survey("demo", params, root, np.random.default_rng(0))
    filter_clips(params, root, "demo")
    after, known = survey("demo", params, root, np.random.default_rng(0))
    assert known
    return before, after


@pytest.fixture(scope="module")
def planned(project: tuple[Path, Params], surveys: tuple[Surveys, Surveys]) -> Plan:
    root, params = project
    before = tree(root)
    made = plan("demo", params, root, clips=MEASURED)
    assert tree(root) == before, "a plan changes nothing"
    return made


@pytest.fixture(scope="module")
def paid(project: tuple[Path, Params], planned: Plan) -> Costs:
    return pay(*project)


@pytest.fixture(scope="module")
def measured(
    project: tuple[Path, Params], planned: Plan, paid: Costs
) -> Callable[[int], tuple[Plan, Costs]]:
    """A function of the number of the attempt: a plan and, right after it, the run."""

    @cache
    def measure(attempt: int) -> tuple[Plan, Costs]:
        if attempt == 0:
            return planned, paid
        root, params = project
        for folder in ("clean", "corrupted"):
            shutil.rmtree(root / "data/demo" / folder)
        return plan("demo", params, root, clips=MEASURED), pay(root, params)

    return measure


def pay(root: Path, params: Params) -> Costs:
    """Return CPU hours, bytes and shards of the real stages over all clips."""

    def run(stage: Callable[[], object], folder: Path) -> tuple[float, int, int]:
        start = cpu_seconds()
        stage()
        hours = (cpu_seconds() - start) / 3600
        sizes = [path.stat().st_size for path in folder.rglob("*.tar")]
        return hours, sum(sizes), len(sizes)

    data = root / "data/demo"
    found = {"clean": run(lambda: decode(params, root, "demo"), data / "clean")}
    for name in CORRUPTIONS:
        folder = data / "corrupted" / name
        found[name] = run(lambda name=name: corrupt(params, root, "demo", name), folder)
    hours, sizes, shards = (sum(one[part] for one in found.values()) for part in range(3))
    return found | {"total": (hours, int(sizes), int(shards))}


def stage_of(made: Plan, name: str) -> StageEstimate:
    (line,) = [one for one in (*made.stages, made.total) if one.name == name]
    return line


def holds(interval: EstimateInterval, value: float, slack: float = 1.0) -> bool:
    return interval.low / slack <= value <= interval.high * slack


@pytest.mark.parametrize("name", ["clean", *CORRUPTIONS, "total"])
def test_the_run_writes_the_bytes_and_shards_that_the_plan_said(
    planned: Plan, paid: Costs, name: str
) -> None:
    line = stage_of(planned, name)
    _, size, shards = paid[name]
    assert line.shards == shards
    assert holds(line.bytes, size)
    assert (line.bytes.high - line.bytes.low) < 0.75 * line.bytes.value


@pytest.mark.parametrize("name", ["clean", *CORRUPTIONS, "total"])
def test_the_run_takes_the_core_hours_that_the_plan_said(
    measured: Callable[[int], tuple[Plan, Costs]], name: str
) -> None:
    """A busy machine costs cache and clock rate, sometimes more: then both are measured again."""
    missed = []
    for attempt in range(ATTEMPTS):
        made, costs = measured(attempt)
        interval = stage_of(made, name).core_hours
        if holds(interval, costs[name][0], slack=1.6):
            return
        missed.append((interval, costs[name][0]))
    pytest.fail(f"{name}: {missed}")


def test_the_ways_to_evaluate_are_side_by_side(planned: Plan, paid: Costs) -> None:
    videos, whole, few = planned.ways
    names = ["reads: videos", "shards, frames: all", "shards, frames: 32"]
    assert [way.name for way in planned.ways] == names
    assert all(way.core_hours.value > 0 for way in planned.ways)
    assert videos.bytes.value == 0
    assert few.bytes.value < 0.9 * whole.bytes.value, "the clips have 24 to 60 frames"
    share = SPLITS["val"] / sum(SPLITS.values())
    size = share * paid["clean"][1] + sum(paid[name][1] for name in CORRUPTIONS)
    assert holds(whole.bytes, size, slack=1.3)


def test_clips_and_files_are_known_exactly_after_the_filter_stage(planned: Plan) -> None:
    assert planned.sizes_known
    assert planned.clips == SPLITS
    assert planned.measured == {"val": MEASURED, "train": MEASURED}
    assert planned.failed == 0
    assert planned.files == 2 * planned.total.shards == 2 * (8 + 3 + 4 * 2 * 8)
    assert planned.memory.longest_frames >= planned.memory.measured_frames > 40
    assert planned.fits_disk


def test_before_the_filter_stage_the_videos_are_looked_at(
    surveys: tuple[Surveys, Surveys],
) -> None:
    """Fewer clips than are opened: all of them are known, but those that are missing."""
    before, after = surveys
    for split, count in SPLITS.items():
        assert before[split].listed == after[split].listed == count + 1
        assert before[split].population.usable == after[split].population.usable == count
        known = after[split].clips.to_pylist()
        assert before[split].clips.to_pylist() == [one for one in known if one["source_path"]]


def test_a_model_that_cannot_be_asked_says_why(planned: Plan) -> None:
    (model,) = planned.evaluations
    assert model.hours is None
    assert "takes 64 frames, but evaluate.frames is 32" in model.reason
    (line,) = [part for part in show(planned) if isinstance(part, str) and "not timed" in part]
    assert model.reason in line


@pytest.mark.slow
def test_models_are_timed_with_or_without_weights(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    params = make_project(
        tmp_path,
        num_clips=16,
        corruptions=["contrast"],
        severities=[1, 5],
        decode={"pictures": {"demo": {"short_side": 120, "crop": 112}}},
    )
    filter_clips(params, tmp_path, "demo")
    (before,) = plan("demo", params, tmp_path, clips=3).evaluations
    assert not before.trained
    decode(params, tmp_path, "demo")
    corrupt(params, tmp_path, "demo", "contrast")
    weights = DatasetPaths(tmp_path, "demo").weights("tiny_r2plus1d")
    weights.parent.mkdir(parents=True)
    torch.save(models.load("tiny_r2plus1d").build(2).state_dict(), weights)
    (after,) = plan("demo", params, tmp_path, clips=3).evaluations
    assert after.trained
    assert after.petamac == before.petamac == pytest.approx(48 * gmac("tiny_r2plus1d") / 1e6)
    start = cpu_seconds()
    evaluate(params, tmp_path, "demo")
    hours = (cpu_seconds() - start) / 3600
    for told in (before, after):
        assert told.hours is not None
        assert holds(told.hours, hours, slack=4)  # few answers: opening the model is a part of it


def gmac(name: str) -> float:
    entry = models.load(name)
    return catalog.count(entry, 2, entry.input.frames, entry.input.size)[1] / 1e9


def test_the_command_prints_tables_or_json(project: tuple[Path, Params], tmp_path: Path) -> None:
    root, _ = project
    few = ["plan", "-d", "demo", "--clips", "3", "--no-models"]
    params = write_params(
        tmp_path,
        corruptions=["contrast"],
        severities=[1],
        filter={"sources": {"demo": {
            "videos": str(root / "data/demo/videos"),
            "annotations": str(root / "data/demo/annotations"),
            "classes": str(root / "manifests/classes/demo.csv"),
        }}},
    )  # fmt: skip
    assert params.corruptions == ("contrast",)
    few += ["--params", str(tmp_path / "params.yaml")]
    done = CliRunner().invoke(app, few)
    assert done.exit_code == 0, done.output
    for word in (
        "contrast",
        "core-minutes",
        "shards",
        "Memory",
        "Disk",
        "estimated",
        "reads: videos",
    ):
        assert word in done.stdout
    told = json.loads(CliRunner().invoke(app, [*few, "--json"]).stdout)
    assert [one["name"] for one in told["stages"]] == ["clean", "contrast"]
    assert told["fits_disk"] is True


def test_without_any_data_the_error_says_what_to_do() -> None:
    """The repository's own parameters: no video of Mini Kinetics is there."""
    file = str(REPOSITORY / "params.yaml")
    done = CliRunner().invoke(app, ["plan", "--dataset", "mini_kinetics", "--params", file])
    if (REPOSITORY / "data/mini_kinetics/videos").is_dir():
        pytest.skip("videos of Mini Kinetics are here")
    assert done.exit_code == 2
    assert "set filter.sources.mini_kinetics.videos in params.yaml" in done.stderr


def test_without_a_usable_clip_the_error_names_the_folder(tmp_path: Path) -> None:
    params = write_params(tmp_path)
    write_classes(tmp_path)
    for split in ("val", "train"):
        write_annotations(tmp_path, split, [(name, video_id(7, split)) for name in CLASSES[:1]]
                          + [(CLASSES[1], video_id(8, split))])  # fmt: skip
    (tmp_path / "data/demo/videos").mkdir()
    with pytest.raises(
        SettingsError,
        match="no usable clip of split .val.* looked for names such as .*there is no video file",
    ):
        plan("demo", params, tmp_path, clips=3)

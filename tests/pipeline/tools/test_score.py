"""One command from videos to a number, and the params.yaml that does the same."""

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.errors import SettingsError
from pipeline.params import load
from pipeline.tools.score import MACHINE, SECTIONS, ScoreRequest, score, settings_of
from tests.support.project import REPOSITORY, make_project

MODEL = "tests.support.declared_model:factory"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: ten listed videos, one of which is missing."""
    root = tmp_path_factory.mktemp("user")
    make_project(root, num_clips=10, num_train=0)
    (root / "params.yaml").unlink()
    next((root / "data/demo/videos").iterdir()).unlink()
    return root


def request(root: Path, **changes: object) -> ScoreRequest:
    values: dict[str, object] = {
        "videos": root / "data/demo/videos",
        "annotations": root / "data/demo/annotations/val.csv",
        "classes": root / "manifests/classes/demo.csv",
        "model": MODEL,
        "corruptions": "contrast,frame_rate",
        **changes,
    }
    return ScoreRequest(**values)  # type: ignore[arg-type] # checked where it is used


def test_the_command_gives_score_page_and_parameters(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = request(videos)
    arguments = ["--videos", asked.videos, "--annotations", asked.annotations]
    arguments += ["--classes", asked.classes, "--model", MODEL, "--corruptions", "contrast"]
    done = CliRunner().invoke(app, ["score", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    entry = json.loads((tmp_path / "score/report/metrics.json").read_text())["mini_kinetics"]
    (found,) = entry.values()
    low, high = found["mpc_ci95"]
    line = f"mPC {found['mpc']:.1f} % on .*, 95 % interval {low:.1f} to {high:.1f} .* over 9 of 10"
    assert re.search(line, done.output)
    assert (tmp_path / "score/report/index.html").stat().st_size > 0
    assert not list((tmp_path / "score").rglob("*.tar"))


def test_its_params_yaml_does_the_same(videos: Path, tmp_path: Path) -> None:
    from pipeline.stages.evaluate.evaluate import evaluate
    from pipeline.stages.report.report import report

    first = score(request(videos, clips=6), tmp_path)
    values = (tmp_path / "report/metrics.json").read_text()
    params = load(first.params)
    assert params.filter.sources["mini_kinetics"].clips == 6
    assert first.metrics["num_clips_listed"] == 6
    estimate = first.metrics["estimate"]
    low, high = estimate["mpc_ci95"]
    line = rf"mPC {estimate['mpc']:.1f} % .* {low:.1f} to {high:.1f} \({high - low:.1f} points wide"
    assert re.search(line, first.sentence)
    assert first.sentence.endswith("of 6 clips, a stratified sample of 10")
    page = first.page.read_text()
    assert "stratified sample of 10. Estimated mPC of all of them" in page
    assert f"{estimate['mpc']:.1f} ({low:.1f} to {high:.1f}, {high - low:.1f} points wide)" in page
    for name in ("report/metrics.json", "manifests/mini_kinetics/predictions"):
        path = tmp_path / name
        path.rename(path.with_name("before"))
    evaluate(params, tmp_path, "mini_kinetics")
    report(params, tmp_path)
    assert (tmp_path / "report/metrics.json").read_text() == values


def test_a_second_run_computes_nothing_again(videos: Path, tmp_path: Path) -> None:
    score(request(videos), tmp_path)
    parts = (tmp_path / "data/mini_kinetics/evaluate").rglob("*.parquet")
    times = {path: path.stat().st_mtime_ns for path in parts}
    assert times
    score(request(videos), tmp_path)
    assert all(path.stat().st_mtime_ns == when for path, when in times.items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotations": Path("list.txt")}, r"--annotations: unknown format \(got 'list.txt'\)"),
        ({"model": "i3d"}, "--weights: i3d has no weights of its own"),
        ({"corruptions": "fogg"}, "--corruptions: unknown corruption or set 'fogg'"),
    ],
)
def test_wrong_options_are_named(
    videos: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        score(request(videos, **changes), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "tiny_frame2", "weights": None}, "unknown model 'tiny_frame2' .did you mean"),
        ({"weights": Path("lost.pt")}, "lost.pt: no such weights"),
        ({"classes": Path("lost.csv")}, "lost.csv: no such file"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_named_before_videos_are_read(
    videos: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        score(request(videos, **changes), tmp_path)
    assert not list(tmp_path.rglob("clips.parquet"))


def test_parameters_of_the_user_are_not_overwritten(videos: Path, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("datasets: [mine]\n")
    with pytest.raises(SettingsError, match="params.yaml: not written by `score`"):
        score(request(videos), tmp_path)
    assert (tmp_path / "params.yaml").read_text() == "datasets: [mine]\n"


def test_the_protocol_is_that_of_the_repository(videos: Path) -> None:
    """Numbers of `score` can be compared with those of params.yaml."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    asked = settings_of(request(videos))
    for name in ("severities", "seed", "dialect", "payload", "report"):
        assert SECTIONS[name] == values[name], name
    assert SECTIONS["evaluate"] == values["evaluate"] | {"reads": "videos"}
    assert values["machine"] == MACHINE
    for name in ("min_frames", "max_pixels", "allowed_failures"):
        assert asked["filter"][name] == values["filter"][name], name
    for name in ("max_frames", "allowed_failures"):
        assert asked["decode"][name] == values["decode"][name], name
    for name in ("mini_kinetics", "mini_ssv2"):
        suffix = {"mini_kinetics": "csv", "mini_ssv2": "json"}[name]
        of_dataset = settings_of(request(videos, annotations=Path(f"a.{suffix}")))
        assert of_dataset["decode"]["pictures"][name] == values["decode"]["pictures"][name]
        assert of_dataset["corrupt"]["levels"][name] == values["corrupt"]["levels"][name]

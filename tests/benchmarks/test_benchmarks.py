"""Every benchmark explains itself and runs: at its smallest setting, whose numbers mean nothing."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import limits, options
from tests.support.project import REPOSITORY

FOLDER = REPOSITORY / "benchmarks"
SHARED = {"__init__", "options", "cpu_time", "synthetic_run"}
NAMES = sorted({path.stem for path in FOLDER.glob("*.py")} - SHARED)

NUMBER = r"\d+(\.\d+)?"
OUTPUT = {
    "bootstrap": [rf"ours: {NUMBER} s", rf"plain loop: {NUMBER} s"],
    "codecs": [rf"h264_crf .*{NUMBER}", rf"packet_loss .*{NUMBER}"],
    "evaluate": [rf"shot noise.*{NUMBER}x", rf"tiny_frame2d .*{NUMBER}x"],
    "imagecorruptions": [rf"snow .*{NUMBER}", rf"frost .*{NUMBER}"],
    "flat": [rf"decode .*{NUMBER}"],
    "limits": [rf"writing the parts.* {NUMBER} %", r"nothing changed"],
    "linear": [rf"decode .*{NUMBER}", rf"nothing to do .*{NUMBER}"],
    "memory": [rf"decode +\D *{NUMBER} \D *{NUMBER}", rf"h264_crf .*{NUMBER}"],
    "page": [rf"seconds until usable: {NUMBER}", rf"page MB: {NUMBER}"],
    "payload": [rf"FFV1 \(lossless\) .*{NUMBER}x", rf"H.264 CRF 18 .*{NUMBER}x"],
    "pixels": [rf"contrast .*{NUMBER} \.\. {NUMBER}", rf"motion_blur .*{NUMBER}"],
    "report": [rf"seconds per million predictions: {NUMBER}", rf"page MB: {NUMBER}"],
    "revisions": [rf"contrast .*{NUMBER}x .*equal"],
    "score": [rf"through shards .*{NUMBER}x", rf"contrast .*{NUMBER}", rf"h264_crf .*{NUMBER}x"],
    "stage": [rf"contrast .*{NUMBER} %", rf"h264_crf .*{NUMBER} %"],
}
"""What each prints at its smallest setting."""


def run(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=REPOSITORY,
        env={
            "COLUMNS": "160",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_benchmark_is_listed_here() -> None:
    assert sorted(OUTPUT) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_at_its_smallest_setting(name: str) -> None:
    printed = run(name, "--smallest")
    for pattern in OUTPUT[name]:
        assert re.search(pattern, printed), f"{pattern} is not in:\n{printed}"


def test_all_functions_of_the_limits_work(tmp_path: Path) -> None:
    """The smallest setting measures two of them."""
    for name, (function, _, _) in limits.WORKS.items():
        assert function(tmp_path, limits.CLIPS_PER_SHARD) >= 0, name
    assert limits.no_op(tmp_path, limits.CLIPS_PER_SHARD) == 5
    assert limits.read_some(tmp_path, limits.CLIPS_PER_SHARD) == 5 * limits.CLIPS_PER_SHARD


def test_the_scaling_to_a_second_worker_is_measured() -> None:
    printed = run("stage", "--smallest", "--scaling", "--corruptions", "contrast")
    assert re.search(rf"contrast .* -?{NUMBER}x", printed), printed


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_the_purpose_the_options_and_the_smallest_setting(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit, match="^0$"):
        module.main()
    printed = capsys.readouterr().out
    assert f"python -m benchmarks.{name}" in printed
    assert "--smallest" in printed
    assert all(f"--{option.replace('_', '-')} " in printed for option in module.SMALLEST)


def test_a_library_of_the_tests_that_is_missing_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "find_spec", lambda name: None if name == "skimage" else name)
    with pytest.raises(SystemExit, match="scikit-image is not installed; needed for .* -r tests/"):
        options.require("scikit-image", "the plain side")
    found = options.without_missing({"PyAV": 1, "scikit-image": 2}, "the reader")
    assert found == {"PyAV": 1}
    assert "Without the reader scikit-image: not installed." in capsys.readouterr().out

"""Progress is a line per minute in a log, and moves with clips, not with tasks."""

import re
import sys
import time
from pathlib import Path

import pytest

from pipeline.execution import progress, ticks
from pipeline.execution.pool import run_tasks
from pipeline.execution.progress import progress_bar, without_bars
from pipeline.params import load
from pipeline.settings import MachineSettings
from tests.support.project import REPOSITORY

LINE = r"work: (\d+) of 6 clips, \d+\.\d clips/(?:s|min), (\d+ min left|time unknown)"


def machine(workers: int) -> MachineSettings:
    settings = load(REPOSITORY / "params.yaml").machine
    return settings.model_copy(update={"workers": workers, "backend": "loky"})


def slowly(clips: int) -> int:
    """A task of some clips, which it counts."""
    for _ in range(clips):
        time.sleep(0.1)
        ticks.clip_done()
    return clips


@pytest.mark.parametrize("workers", [1, 2])
def test_a_log_gets_lines_that_count_clips_of_unfinished_tasks(
    workers: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.05)
    assert list(run_tasks(slowly, [6], machine(workers), "work", lambda clips: clips)) == [6]
    lines = capsys.readouterr().err.splitlines()
    counts = [int(found[1]) for line in lines if (found := re.fullmatch(LINE, line))]
    assert len(counts) == len(lines)
    assert counts == sorted(counts)
    assert set(counts) & {1, 2, 3, 4, 5}, "one task, but its clips are counted"
    assert counts[-1] == 6


def test_a_run_shorter_than_a_minute_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert progress.LINE_SECONDS == 60
    list(run_tasks(slowly, [1, 1], machine(1), "work"))
    assert capsys.readouterr().err == ""


def test_clips_done_before_are_in_the_count_but_not_in_the_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bar = progress_bar("work", 1000, done=400)
    with bar as advance:
        advance(100)
        assert bar.completed == 500
        bar._start = time.monotonic() - 10
        bar._write_line()
    line = capsys.readouterr().err.splitlines()[0]
    assert line == "work: 500 of 1,000 clips, 10.0 clips/s, 1 min left"


def test_hours_are_hours() -> None:
    assert progress._duration(59 * 60) == "59 min"
    assert progress._duration(7260) == "2 h 1 min"


def test_a_speed_below_one_clip_per_second_is_per_minute() -> None:
    assert progress._speed(0.05) == "3.0 clips/min"
    assert progress._speed(12.34) == "12.3 clips/s"


def test_a_bar_moves_with_clips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(progress, "BAR_SECONDS", 0.01)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    counter = tmp_path / "counter"
    counter.touch()
    bar = progress_bar("work", 10, counter=counter)
    with bar, ticks.counting(counter):
        ticks.clip_done(3)
        time.sleep(0.3)
        assert bar._bar.tasks[0].completed == 3


def test_nothing_is_shown_inside_without_bars(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.01)
    with without_bars():
        list(run_tasks(slowly, [2], machine(1), "work"))
    assert capsys.readouterr().err == ""


def test_without_a_temporary_file_tasks_still_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nothing"))
    assert list(run_tasks(slowly, [1, 2], machine(1), "work")) == [1, 2]


def test_a_counter_that_disappears_harms_nothing(tmp_path: Path) -> None:
    with ticks.counting(tmp_path / "gone"):
        ticks.clip_done()
    assert ticks.count(tmp_path / "gone") == 0

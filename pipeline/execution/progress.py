"""Progress of a run on stderr: a bar in a terminal, a line per minute in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Event, Thread
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from . import ticks

BAR_SECONDS, LINE_SECONDS = 0.5, 60.0
"""Seconds between two updates of a bar, and between two lines of a log."""


class _Rate(ProgressColumn):
    """Column with the clips per second of this run."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(_speed(speed) if speed else "- clips/s", style="cyan")


_shown: ContextVar[bool] = ContextVar("shown", default=True)


@contextmanager
def without_bars() -> Iterator[None]:
    """Hide progress inside the block, for many small runs within a larger one."""
    token = _shown.set(False)
    try:
        yield
    finally:
        _shown.reset(token)


class progress_bar:  # noqa: N801 - used as a function
    """Progress of `total` clips, of which `done` were complete before; call its value to advance.

    `counter` is the file in which workers count the clips of unfinished tasks (see `ticks`).
    """

    def __init__(self, label: str, total: int, done: int = 0, counter: Path | None = None) -> None:
        console = Console(stderr=True)
        self._label, self._total, self._done = label, total, done
        self._counter = counter
        self._finished = 0
        self._stop = Event()
        self._thread: Thread | None = None
        self._lines = not console.is_terminal
        self._written = False
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            disable=self._lines or not _shown.get(),
            speed_estimate_period=120,
        )
        self._task = self._bar.add_task(label, total=total, completed=done)

    def __enter__(self) -> Callable[[int], None]:
        self._start = time.monotonic()
        self._bar.start()
        if _shown.get():
            self._thread = Thread(target=self._watch, name="progress", daemon=True)
            self._thread.start()
        return self._advance

    def __exit__(self, *details: Any) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._lines and self._written:  # a log that has lines also gets the last one
            self._write_line()
        self._update()
        self._bar.stop()

    @property
    def completed(self) -> int:
        """Completed clips: those of finished tasks, or more if workers counted more."""
        counted = max(self._finished, ticks.count(self._counter))
        return min(self._total, self._done + counted)

    def _advance(self, count: int) -> None:
        self._finished += count
        self._update()

    def _update(self) -> None:
        self._bar.update(self._task, completed=self.completed)

    def _watch(self) -> None:
        while not self._stop.wait(LINE_SECONDS if self._lines else BAR_SECONDS):
            if self._lines:
                self._write_line()
            else:
                self._update()

    def _write_line(self) -> None:
        completed = self.completed
        self._written = True
        seconds = time.monotonic() - self._start
        rate = (completed - self._done) / seconds if seconds else 0.0
        left = f"{_duration((self._total - completed) / rate)} left" if rate else "time unknown"
        text = f"{self._label}: {completed:,} of {self._total:,} clips, {_speed(rate)}, {left}"
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _speed(rate: float) -> str:
    """Format clips per second; per minute if the speed is below one per second."""
    return f"{rate:.1f} clips/s" if rate >= 1 or not rate else f"{60 * rate:.1f} clips/min"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"

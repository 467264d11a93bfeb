"""Progress bar on stderr with the rate in clips per second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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


class _Rate(ProgressColumn):
    """Column with the clips per second of this run."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} clips/s" if speed else "- clips/s", style="cyan")


_shown: ContextVar[bool] = ContextVar("shown", default=True)


@contextmanager
def without_bars() -> Iterator[None]:
    """Hide progress bars inside the block, for many small runs within a larger one."""
    token = _shown.set(False)
    try:
        yield
    finally:
        _shown.reset(token)


class progress_bar:  # noqa: N801 - used as a function
    """Progress bar on stderr; hidden if stderr is not a terminal."""

    def __init__(self, label: str, total: int, done: int = 0) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            disable=not (console.is_terminal and _shown.get()),
            speed_estimate_period=120,
        )
        self._task = self._progress.add_task(label, total=total, completed=done)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return lambda count: self._progress.advance(self._task, count)

    def __exit__(self, *details: Any) -> None:
        self._progress.stop()

"""End with the process that started this one: its kill must leave nobody at work.

A worker whose stage was killed would go on, and write shards of old parameters beside a new run.
"""

import _thread
import os
import signal
import time

SECONDS = 0.5
"""Time between two looks."""


def end_with_parent(parent: int, number: signal.Signals) -> None:
    """Send this process a signal as soon as `parent`, now its parent, is no more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS)
        os.kill(os.getpid(), number)

    # Thread.start would wait indefinitely for a thread that lacks the memory to begin.
    _thread.start_new_thread(watch, ())

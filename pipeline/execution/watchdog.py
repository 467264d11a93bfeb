"""Watchdog: terminates this process when its parent dies, so that a killed run leaves no workers.

A worker that outlives its stage would write shards of old parameters beside a new run.
"""

import _thread
import os
import signal
import time

SECONDS = 0.5
"""Time between two checks."""


def end_with_parent(parent: int, number: signal.Signals) -> None:
    """Send `number` to this process when the process `parent`, now its parent, ends."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS)
        os.kill(os.getpid(), number)

    # Thread.start would wait indefinitely for a thread that lacks the memory to begin.
    _thread.start_new_thread(watch, ())

"""Scheduling priority of a process, kept while a library opens that would change it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

THREADS = Path("/proc/self/task")
"""Linux: a folder per thread of this process, named by its id."""


@contextmanager
def priority_kept() -> Iterator[None]:
    """Restore the scheduling policy of this thread, and give it to threads started meanwhile.

    Run by root, SVT-AV1 gives the thread that opens it, and its own threads, the highest real-time
    priority, which the caller keeps: from then on it takes the CPU from every other process.
    """
    if not THREADS.is_dir():  # other systems than Linux, where SVT-AV1 does not do so
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    before = set(THREADS.iterdir())
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)
        for thread in set(THREADS.iterdir()) - before:
            try:
                os.sched_setscheduler(int(thread.name), policy, parameters)
            except ProcessLookupError:  # it has ended
                continue

"""CPU time of this process, of its children, and of programs."""

import os
import resource
import subprocess
from pathlib import Path


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the child processes that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cpu_of(*command: str, cwd: Path) -> float:
    """Run a program and return the CPU seconds of it and of all processes that it started."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, env=environment)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def init_dvc(root: Path) -> None:
    """Set up DVC without git, with the cache type of the repository."""
    cpu_of("dvc", "init", "--no-scm", "--quiet", cwd=root)
    cpu_of("dvc", "config", "cache.type", "hardlink,copy", cwd=root)

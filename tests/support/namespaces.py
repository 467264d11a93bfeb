"""A small or full /dev/shm for one process and its children, in a mount namespace of its own."""

import ctypes
import os
import subprocess
from functools import cache

import pytest

CLONE_NEWNS = 0x00020000


def small_shared_memory(size: str, full: bool = False) -> None:
    """Give this process a /dev/shm of its own, such as of 1m; `full` fills it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    for arguments in (
        ("--make-rprivate", "/"),
        ("-t", "tmpfs", "-o", f"size={size}", "tmpfs", "/dev/shm"),  # noqa: S108 - meant
    ):
        subprocess.run(["mount", *arguments], check=True)
    if full:
        place = os.statvfs("/dev/shm")  # noqa: S108 - meant
        with open("/dev/shm/filled", "wb") as file:  # noqa: PTH123, S108 - meant
            file.write(bytes(place.f_bavail * place.f_frsize))


@cache
def _works() -> bool:
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"]  # noqa: S108 - meant
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def require_namespaces() -> None:
    """Skip the test where this user must not mount."""
    if not _works():
        pytest.skip("no right to mount a /dev/shm of one's own")

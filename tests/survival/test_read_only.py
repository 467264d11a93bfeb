"""An output folder that may not be written to: one clear line, and nothing else happens."""

import ctypes
import os

import pytest

from tests.survival.running import start
from tests.survival.stages import STAGES, Stages
from tests.survival.test_no_room import ROOM

CAPABILITIES = 0x20080522  # version 3 of the kernel's structure: two times three words
SECURE_NOROOT = 0b11
PR_SET_SECUREBITS = 28


def without_root_rights() -> None:
    """Be bound by the permissions of files even as root."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_SECUREBITS, SECURE_NOROOT)
    header, nothing = (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    assert libc.capset(header, nothing) == 0, os.strerror(ctypes.get_errno())


@pytest.mark.parametrize("stage", ROOM)
def test_a_read_only_folder_is_one_clear_line(stages: Stages, stage: str) -> None:
    root = stages.copy(stage)
    folder = root / ROOM[stage][0]
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o555)
    # The filter stage looks at the rights of all stages before it begins.
    said = start(root, STAGES[stage], without_root_rights).fail(2 if stage == "filter" else 1)
    assert "Permission denied" in said
    folder.chmod(0o755)
    stages.check_wholeness(stage, root)
    stages.finish(stage, root)

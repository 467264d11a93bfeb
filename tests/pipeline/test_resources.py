"""Errors of the machine end the run; errors of a clip do not."""

import errno
import resource
import subprocess
import sys

import pytest

from pipeline.errors import StageError
from pipeline.resources import ENOUGH_BYTES, check_machine, memory_is_short, out_of_memory
from tests.support.project import REPOSITORY


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.ESTALE])
def test_an_error_of_the_machine_ends_the_run(number: int) -> None:
    with pytest.raises(StageError, match="run the same command again to resume"):
        check_machine(OSError(number, "x"))


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOENT, "x"), OSError(errno.EIO, "x"), ValueError("x"), MemoryError()]
)
def test_an_error_of_a_clip_does_not(error: BaseException) -> None:
    """A request for more memory than there is says nothing while a moderate one succeeds."""
    check_machine(error)


def test_exhausted_memory_is_noticed_and_ends_the_run() -> None:
    assert not memory_is_short()
    code = (
        "import resource\n"
        "from pipeline.errors import StageError\n"
        "from pipeline.resources import check_machine, memory_is_short\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({ENOUGH_BYTES}, {ENOUGH_BYTES}))\n"
        "assert memory_is_short()\n"
        "try:\n"
        "    check_machine(MemoryError())\n"
        "except StageError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(out_of_memory())
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != ENOUGH_BYTES


def test_the_message_says_what_to_change() -> None:
    assert "with a smaller machine.workers" in str(out_of_memory("decode: out of memory"))

"""Reading ahead: in order, no further than needed, and errors arrive as they are."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import torch

from pipeline.errors import StageError
from pipeline.execution.prefetch import AHEAD, read_ahead


def square(number: int) -> torch.Tensor:
    if number == 7:
        raise StageError("shard 7 is damaged")
    return torch.tensor(number * number)


@pytest.mark.parametrize("workers", [0, 2])
def test_in_order(workers: int) -> None:
    assert [int(x) for x in read_ahead(square, range(6), workers)] == [0, 1, 4, 9, 16, 25]
    assert list(read_ahead(square, [], workers)) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_arrives_as_it_is_after_what_came_before(workers: int) -> None:
    reading = read_ahead(square, [1, 2, 7, 3], workers)
    assert [int(next(reading)), int(next(reading))] == [1, 4]
    with pytest.raises(StageError, match=r"^shard 7 is damaged$"):
        next(reading)


def test_a_thread_reads_while_the_caller_works_but_not_far_ahead() -> None:
    read: list[int] = []
    enough = threading.Event()

    def note(number: int) -> int:
        read.append(number)
        if len(read) == 1 + AHEAD:
            enough.set()
        return number

    reading: Iterator[Any] = read_ahead(note, range(100), 0)
    with closing(reading):  # type: ignore[type-var] # a generator
        assert next(reading) == 0
        assert enough.wait(10), "nothing was read ahead"
        assert read == list(range(1 + AHEAD))
    assert len(read) <= 2 + AHEAD

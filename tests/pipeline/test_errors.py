"""Every exception crosses processes with its message."""

import inspect
import pickle

import pytest

from pipeline import errors

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


def test_all_kinds_are_looked_at() -> None:
    assert errors.TransientClipError in KINDS
    assert all(issubclass(kind, Exception) for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_survive_pickling(kind: type[Exception]) -> None:
    error = pickle.loads(pickle.dumps(kind("words")))  # noqa: S301 - our own bytes
    assert (type(error), str(error)) == (kind, "words")


def test_a_transient_error_is_one_of_a_clip() -> None:
    assert issubclass(errors.TransientClipError, errors.ClipError)

"""Validation of levels and timings that params.yaml gives to corruptions."""

from collections.abc import Sequence

import numpy as np

import corruptions
from corruptions.timing import check_timed
from corruptions.types import Dialect, Level, UndecodableError

from .messages import did_you_mean


def check_levels(name: str, levels: Sequence[Level], dialect: Dialect) -> None:
    """Raise ValueError if a corruption refuses one of its levels, found on a small clip."""
    _check_known("custom_levels", name)
    clip = np.zeros((2, 128, 128, 3), np.uint8)
    for level in levels:
        try:
            corruptions.corrupt(clip, name, None, key="check", level=level, dialect=dialect)
        except UndecodableError:
            pass  # a heavy loss is a valid level
        except (ValueError, TypeError) as error:
            like = corruptions.load(name).levels["mini_kinetics"][0]
            raise ValueError(
                f"corrupt.custom_levels.{name}: {level} is not a level of it ({error}); levels "
                f"look like {like}"
            ) from None


def check_timing(name: str, dialect: Dialect) -> None:
    """Raise ValueError if a corruption cannot act on a part of a clip."""
    _check_known("timing", name)
    try:
        check_timed(corruptions.load(name, dialect))
    except ValueError as error:
        raise ValueError(f"corrupt.timing.{name}: {error}") from None


def unknown_corruption(name: str) -> str:
    """Return the message for a name that no corruption has."""
    hint = did_you_mean(name, corruptions.names())
    if name in corruptions.SETS:
        hint = f" (it is a set; list its corruptions: {', '.join(corruptions.SETS[name])})"
    return f"unknown corruption {name!r}{hint}; choose from {', '.join(corruptions.names())}"


def _check_known(key: str, name: str) -> None:
    if name not in corruptions.names():
        raise ValueError(f"corrupt.{key}: {unknown_corruption(name)}")

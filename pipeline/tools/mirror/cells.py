"""Cells of a mirror: corruptions at severities or at one level, checked before the work starts."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

import corruptions
from corruptions.registry import load
from corruptions.timing import Timing, check_timed
from corruptions.types import Dialect

from ...datasets.native_video import NativeCell
from ...errors import SettingsError
from ...messages import one_line


def cells_of(
    names: Sequence[str],
    severities: Sequence[int],
    *,
    level: Any = None,
    timing: Timing | None = None,
    dialect: Dialect = "ours",
    table: str = "mini_kinetics",
    seed: int = 0,
) -> list[NativeCell]:
    """Return the cells of some corruptions at some severities, or of one at a level.

    Raises
    ------
    SettingsError
        If a corruption does not exist in the dialect, cannot act at the level, or cannot act on a
        part of a video.

    """
    if not names or not (severities or level is not None):
        raise SettingsError("--corruption, --severity: nothing to do; name at least one of each.")
    make = partial(NativeCell, timing=timing, dialect=dialect, table=table, seed=seed)
    if level is None:
        cells = [make(name, severity) for name in names for severity in severities]
    elif len(names) > 1:
        raise SettingsError(
            f"--level: is the parameter of one corruption (got {len(names)}); name one."
        )
    elif timing is not None:
        raise SettingsError("--level: cannot change over time; give a severity with the timing.")
    else:
        cells = [make(names[0], 0, level)]
    for cell in cells:
        _check(cell)
    return cells


def _check(cell: NativeCell) -> None:
    """Try a cell on a clip of grey pictures."""
    try:
        if cell.timing is not None:
            check_timed(load(cell.corruption, cell.dialect))
        if cell.level is not None or cell.dialect == "original":
            corruptions.corrupt(
                np.full((4, 66, 66, 3), 128, np.uint8),
                cell.corruption,
                cell.severity or None,
                key="check",
                dialect=cell.dialect,
                table=cell.table,
                level=cell.level,
            )
        else:
            cell.load()
    except (ValueError, TypeError) as error:
        raise SettingsError(f"--corruption {cell.corruption}: {one_line(error)}") from error


def read_level(text: str) -> Any:
    """Return the level in a text: a number, a fraction such as 25/2, or several with commas."""
    parts = [_number(part.strip()) for part in text.split(",")]
    return parts[0] if len(parts) == 1 else tuple(parts)


def _number(text: str) -> int | float | Fraction:
    for kind in (int, float, Fraction):
        try:
            return kind(text)
        except (ValueError, ZeroDivisionError):
            continue
    raise SettingsError(
        f"--level: not a number (got {text!r}); give a number, a fraction such as 25/2, or several "
        "with commas."
    )

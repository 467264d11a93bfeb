"""Answers of another program: one per clip and cell, as a table states it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SettingsError
from ...messages import quoted
from ...storage.schemas import CLEAN

PLACE = ("key", "corruption", "severity")

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as its file states it."""

    where: str
    """File and row, for messages."""
    key: str
    corruption: str
    severity: int
    """0 for the clean set."""
    prediction: object
    """Class name, class_id or letter of a choice; None if the file leaves it empty."""
    label: object = None
    """Class of the clip according to the file; None if the file does not state it."""
    confidence: float | None = None
    logits: Logits | None = None
    """(classes,), in the order of the class list."""
    choices: tuple[str, ...] = ()
    """Class names of a question of multiple choice."""
    is_from_label: bool = False
    """True if `prediction` is the column `label` of a table without any other answer."""
    is_free_text: bool = False
    """True if a text that is not a class is a wrong answer, not an error of the file."""


def table_answer(where: str, row: Mapping[str, Any], answer: str) -> Answer:
    """Return the answer of a row of a table, which is in the column `answer`."""
    key, corruption, severity = place_of(where, row)
    choices = row.get("choices")
    if isinstance(choices, str):
        choices = _parsed(where, "choices", choices)
    return Answer(
        where=where,
        key=key,
        corruption=corruption,
        severity=severity,
        prediction=None if answer == "logits" else or_none(row.get(answer)),
        label=None if answer == "label" else or_none(row.get("label")),
        confidence=_confidence(where, row.get("confidence")),
        logits=_logits(where, row.get("logits")),
        choices=tuple(map(str, choices or ())),
        is_from_label=answer == "label",
        is_free_text=bool(choices),
    )


def place_of(where: str, row: Mapping[str, Any]) -> tuple[str, str, int]:
    """Return key, corruption and severity."""
    key, corruption, severity = (or_none(row.get(name)) for name in PLACE)
    if key is None or corruption is None:
        raise SettingsError(f"{where}: key or corruption is empty; give both in every row.")
    if severity is None and corruption == CLEAN:
        severity = 0
    try:
        number = float(severity)
        if number != int(number):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise SettingsError(
            f"{where}: severity is {quoted(severity)}; it must be a whole number, 0 for clean."
        ) from None
    return str(key), str(corruption), int(number)


def _confidence(where: str, value: Any) -> float | None:
    value = or_none(value)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 1:
        raise SettingsError(f"{where}: confidence is {quoted(value)}; it must be in 0..1.")
    return number


def _logits(where: str, value: Any) -> Logits | None:
    value = or_none(value)
    if value is None:
        return None
    if isinstance(value, str):
        value = _parsed(where, "logits", value)
    try:
        found = np.asarray(value, np.float32)
    except (TypeError, ValueError):
        found = np.empty(0, np.float32)
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise SettingsError(f"{where}: logits are {quoted(value)}; they must be finite numbers.")
    return found


def _parsed(where: str, name: str, text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise SettingsError(f"{where}: {name} is {quoted(text)}; it must be a JSON list.")
    return found


def or_none(value: Any) -> Any:
    """Return None for values that tables use for empty ones."""
    empty = value is None or (isinstance(value, str) and not value.strip())
    return None if empty or (isinstance(value, float) and np.isnan(value)) else value

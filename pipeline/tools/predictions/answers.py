"""Answers of another program, read from Parquet, CSV or JSON Lines.

Files have one row per clip and cell: `key`, `corruption`, `severity` and the answer. JSON Lines may
also be the samples that lmms-eval logs for the tasks of `export lmms_eval`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ...datasets.class_list import read_csv
from ...errors import SettingsError
from ...io.text import read_text
from ...messages import did_you_mean, one_line, quoted
from ...storage.manifest_checks import MAX_ROWS
from ...storage.schemas import CLEAN

HINT = "correct the path"
PLACE = ("key", "corruption", "severity")
BATCH = 4096

Logits = NDArray[np.float32]


@dataclass(frozen=True)
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


def read_answers(path: Path) -> list[Answer]:
    """Return the answers of a file.

    `prediction` is the answer. Without such a column `logits` are, and without these `label` is;
    beside them `label` is the class of the clip.

    Raises
    ------
    SettingsError
        If the file cannot be read, or lacks a column or a value.

    """
    readers = {".parquet": _parquet_rows, ".csv": _csv_rows, ".jsonl": _json_rows}
    if path.suffix.lower() not in readers:
        raise SettingsError(
            f"{path}: unknown format (got {path.suffix!r}); give Parquet, CSV or JSON Lines "
            f"({', '.join(readers)})."
        )
    rows = list(readers[path.suffix.lower()](path))
    if not rows:
        raise SettingsError(f"{path}: has no row.")
    if all("doc" in row and "filtered_resps" in row for _, row in rows):
        return [_sample(where, row) for where, row in rows]
    columns = set[str]().union(*(row for _, row in rows))
    missing = [name for name in PLACE if name not in columns]
    answer = next((name for name in ("prediction", "logits", "label") if name in columns), None)
    if missing or answer is None:
        raise SettingsError(
            f"{path}: columns are missing (got {', '.join(sorted(columns))}); needed are "
            f"{', '.join(PLACE)} and one of prediction, logits and label."
            f"{did_you_mean(missing[0], columns) if missing else ''}"
        )
    return [_answer(where, row, answer) for where, row in rows]


def _answer(where: str, row: Mapping[str, Any], answer: str) -> Answer:
    key, corruption, severity = _place(where, row)
    choices = row.get("choices")
    if isinstance(choices, str):
        choices = _parsed(where, "choices", choices)
    return Answer(
        where=where,
        key=key,
        corruption=corruption,
        severity=severity,
        prediction=None if answer == "logits" else _or_none(row.get(answer)),
        label=None if answer == "label" else _or_none(row.get("label")),
        confidence=_confidence(where, row.get("confidence")),
        logits=_logits(where, row.get("logits")),
        choices=tuple(map(str, choices or ())),
        is_from_label=answer == "label",
        is_free_text=bool(choices),
    )


def _sample(where: str, row: Mapping[str, Any]) -> Answer:
    """Return an answer that lmms-eval logged."""
    document = row["doc"]
    if not isinstance(document, dict) or not {*PLACE, "label"} <= set(document):
        raise SettingsError(
            f"{where}: its doc lacks {', '.join((*PLACE, 'label'))}; import samples of tasks that "
            "`export lmms_eval` wrote, or give a table with these columns."
        )
    key, corruption, severity = _place(where, document)
    answer = row["filtered_resps"]
    while isinstance(answer, list):
        answer = answer[0] if answer else None
    return Answer(
        where=where,
        key=key,
        corruption=corruption,
        severity=severity,
        prediction=_or_none(answer),
        label=document["label"],
        choices=tuple(map(str, document.get("choices") or ())),
        is_free_text=True,
    )


def _place(where: str, row: Mapping[str, Any]) -> tuple[str, str, int]:
    key, corruption, severity = (_or_none(row.get(name)) for name in PLACE)
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
    value = _or_none(value)
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
    value = _or_none(value)
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


def _or_none(value: Any) -> Any:
    """Return None for values that tables use for empty ones."""
    empty = value is None or (isinstance(value, str) and not value.strip())
    return None if empty or (isinstance(value, float) and np.isnan(value)) else value


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise ValueError(f"more than {MAX_ROWS} rows")
            for batch in file.iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number}", row
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SettingsError(
            f"{path}: cannot be read as Parquet ({one_line(error)}); {HINT} or the file."
        ) from error


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, row in enumerate(read_csv(path, (), HINT), 2):
        yield f"{path}, line {number}", row


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(read_text(path, HINT).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{where}: invalid JSON: {one_line(error)}.") from error
        if not isinstance(row, dict):
            raise SettingsError(f"{where}: is {quoted(row)}; it must be an object.")
        yield where, row

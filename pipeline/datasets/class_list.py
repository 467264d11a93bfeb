"""Class lists, and reading of CSV files, also for annotations.

A class list is a CSV with the columns class_id and class_name; ids count from 0.
"""

import csv
import io
from collections import Counter
from pathlib import Path

from ..class_names import plain
from ..errors import SettingsError
from ..io.text import read_text
from ..messages import quoted

HINT = "put the official annotation file there or correct params.yaml: filter.sources"
MAX_NAME = 200
"""Longest class name, in characters."""


def read_classes(path: Path) -> list[str]:
    """Return the class names in the order of their ids, which must be 0, 1, 2, ..."""
    rows = read_csv(path, ("class_id", "class_name"))
    for number, row in enumerate(rows):
        if row["class_id"] != str(number):
            raise SettingsError(
                f"{path}, line {number + 2}: class_id is {quoted(row['class_id'])}, not {number}; "
                "ids count from 0 in the order of the file."
            )
        name = row["class_name"]
        if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
            raise SettingsError(
                f"{path}, line {number + 2}: class_name is {quoted(name)}; it must be 1 to "
                f"{MAX_NAME} characters that can be printed."
            )
    names = [row["class_name"] for row in rows]
    no_twins(path, "class", [plain(name) for name in names])
    if not names:
        raise SettingsError(f"{path}: lists no class.")
    return names


def read_csv(path: Path, columns: tuple[str, ...], hint: str = HINT) -> list[dict[str, str]]:
    """Return the rows of a CSV file whose header has at least `columns`.

    `hint` ends the message for a file that cannot be read.
    """
    text = read_text(path, hint)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = list(reader.fieldnames or [])
        rows = list(reader)
    except csv.Error as error:
        raise SettingsError(f"{path}, line {reader.reader.line_num}: {error}.") from error
    missing = [column for column in columns if column not in header]
    if missing:
        raise SettingsError(
            f"{path}: the header is {quoted(','.join(header))}; columns are missing: "
            f"{', '.join(missing)}."
        )
    if twins := [column for column in columns if header.count(column) > 1]:
        raise SettingsError(f"{path}: duplicate column names in the header: {', '.join(twins)}.")
    for number, row in enumerate(rows, 2):
        if None in row or any(row[column] is None for column in columns):
            fields = sum(row[column] is not None for column in header) + len(row.get(None) or ())
            raise SettingsError(
                f"{path}, line {number}: has {fields} fields, the header has {len(header)}."
            )
    return rows


def no_twins(path: Path, what: str, names: list[str]) -> None:
    """Raise SettingsError if a name is listed more than once."""
    twins = [name for name, count in Counter(names).items() if count > 1]
    if twins:
        raise SettingsError(
            f"{path}: duplicated {what}: {', '.join(twins[:5])}"
            f"{f' and {len(twins) - 5} more' if len(twins) > 5 else ''}; every {what} must be "
            "listed once."
        )

"""Class lists, and the CSV reading that they share with annotations.

A class list is a CSV with the columns class_id and class_name; ids count from 0.
"""

import csv
from collections import Counter
from pathlib import Path

from pipeline.errors import SettingsError


def read_classes(path: Path) -> list[str]:
    """Class names in the order of their ids; the ids must be 0, 1, 2, ..."""
    rows = read_csv(path, ("class_id", "class_name"))
    for number, row in enumerate(rows):
        if row["class_id"] != str(number):
            raise SettingsError(
                f"{path}, line {number + 2}: class_id is {row['class_id']!r}, not {number}; "
                "ids count from 0 in the order of the file."
            )
    names = [row["class_name"] for row in rows]
    no_twins(path, "class", names)
    if not names:
        raise SettingsError(f"{path}: lists no class.")
    return names


def read_csv(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    text = read_text(path)
    reader = csv.DictReader(text.splitlines(), strict=True)
    header = reader.fieldnames or []
    missing = [column for column in columns if column not in header]
    if missing:
        raise SettingsError(
            f"{path}: the header is {','.join(header)!r}; columns are missing: "
            f"{', '.join(missing)}."
        )
    try:
        rows = list(reader)
    except csv.Error as error:
        raise SettingsError(f"{path}, line {reader.line_num}: {error}.") from error
    for number, row in enumerate(rows, 2):
        if None in row or any(row[column] is None for column in columns):
            raise SettingsError(
                f"{path}, line {number}: has another number of fields than the header."
            )
    return rows


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}); put the official annotation file there "
            "or correct params.yaml: filter.sources."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is no UTF-8 text: {error}.") from error


def no_twins(path: Path, what: str, names: list[str]) -> None:
    twins = [name for name, count in Counter(names).items() if count > 1]
    if twins:
        raise SettingsError(
            f"{path}: {what} listed twice: {', '.join(twins[:5])}"
            f"{f' and {len(twins) - 5} more' if len(twins) > 5 else ''}; every {what} must be "
            "listed once."
        )

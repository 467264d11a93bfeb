"""Mapping of a model's outputs to the classes of the benchmark, always by name.

A model of all 400 Kinetics or 174 Something-Something classes is evaluated on the 200 or 87 of the
benchmark: its logits are restricted to these classes.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..messages import one_line

if TYPE_CHECKING:
    from torch import nn

ID_COLUMNS = ("class_id", "id", "index", "label_id")
NAME_COLUMNS = ("class_name", "name", "label", "label_name")


def read_labels(path: Path) -> list[str]:
    """Read the names of a model's outputs.

    Parameters
    ----------
    path
        A .txt with one name per line; a .csv with a column for the number and one for the name,
        such as id,name; or a .json with a list of names, an object from name to number or from
        number to name.

    Returns
    -------
    list[str]
        Names in the order of the outputs.

    Raises
    ------
    SettingsError
        If the file does not exist, cannot be read, or its numbers are not 0, 1, 2, ...

    """
    if not path.is_file():
        raise SettingsError(f"labels {path} do not exist; give a .txt, .csv or .json file.")
    try:
        return _read(path)
    except RecursionError:
        raise SettingsError(f"labels {path}: nested too deeply.") from None
    except (ValueError, TypeError, OSError, csv.Error) as error:
        raise SettingsError(f"labels {path}: cannot be read: {one_line(error)}.") from error


def _read(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".txt":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if path.suffix == ".csv":
        return _in_order(_csv_rows(text, path), path)
    if path.suffix != ".json":
        raise SettingsError(f"labels {path}: expected a file ending in .txt, .csv or .json.")
    content = json.loads(text)
    if isinstance(content, list):
        return [str(name) for name in content]
    if not isinstance(content, dict):
        raise SettingsError(f"labels {path}: expected a list of names, or numbers by name.")
    return _in_order([_number_and_name(item, path) for item in content.items()], path)


def outputs_of_classes(labels: Sequence[str], class_names: Sequence[str], model: str) -> list[int]:
    """Return the index of the model's output for each class.

    Names match regardless of case, quotes, square brackets, and `_` or spaces between words.

    Parameters
    ----------
    labels
        Names of the model's outputs, in order.
    class_names
        Names of the benchmark's classes, in order.
    model
        Name of the model, for messages.

    Returns
    -------
    list[int]
        One index into `labels` per class.

    Raises
    ------
    SettingsError
        If a label occurs twice or a class has no label.

    """
    indices: dict[str, int] = {}
    for index, label in enumerate(labels):
        if indices.setdefault(plain(label), index) != index:
            raise SettingsError(f"model {model!r}: duplicate label {label!r}.")
    missing = [name for name in class_names if plain(name) not in indices]
    if missing:
        some = ", ".join(repr(name) for name in missing[:5])
        raise SettingsError(
            f"model {model!r}: its {len(labels)} labels lack {len(missing)} of {len(class_names)} "
            f"classes: {some}{' ...' if len(missing) > 5 else ''}; give the list of labels that it "
            "was trained with."
        )
    return [indices[plain(name)] for name in class_names]


def plain(name: str) -> str:
    """Return a class name without the differences between its spellings."""
    return " ".join(re.sub(r"[\[\]\"'`_]", " ", name).casefold().split())


def restricted(module: nn.Module, outputs: Sequence[int]) -> nn.Module:
    """Return `module` restricted to some of its outputs, in the given order."""
    # Imported late: it needs torch.
    from .adapters import Restricted

    return Restricted(module, outputs)


def _csv_rows(text: str, path: Path) -> list[tuple[int, str]]:
    rows = list(csv.DictReader(text.splitlines()))
    columns = rows[0].keys() if rows else ()
    number = next((column for column in ID_COLUMNS if column in columns), None)
    name = next((column for column in NAME_COLUMNS if column in columns), None)
    if number is None or name is None:
        raise SettingsError(
            f"labels {path}: expected a column of {ID_COLUMNS} and one of {NAME_COLUMNS}."
        )
    if any(row[number] is None or row[name] is None for row in rows):
        raise SettingsError(f"labels {path}: a line has fewer fields than the header.")
    return [(int(row[number]), row[name]) for row in rows]


def _number_and_name(item: tuple[str, Any], path: Path) -> tuple[int, str]:
    key, value = item
    if isinstance(value, str) and not key.isdigit() and value.isdigit():
        return int(value), key  # Something-Something: {"Holding something": "30"}
    if isinstance(value, int):
        return value, key
    if isinstance(value, str) and key.isdigit():
        return int(key), value
    raise SettingsError(f"labels {path}: {key!r}: {value!r} expected a number and a name.")


def _in_order(rows: list[tuple[int, str]], path: Path) -> list[str]:
    rows = sorted(rows)
    if [number for number, _ in rows] != list(range(len(rows))):
        raise SettingsError(f"labels {path}: numbers must run from 0 to {len(rows) - 1}.")
    return [name for _, name in rows]

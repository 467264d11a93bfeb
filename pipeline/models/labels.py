"""Mapping of a model's outputs to the classes of the benchmark, always by name.

A model of all 400 Kinetics or 174 Something-Something classes is evaluated on the 200 or 87 of the
benchmark: its logits are restricted to these classes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..class_names import plain
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


def read_aliases(path: Path) -> dict[str, list[str]]:
    """Read other names of classes, such as those of later editions of a data set.

    Parameters
    ----------
    path
        CSV with the columns class_name, alias and source.

    Returns
    -------
    dict[str, list[str]]
        Aliases by class name, both in plain spelling; empty if the file does not exist.

    Raises
    ------
    SettingsError
        If the file cannot be read or one alias is of several classes.

    """
    if not path.is_file():
        return {}
    aliases: dict[str, list[str]] = {}
    owners: dict[str, str] = {}
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (ValueError, OSError, csv.Error) as error:
        raise SettingsError(f"{path}: cannot be read: {one_line(error)}.") from error
    for number, row in enumerate(rows, 2):
        name, alias = row.get("class_name"), row.get("alias")
        if not name or not alias or not row.get("source"):
            raise SettingsError(f"{path}, line {number}: expected class_name, alias and source.")
        if owners.setdefault(plain(alias), plain(name)) != plain(name):
            raise SettingsError(f"{path}, line {number}: {alias!r} is an alias of two classes.")
        aliases.setdefault(plain(name), []).append(plain(alias))
    return aliases


def outputs_of_classes(
    labels: Sequence[str],
    class_names: Sequence[str],
    model: str,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> list[int]:
    """Return the index of the model's output for each class.

    Names match regardless of their spelling (`class_names.plain`); a class that no label names is
    looked up by its aliases.

    Parameters
    ----------
    labels
        Names of the model's outputs, in order.
    class_names
        Names of the benchmark's classes, in order.
    model
        Name of the model, for messages.
    aliases
        Other names of classes (`read_aliases`).

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
    others = aliases or {}
    outputs = {
        name: next(
            (indices[one] for one in (plain(name), *others.get(plain(name), ())) if one in indices),
            None,
        )
        for name in class_names
    }
    missing = [name for name, index in outputs.items() if index is None]
    if missing:
        some = ", ".join(repr(name) for name in missing[:5])
        raise SettingsError(
            f"model {model!r}: its {len(labels)} labels lack {len(missing)} of {len(class_names)} "
            f"classes: {some}{' ...' if len(missing) > 5 else ''}; give the list of labels that it "
            "was trained with (a model that was not trained on a class cannot be evaluated on it)."
        )
    found = [index for index in outputs.values() if index is not None]
    if len(set(found)) != len(class_names):
        raise SettingsError(
            f"model {model!r}: two classes are one of its labels; correct its labels or the list "
            "of aliases."
        )
    return found


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

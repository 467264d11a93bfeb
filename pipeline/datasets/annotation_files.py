"""Annotation files: search under the names that distributions give them; JSON lists of clips."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..io.text import read_json
from ..messages import quoted
from .class_list import HINT

ROLES = {"val": "val|validate|validation", "validate": "val|validate|validation",
         "validation": "val|validate|validation"}  # fmt: skip
"""Names of the same split."""

PATTERNS = {
    "kinetics": r"(?:(?:kinetics|k)[-_]?(?:400|600|700)?(?:[-_]2020)?[-_])?({role})\.(?:csv|txt)",
    "ssv2": r"(?:something-something-v2-)?({role})\.json",
}
"""Names of annotation files by format; `role` is a split or `labels`."""

ROLE = re.compile(r"(train|val|validate|validation|test|labels)\.[a-z]+$")


def find_file(folder: Path, name: str, format_: str) -> Path:
    """Return an annotation file: of that name, or the only one with another name for the same.

    The folder and those directly inside it are searched, since archives often contain a folder.

    Raises
    ------
    SettingsError
        If there is no such file, or if several files with other names fit.

    """
    exact = folder / name
    if exact.exists() or exact.is_symlink():
        return exact
    here = sorted(path for path in folder.glob("*") if path.is_file() or path.is_dir())
    files = [path for path in here if path.is_file()]
    files += [path for one in here if one.is_dir() for path in sorted(one.iterdir())]
    pattern = re.compile(_pattern(name, format_), re.IGNORECASE)
    found = [path for path in files if path.is_file() and pattern.fullmatch(path.name)]
    if len(found) > 1:
        names = ", ".join(quoted(path.relative_to(folder).as_posix()) for path in found)
        raise SettingsError(
            f"{exact}: no such file, and several others fit (got {names}); name one of them in "
            "params.yaml: filter.sources, or move the others away."
        )
    if not found:
        raise SettingsError(f"{exact}: no such file, also under its other names; {HINT}.")
    return found[0]


def _pattern(name: str, format_: str) -> str:
    """Return a regular expression for the names that a file may have."""
    role = ROLE.search(name.lower())
    exact = re.escape(Path(name).name)
    if role is None or format_ not in PATTERNS:
        return exact
    roles = ROLES.get(role[1], role[1])
    return f"{exact}|{PATTERNS[format_].replace('{role}', roles)}"


def read_clips(path: Path, *fields: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a JSON list with their place for messages.

    Raises
    ------
    SettingsError
        If the file is not a list of objects that have these fields.

    """
    rows = read_json(path, HINT)
    if not isinstance(rows, list):
        raise SettingsError(f"{path}: must be a list of clips.")
    for number, row in enumerate(rows):
        where = f"{path}, entry {number}"
        if not isinstance(row, dict) or not set(fields) <= set(row):
            raise SettingsError(f"{where}: must have {' and '.join(f'`{f}`' for f in fields)}.")
        yield where, row

"""Lists of videos: text, CSV, TSV, JSON or JSONL files with a column of paths."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import SettingsError
from ...io.text import read_json, read_text
from ...messages import did_you_mean, one_line, quoted
from .sources import SourceFiles, SourceVideo

SUFFIXES = (".txt", ".csv", ".tsv", ".jsonl", ".json")
"""Extensions of lists."""

PATH_COLUMN = "path"


def read_list(
    path: Path, root: Path, *, path_column: str = PATH_COLUMN, key_column: str | None = None
) -> SourceFiles:
    """Return the videos of a list, each once.

    Parameters
    ----------
    path
        The list: a path per line (.txt), or rows with a column of paths.
    root
        Folder that relative paths start from and that all videos are below.
    path_column
        Name of the column of paths.
    key_column
        Column that names the random numbers of a video; None takes the path below `root`.

    Raises
    ------
    SettingsError
        If the list cannot be read, lacks a column, or names a path outside of the folder.

    """
    found: dict[str, SourceVideo] = {}
    for place, row in _rows(path):
        if path_column not in row:
            raise SettingsError(
                f"{path}: {place}: no column {path_column!r}"
                f"{did_you_mean(path_column, map(str, row))} (got {', '.join(map(str, row))}); "
                "name the column with --path-column."
            )
        relative = _relative(str(row[path_column]), root, f"{path}: {place}")
        key = relative
        if key_column is not None:
            if row.get(key_column) in (None, ""):
                raise SettingsError(
                    f"{path}: {place}: no value in column {key_column!r}; correct the list or "
                    "--key-column."
                )
            key = str(row[key_column])
        video = found.setdefault(relative, SourceVideo(relative, root / relative, key))
        if video.key != key:
            raise SettingsError(
                f"{path}: {place}: {quoted(relative)} has the keys {quoted(video.key)} and "
                f"{quoted(key)}; give each video one."
            )
    if not found:
        raise SettingsError(f"{path}: no rows; give a list of videos.")
    return SourceFiles(root, sorted(found.values()))


def _relative(text: str, root: Path, where: str) -> str:
    """Return a path of a list below the root."""
    whole = Path(text)
    if whole.is_absolute():
        if not whole.is_relative_to(root.absolute()):
            raise SettingsError(
                f"{where}: {quoted(text)} is not below {root}; name the folder with --root."
            )
        text = whole.relative_to(root.absolute()).as_posix()
    parts = PurePosixPath(text).parts
    if not parts or ".." in parts or "\0" in text:
        raise SettingsError(
            f"{where}: {quoted(text)} does not name a file below {root}; correct the list or "
            "--root."
        )
    return PurePosixPath(text).as_posix()


def _rows(path: Path) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Yield the rows of a list, each with its place for messages."""
    kind = path.suffix.lower()
    if kind == ".json":
        values = read_json(path)
        if not isinstance(values, list):
            raise SettingsError(f"{path}: not a JSON list; give a list of objects with a path.")
        for number, value in enumerate(values, 1):
            yield f"item {number}", _object(value, f"{path}: item {number}")
    elif kind in (".csv", ".tsv"):
        yield from _table(path, "," if kind == ".csv" else "\t")
    else:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            where = f"line {number}"
            if line.strip():
                yield where, {PATH_COLUMN: line} if kind == ".txt" else _json(line, path, where)


def _table(path: Path, delimiter: str) -> Iterator[tuple[str, dict[Any, Any]]]:
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter=delimiter)
    try:
        for row in reader:
            yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise SettingsError(f"{path}: line {reader.line_num}: {one_line(error)}.") from error


def _json(line: str, path: Path, where: str) -> dict[Any, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: {where}: invalid JSON: {one_line(error)}.") from error
    return _object(value, f"{path}: {where}")


def _object(value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: not a JSON object (got {quoted(value)}); correct the list.")
    return value

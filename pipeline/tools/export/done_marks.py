"""Completion markers: the files written per shard and their recipe; written last.

A repeated export skips the shards whose marker matches. Only files listed in a marker are ever
removed.
"""

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...errors import StageError
from ...io.atomic import write_text
from .task import ExportTask, File

_NAME = re.compile(r"([A-Za-z0-9_-]+/)?[A-Za-z0-9_-]+(\.[a-z0-9]+)?")


def begin(task: ExportTask) -> None:
    """Mark a shard as incomplete, keeping the list of the files of an older recipe."""
    if task.mark.is_file():
        _write(task.mark, "", read(task.mark))


def write(task: ExportTask, files: list[File]) -> None:
    """Record the files of a task; remove those of an older recipe that are not among them."""
    now = {file.name for file in files}
    _remove(task.folder, [file for file in read(task.mark) if file.name not in now])
    _write(task.mark, task.recipe, files)


def read(mark: Path) -> list[File]:
    """Return the files of a shard; none if it has no marker."""
    return [File(**file) for file in _content(mark).get("files", [])]


def is_done(task: ExportTask) -> bool:
    """Return True if a task's files exist and were written by the current recipe."""
    if _content(task.mark).get("recipe") != task.recipe:
        return False
    return all(_size(task.folder / file.name) == file.size for file in read(task.mark))


def forget_others(folder: Path, marks: Path, known: Iterable[Path]) -> None:
    """Remove the files of shards that a cell no longer has."""
    for mark in sorted(set(marks.glob("*.json")) - set(known)):
        _remove(folder, read(mark))
        mark.unlink()


def _write(mark: Path, recipe: str, files: list[File]) -> None:
    content = {"recipe": recipe, "files": [asdict(file) for file in files]}
    write_text(mark, json.dumps(content, separators=(",", ":")) + "\n")


def _content(mark: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(mark.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise StageError(f"{mark}: not a completion marker ({error}); delete it.") from error
    return content


def _size(path: Path) -> int | None:
    if path.is_dir():
        return sum(1 for _ in path.iterdir())
    return path.stat().st_size if path.exists() else None


def _remove(folder: Path, files: Iterable[File]) -> None:
    for file in files:
        if not _NAME.fullmatch(file.name):
            raise StageError(
                f"{folder}: a completion marker lists a file that no export wrote "
                f"(got {file.name!r}); delete its folder .done and export again."
            )
        path = folder / file.name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

"""Marks: which files a shard became, by which recipe; written last, so that they are all there.

An export that is run again skips the shards whose mark is true. Only files that a mark names are
ever removed.
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
    """Say that a shard is being written; what an older recipe made is still known."""
    if task.mark.is_file():
        _write(task.mark, "", read(task.mark))


def write(task: ExportTask, files: list[File]) -> None:
    """Say what a task made; remove what an older recipe made and this one did not."""
    now = {file.name for file in files}
    _remove(task.folder, [file for file in read(task.mark) if file.name not in now])
    _write(task.mark, task.recipe, files)


def read(mark: Path) -> list[File]:
    """Files of a shard; none if there is no mark."""
    return [File(**file) for file in _said(mark).get("files", [])]


def is_done(task: ExportTask) -> bool:
    """Whether a task's files are there, made by today's recipe."""
    if _said(task.mark).get("recipe") != task.recipe:
        return False
    return all(_size(task.folder / file.name) == file.size for file in read(task.mark))


def forget_others(folder: Path, marks: Path, known: Iterable[Path]) -> None:
    """Remove what came out of shards that a cell no longer has."""
    for mark in sorted(set(marks.glob("*.json")) - set(known)):
        _remove(folder, read(mark))
        mark.unlink()


def _write(mark: Path, recipe: str, files: list[File]) -> None:
    said = {"recipe": recipe, "files": [asdict(file) for file in files]}
    write_text(mark, json.dumps(said, separators=(",", ":")) + "\n")


def _said(mark: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(mark.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise StageError(f"{mark}: no readable mark ({error}); remove it.") from error
    return said


def _size(path: Path) -> int | None:
    if path.is_dir():
        return sum(1 for _ in path.iterdir())
    return path.stat().st_size if path.exists() else None


def _remove(folder: Path, files: Iterable[File]) -> None:
    for file in files:
        if not _NAME.fullmatch(file.name):
            raise StageError(f"{folder}: a mark names {file.name!r}, which no export wrote.")
        path = folder / file.name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

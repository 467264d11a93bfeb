"""Files of the input folder that are not videos: left away, linked or copied."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import SettingsError
from ...io.atomic import atomic
from .sources import SourceFiles


@dataclass(frozen=True)
class OtherFile:
    """A file and its place in the mirror."""

    source: Path
    output: Path


def planned(found: SourceFiles, folders: Sequence[Path], how: str) -> list[OtherFile]:
    """Return the files to place in every folder of a cell; none if they are to be left."""
    if how == "leave":
        return []
    return [
        OtherFile(path, folder / relative) for folder in folders for relative, path in found.others
    ]


def check_free(files: Sequence[OtherFile], how: str) -> None:
    """Raise SettingsError if another file is in the place of one of them."""
    for one in files:
        if (one.output.exists() or one.output.is_symlink()) and not _is_there(one, how):
            raise SettingsError(
                f"{one.output}: already exists and is not the file of the input; name another "
                "folder, or overwrite it with --force."
            )


def place(files: Sequence[OtherFile], how: str) -> None:
    """Link or copy the files that are not there yet."""
    for one in files:
        if _is_there(one, how):
            continue
        one.output.parent.mkdir(parents=True, exist_ok=True)
        if how == "link":
            one.output.unlink(missing_ok=True)
            one.output.symlink_to(one.source.resolve())
            continue
        with atomic(one.output) as temporary:
            shutil.copy2(one.source, temporary)


def _is_there(one: OtherFile, how: str) -> bool:
    if how == "link":
        return one.output.is_symlink() and one.output.resolve() == one.source.resolve()
    if one.output.is_symlink() or not one.output.is_file():
        return False
    made, source = one.output.stat(), one.source.stat()
    return (made.st_size, made.st_mtime_ns) == (source.st_size, source.st_mtime_ns)

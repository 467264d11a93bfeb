"""Source files of a mirror: the videos below a folder, and its other files."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...datasets.file_names import EXTENSIONS
from ...errors import SettingsError
from ...messages import quoted

OUTSIDE = "a link to a place outside of the folder; --follow-links follows it"


@dataclass(frozen=True, order=True)
class SourceVideo:
    """One video of a mirror."""

    relative: str
    """Path below the input folder, with slashes; the output has it too."""
    path: Path = field(compare=False)
    key: str = field(compare=False)
    """Name of the random numbers."""


@dataclass
class SourceFiles:
    """Files below the input folder, in alphabetical order."""

    root: Path
    videos: list[SourceVideo] = field(default_factory=list)
    others: list[tuple[str, Path]] = field(default_factory=list)
    """Files that are not videos: path below the folder, and path."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Paths below the folder that are not read, and why."""


def is_video(name: str) -> bool:
    """Return True if a file has the extension of a container that is read."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS  # noqa: PTH122 - any text


def find_sources(root: Path, *, follow_links: bool) -> SourceFiles:
    """Return the files below a folder.

    Links to places inside the folder are followed, those that point outside only with
    `follow_links`. Folders that contain themselves by way of a link are entered once.
    """
    if not root.is_dir():
        raise SettingsError(f"IN: not a folder (got {str(root)!r}); give a folder or a list.")
    found = SourceFiles(root)
    base = root.resolve()
    for path in _walk(root, base, follow_links, found, (base,)):
        relative = _name(path, root)
        if path.is_symlink() and not follow_links and not path.resolve().is_relative_to(base):
            found.refused.append((relative, OUTSIDE))
        elif is_video(path.name):
            found.videos.append(SourceVideo(relative, path, relative))
        elif path.is_file():
            found.others.append((relative, path))
    return found


def _walk(
    folder: Path, base: Path, follow_links: bool, found: SourceFiles, above: tuple[Path, ...]
) -> Iterator[Path]:
    """Yield the files below a folder; `above` are the real folders on the way to it."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise SettingsError(
            f"{folder}: the folder cannot be read ({error.strerror}); correct its rights."
        ) from error
    for path in entries:
        if not path.is_dir():
            yield path
            continue
        real = path.resolve()
        if not follow_links and not real.is_relative_to(base):
            found.refused.append((_name(path, found.root), OUTSIDE))
        elif real not in above:
            yield from _walk(path, base, follow_links, found, (*above, real))


def _name(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SettingsError(
            f"{quoted(name)}: the name is not valid UTF-8, so that no manifest can hold it; rename "
            "the file or its folder."
        ) from None
    return name

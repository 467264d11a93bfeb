"""Search for the video file of a listed clip under the names that distributions use."""

import os
from collections import defaultdict, deque
from collections.abc import Iterator
from heapq import nsmallest
from pathlib import Path
from typing import NoReturn

from ..errors import SettingsError
from ..messages import quoted
from .annotations import ListedClip

SHOWN = 3
"""Number of file names in a message."""

EXTENSIONS = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v")


def search_hint(videos: Path, key: str) -> str:
    """Describe a search that failed: a file name that was looked for, and names that are there."""
    wanted = f"looked for names such as {quoted(f'{key}.mp4')} below {videos}"
    found = FileFinder(videos).examples(SHOWN)
    if found:
        return f"{wanted}, where the files have names such as {', '.join(map(quoted, found))}"
    others = nsmallest(SHOWN, (name for _, names in _walk(videos) for name in names))
    there = ", ".join(map(quoted, others)) or "none at all"
    return f"{wanted}, where there is no video file ({', '.join(EXTENSIONS)}); files: {there}"


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every folder below `root` once, with its file names; folders before linked ones."""
    seen: set[tuple[int, int]] = set()
    waiting = deque([str(root)])
    while waiting:
        for folder, folders, names in os.walk(waiting.popleft(), onerror=_refuse):
            status = os.stat(folder)  # noqa: PTH116 - 300,000 Path objects are slow
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders.sort()
            paths = (os.path.join(folder, name) for name in folders)  # noqa: PTH118 - as above
            waiting.extend(filter(os.path.islink, paths))
            yield folder, names


def _refuse(error: OSError) -> NoReturn:
    raise SettingsError(
        f"{error.filename}: the folder cannot be read ({error.strerror}); correct its rights, or "
        "move it out of the folder of the videos."
    ) from error


class FileFinder:
    """Index of the video files below a folder, by id; flat or in class folders.

    Linked folders are followed; a folder that is reached twice, as in a loop of links, is indexed
    once.
    """

    def __init__(self, root: Path) -> None:
        self._by_id: dict[str, list[str]] = defaultdict(list)
        for folder, names in _walk(root):
            for name in names:
                stem, extension = os.path.splitext(name)  # noqa: PTH122 - 300,000 Path objects are slow
                if extension.lower() in EXTENSIONS:
                    path = os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - as above
                    self._by_id[stem[:11]].append(path)

    def examples(self, number: int) -> list[str]:
        """Return the first file names in alphabetical order, at most `number`."""
        names = (Path(path).name for paths in self._by_id.values() for path in paths)
        return nsmallest(number, names)

    def find(self, clip: ListedClip) -> str | None:
        """Return the best match for a clip as a path relative to the root, or None."""
        ranked = sorted(
            (rank, path)
            for path in self._by_id.get(clip.video_id[:11], [])
            if (rank := self._rank(clip, path)) is not None
        )
        if not ranked:
            return None
        best = ranked[0][1]
        try:
            best.encode()
        except UnicodeEncodeError:
            raise SettingsError(
                f"{quoted(best)}, a file of {clip.key}: its name is not valid UTF-8, so that no "
                "manifest can hold it; rename the file or its folder."
            ) from None
        return best

    @staticmethod
    def _rank(clip: ListedClip, path: str) -> tuple[int, bool, bool] | None:
        """Return a sort key of how well a file name fits, best first; None for another clip."""
        stem = Path(path).stem
        names = [clip.video_id]
        if clip.time_start is not None and clip.time_end is not None:
            times = (clip.time_start, clip.time_end)
            names = [
                clip.key,
                f"{clip.video_id}_{times[0]}_{times[1]}",
                f"{clip.video_id}-{times[0]}-{times[1]}",
                clip.video_id,
            ]
        if stem not in names:
            return None
        folders = [part.replace("_", " ") for part in Path(path).parts[:-1]]
        in_split = any(
            part in (clip.split, "validation" if clip.split == "val" else clip.split)
            for part in folders
        )
        in_class = clip.label_name.replace("_", " ") in folders
        return names.index(stem), not in_split, not in_class

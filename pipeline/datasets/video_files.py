"""Search for the video file of a listed clip under the names that distributions use."""

import os
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from heapq import nsmallest
from pathlib import Path
from typing import NoReturn

from ..errors import SettingsError
from ..messages import quoted
from .file_names import EXTENSIONS, FORMAT, ID_LENGTH, folder_rank, index_keys, name_rank
from .listed_clip import ListedClip

SHOWN = 3
"""Number of file names in a message."""


def search_hint(videos: Path, key: str, file: str | None = None) -> str:
    """Describe a search that failed: a file name that was looked for, and names that are there.

    `file` is the path below `videos`, if the annotations state it.
    """
    wanted = f"looked for names such as {quoted(file or f'{key}.mp4')} below {videos}"
    found = FileFinder(videos).examples(SHOWN)
    if found:
        return f"{wanted}, where the files have names such as {', '.join(map(quoted, found))}"
    others = nsmallest(SHOWN, (name for _, names in walk_files(videos) for name in names))
    there = ", ".join(map(quoted, others)) or "none at all"
    return f"{wanted}, where there is no video file ({', '.join(EXTENSIONS)}); files: {there}"


def walk_files(root: Path) -> Iterator[tuple[str, list[str]]]:
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
        self._root = root
        self._by_id: dict[str, list[str]] = defaultdict(list)
        for folder, names in walk_files(root):
            for name in names:
                stem, extension = os.path.splitext(name)  # noqa: PTH122 - 300,000 Path objects are slow
                if extension.lower() in EXTENSIONS:
                    path = os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - as above
                    for key in index_keys(stem):
                        self._by_id[key].append(path)

    def examples(self, number: int) -> list[str]:
        """Return the first file names in alphabetical order, at most `number`."""
        names = {Path(path).name for paths in self._by_id.values() for path in paths}
        return nsmallest(number, names)

    def find(self, clip: ListedClip) -> str | None:
        """Return the best match for a clip as a path relative to the root, or None."""
        ranked = sorted(
            (rank, *folder_rank(clip, path), -self._size(path, rank), path)
            for path in self._by_id.get(clip.video_id[:ID_LENGTH], [])
            if (rank := name_rank(clip, Path(path).stem)) is not None
        )
        if not ranked:
            return None
        best = ranked[0][-1]
        try:
            best.encode()
        except UnicodeEncodeError:
            raise SettingsError(
                f"{quoted(best)}, a file of {clip.key}: its name is not valid UTF-8, so that no "
                "manifest can hold it; rename the file or its folder."
            ) from None
        return best

    def other_name(self, clip: ListedClip) -> str | None:
        """Return a file that has the id of a clip in another name than those that are looked for.

        Names of other clips of the same video are not meant. None if there is no such file.
        """
        if len(clip.video_id) != ID_LENGTH:
            return None
        segment = re.compile(rf"{re.escape(clip.video_id)}[_-][0-9]+[_-][0-9]+")
        names = [Path(path).name for path in self._by_id.get(clip.video_id, [])]
        others = [name for name in names if not segment.fullmatch(Path(name).stem)]
        return min(others, default=None)

    def _size(self, path: str, rank: int) -> int:
        """Return the bytes of a file: of several formats of one video the largest has pictures."""
        whole = self._root / path
        return whole.stat().st_size if FORMAT.search(whole.stem) and rank and whole.exists() else 0

"""Search for the video file of a listed clip under the names that distributions use."""

import os
from collections import defaultdict
from pathlib import Path

from ..errors import SettingsError
from ..messages import quoted
from .annotations import ListedClip

EXTENSIONS = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v")


class FileFinder:
    """Index of the video files below a folder, by id; flat or in class folders."""

    def __init__(self, root: Path) -> None:
        self._by_id: dict[str, list[str]] = defaultdict(list)
        for folder, _, names in os.walk(root):
            for name in names:
                stem, extension = os.path.splitext(name)  # noqa: PTH122 - 300,000 Path objects are slow
                if extension.lower() in EXTENSIONS:
                    path = os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - as above
                    self._by_id[stem[:11]].append(path)

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

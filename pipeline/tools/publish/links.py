"""Links to local videos under their published paths, which are part of the shards."""

import re
from collections.abc import Sequence
from pathlib import Path

from ...datasets.listed_clip import ListedClip
from ...datasets.video_files import FileFinder, walk_files
from ...storage.rows import ClipRow

SEGMENT = re.compile(r"(.+)_([0-9]{6})_([0-9]{6})")
"""Key of a clip that is a segment of a video: id, start and end in seconds."""


def link_videos(rows: Sequence[ClipRow], videos: Path, links: Path) -> dict[str, str]:
    """Link the videos that are found under their published paths; return these by clip.

    A video is looked for at its published path, then by the names that distributions use, then by
    its published file name if only one file has it.
    """
    finder, named = FileFinder(videos), _unique_names(videos)
    found = {}
    for row in rows:
        path = row["source_path"]
        if path is None:
            continue
        local = path if (videos / path).is_file() else finder.find(listed_clip(row))
        local = local or named.get(Path(path).name)
        link = links / path
        link.unlink(missing_ok=True)
        if local is not None:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((videos / local).resolve())
            found[row["key"]] = path
    return found


def _unique_names(videos: Path) -> dict[str, str]:
    """Return the paths of the files below a folder by name, of names that only one file has."""
    found: dict[str, list[str]] = {}
    for folder, names in walk_files(videos):
        for name in names:
            path = (Path(folder) / name).relative_to(videos)
            found.setdefault(name, []).append(path.as_posix())
    return {name: paths[0] for name, paths in found.items() if len(paths) == 1}


def listed_clip(row: ClipRow) -> ListedClip:
    """Return a published clip as the annotations list it."""
    segment = SEGMENT.fullmatch(row["key"])
    return ListedClip(
        key=row["key"],
        video_id=segment[1] if segment else row["key"],
        split=row["split"],
        label_id=row["label_id"],
        label_name=row["label_name"],
        source_label_id=row["source_label_id"],
        time_start=int(segment[2]) if segment else None,
        time_end=int(segment[3]) if segment else None,
        start=row.get("segment_start"),
        end=row.get("segment_end"),
    )

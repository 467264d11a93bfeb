"""Names under which data sets and downloaders store the video of a listed clip."""

import re
from pathlib import Path

from .listed_clip import ListedClip

EXTENSIONS = (
    *(".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v", ".flv", ".f4v", ".3gp", ".3g2", ".wmv"),
    *(".asf", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".ogv", ".ogg", ".divx"),
)
"""Extensions of the containers that are read."""

ID_LENGTH = 11
"""Characters of a YouTube id."""

FORMAT = re.compile(r"\.f[0-9]+(-[A-Za-z0-9]+)?$")
"""Suffix of one of the streams that youtube-dl and yt-dlp download: `<id>.f137.mp4`."""


def index_keys(stem: str) -> set[str]:
    """Return the ids that a file name without extension may hold: at its begin and at its end."""
    plain = FORMAT.sub("", stem)
    return {plain[:ID_LENGTH], plain[-ID_LENGTH:], plain[:-1][-ID_LENGTH:]}


def name_rank(clip: ListedClip, stem: str) -> int | None:
    """Return how well a file name without extension fits, 0 best; None if it does not."""
    names = [clip.video_id]
    if clip.time_start is not None and clip.time_end is not None:
        times = (clip.time_start, clip.time_end)
        names = [
            clip.key,
            f"{clip.video_id}_{times[0]}_{times[1]}",
            f"{clip.video_id}-{times[0]}-{times[1]}",
            clip.video_id,
        ]
    if stem in names:
        return names.index(stem)
    plain = FORMAT.sub("", stem)
    if plain == clip.video_id:
        return len(names)
    if len(clip.video_id) == ID_LENGTH and plain.endswith(_titled(clip.video_id)):
        return len(names) + 1
    return None


def _titled(video_id: str) -> tuple[str, ...]:
    """Return how names end that begin with a title: youtube-dl's, yt-dlp's and similar."""
    return (f"-{video_id}", f"[{video_id}]", f"({video_id})", f" {video_id}")


def folder_rank(clip: ListedClip, path: str) -> tuple[bool, bool]:
    """Return a sort key of how well the folders of a file fit: split and class."""
    folders = [part.replace("_", " ") for part in Path(path).parts[:-1]]
    splits = (clip.split, "validation" if clip.split == "val" else clip.split)
    return (
        not any(part in splits for part in folders),
        clip.label_name.replace("_", " ") not in folders,
    )

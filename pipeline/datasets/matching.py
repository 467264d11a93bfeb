"""Listed clips and their files: which file is whose, and why a clip has none of its own."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..messages import quoted
from .clip_rows import FoundClip
from .listed_clip import ListedClip
from .video_files import FileFinder


def match_clips(
    clips: Sequence[ListedClip], videos: Path, checksums: Mapping[str, str]
) -> list[FoundClip]:
    """Return every listed clip with its file and the published hash of that file.

    Files that the annotations do not name are searched below `videos`. Such a file that is the best
    match of several clips is an uncut video: none of them is usable.
    """
    if all(clip.file is not None for clip in clips):
        return [_named(clip, str(clip.file), videos, checksums) for clip in clips]
    finder = FileFinder(videos)
    files = [finder.find(clip) for clip in clips]
    owners: dict[str, list[str]] = defaultdict(list)
    for clip, file in zip(clips, files, strict=True):
        if file is not None:
            owners[file].append(clip.key)
    found = []
    for clip, file in zip(clips, files, strict=True):
        if file is None:
            other = finder.other_name(clip)
            problem = f"no file; one of this id has another name: {quoted(other)}" if other else ""
            found.append(FoundClip(clip, None, None, problem))
        else:
            sharing = [key for key in owners[file] if key != clip.key]
            problem = f"not cut: its file is also that of {sharing[0]}" if sharing else ""
            found.append(FoundClip(clip, file, checksums.get(Path(file).name), problem))
    return found


def _named(clip: ListedClip, file: str, videos: Path, checksums: Mapping[str, str]) -> FoundClip:
    """Return a clip whose file the annotations name."""
    if not os.path.lexists(videos / file):
        return FoundClip(clip, None, None, f"no file {quoted(file)}")
    return FoundClip(clip, file, checksums.get(Path(file).name))

"""Keys of clips that the annotations name by paths or file names."""

import re
from hashlib import sha256

KEY = re.compile(r"[A-Za-z0-9_-]{1,200}")
"""Characters and length of a key."""

LONGEST = 120
"""Characters of a name that a key repeats."""


def key_of(name: str, start: float | None = None, end: float | None = None) -> str:
    """Return the key of a video, or of a segment of it.

    A name of A-Z a-z 0-9 _ - is its own key. In others a hash of the whole name follows, so that
    files of one name in two folders, and names that differ in other characters, get different keys.

    Parameters
    ----------
    name
        Path of the video below the folder of videos, without extension.
    start, end
        Bounds of the segment, in seconds.

    """
    bounds = ",".join("" if bound is None else repr(bound) for bound in (start, end))
    whole = name if bounds == "," else f"{name}#t={bounds}"
    if KEY.fullmatch(whole) and len(whole) <= LONGEST:
        return whole
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", whole)[:LONGEST].strip("_")
    return f"{readable}-{sha256(whole.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"

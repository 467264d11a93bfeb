"""Probing of source videos: existence, hash and properties of the file of every listed clip."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import ClipError, StageError, TransientClipError
from ..io.hashing import sha256_file, signature
from ..media.info import SourceInfo
from ..media.picture import PictureFacts, facts_of
from ..media.retry import retry_once
from ..media.segment import Segment
from ..media.source import VideoSource, check_file
from ..storage.rows import ClipRow
from .clip_rows import FoundClip, ProbeResult, clip_row

CHECKSUMS = "checksums.sha256"
"""Optional file beside the annotations, as sha256sum writes it: videos that differ are broken."""


@dataclass(frozen=True)
class ProbeLimits:
    """Requirements of a usable video, and the folder in which videos are found."""

    videos: Path
    dataset: str
    min_frames: int
    max_pixels: int
    """Largest picture, width times height."""
    timeout_seconds: float
    """For reading one video."""


@dataclass(frozen=True)
class ProbeTask:
    """Some listed clips to probe."""

    found: tuple[FoundClip, ...]
    limits: ProbeLimits


def probe_clips(task: ProbeTask) -> list[ClipRow]:
    """Return the rows of clips.parquet for some clips.

    Raises
    ------
    StageError
        If a file changes or disappears while it is being read.

    """
    return [clip_row(task.limits.dataset, one, _probe(one, task.limits)) for one in task.found]


def _probe(found: FoundClip, limits: ProbeLimits) -> ProbeResult:
    if found.file is None:
        return ProbeResult("missing", found.problem or "no file")
    if found.problem:
        return ProbeResult("broken", found.problem)
    path = limits.videos / found.file
    before = signature(path)
    clip = found.clip
    whole = clip.start is None and clip.end is None
    segment = None if whole else Segment(clip.start, clip.end)
    result = _read(path, found.checksum, limits, segment)
    if signature(path) != before or (before is None and not path.is_symlink()):
        raise StageError(
            f"{path}: changed or disappeared while it was read; run this stage again when "
            "the videos are complete."
        )
    return result


def _read(
    path: Path, checksum: str | None, limits: ProbeLimits, segment: Segment | None
) -> ProbeResult:
    """Read a file as far as it can be read."""
    size: int | None = None
    sha256: str | None = None
    try:
        check_file(path)
        size = path.stat().st_size
        sha256 = retry_once(partial(_hash, path, limits), path)
        if checksum is not None and sha256 != checksum:
            raise ClipError(f"differs from {CHECKSUMS}")
        video, picture = retry_once(partial(_video, path, limits, segment), path)
    except ClipError as error:
        reason = str(error)
    except PermissionError as error:
        reason = f"cannot be read: {error.strerror}"
    else:
        return ProbeResult("ok", "", size, sha256, video, picture)
    return ProbeResult("broken", reason, size, sha256)


def _hash(path: Path, limits: ProbeLimits) -> str:
    try:
        return sha256_file(path, limits.timeout_seconds)
    except TimeoutError as error:
        raise TransientClipError(error.strerror) from error


def _video(
    path: Path, limits: ProbeLimits, segment: Segment | None
) -> tuple[SourceInfo, PictureFacts]:
    """Return the properties of a usable video and of its first frame, which is decoded."""
    with VideoSource(path, limits.max_pixels, limits.timeout_seconds, segment=segment) as source:
        info = source.info
        if info.num_frames < limits.min_frames:
            raise ClipError(f"fewer than {limits.min_frames} frames")
        return info, facts_of(next(source.frames()))

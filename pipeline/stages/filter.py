"""Filter: which listed clips are there and can be read; `clips.parquet` says so for each."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..datasets.annotations import ListedClip, read_annotations
from ..datasets.class_list import HINT
from ..datasets.video_files import FileFinder
from ..errors import ClipError, SettingsError, StageError, TransientClipError
from ..execution.pool import run_tasks
from ..io.hashing import sha256_file, signature
from ..io.text import read_text
from ..media.retry import retry_once
from ..media.source import VideoSource, check_file
from ..messages import quoted
from ..params import Params
from ..settings import SourceSettings
from ..storage import manifest, schemas
from ..storage.paths import DatasetPaths
from ..storage.schemas import Row

log = logging.getLogger(__name__)


CHECKSUMS = "checksums.sha256"
"""Optional file beside the annotations, as sha256sum writes it: videos that differ are broken."""


SHA256 = re.compile(r"[0-9a-fA-F]{64}")


CLIPS_PER_TASK = 16


@dataclass(frozen=True)
class ProbeTask:
    """Some clips to look at; `files` holds None where no file was found."""

    clips: tuple[ListedClip, ...]
    files: tuple[str | None, ...]
    checksums: tuple[str | None, ...]
    root: Path
    dataset: str
    min_frames: int
    max_pixels: int
    timeout_seconds: float


def filter_clips(dataset: str, params: Params, root: Path) -> list[Row]:
    """Find and probe every listed clip and write `clips.parquet`; gives its rows."""
    tasks = find_clips(dataset, params, root, CLIPS_PER_TASK)
    rows: list[Row] = []
    layout = DatasetPaths(root, dataset)
    for some in run_tasks(
        probe_clips,
        tasks,
        params.machine,
        f"filter {dataset}",
        lambda task: len(task.clips),
        name=lambda task: " ".join(clip.key for clip in task.clips),
        shared=(layout.data, root / params.filter.sources[dataset].videos),
    ):
        rows.extend(some)
    manifest.write(layout.clips, rows, schemas.CLIPS)
    return rows


def find_clips(
    dataset: str, params: Params, root: Path, clips: int | None = None
) -> list[ProbeTask]:
    """Every listed clip with its file, all in one task or `clips` in each; opens no video."""
    params.check_dataset(dataset)
    source = params.filter.sources[dataset]
    videos = root / source.videos
    if not videos.is_dir():
        raise SettingsError(
            f"{videos}: no such folder; set filter.sources.{dataset}.videos in params.yaml to "
            "where the videos lie."
        )
    source = source.model_copy(
        update={"annotations": root / source.annotations, "classes": root / source.classes}
    )
    listed = read_annotations(source)
    checksums = _read_checksums(source)
    finder = FileFinder(videos)
    files = [finder.find(clip) for clip in listed]
    step = clips or len(listed)
    return [
        ProbeTask(
            clips=tuple(listed[start : start + step]),
            files=tuple(files[start : start + step]),
            checksums=tuple(
                checksums.get(Path(file).name) if file else None
                for file in files[start : start + step]
            ),
            root=videos,
            dataset=dataset,
            min_frames=params.filter.min_frames,
            max_pixels=params.filter.max_pixels,
            timeout_seconds=params.machine.clip_timeout_seconds,
        )
        for start in range(0, len(listed), step)
    ]


def check_share(rows: list[Row], allowed: float, dataset: str) -> None:
    """Fail, after the manifest is written, if more than the allowed share is not usable."""
    failed = sum(row["status"] != "ok" for row in rows)
    if failed > allowed * len(rows):
        raise StageError(
            f"filter {dataset}: {failed} of {len(rows)} listed clips are missing or broken, more "
            f"than filter.allowed_failures = {allowed:g}; the manifest says which. Get more of "
            "the videos, or raise the limit in params.yaml."
        )


def _read_checksums(source: SourceSettings) -> dict[str, str]:
    path = source.annotations / CHECKSUMS
    if not path.exists():
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(read_text(path, HINT).splitlines(), 1):
        if not line.strip():
            continue
        digest, _, name = line.partition(" ")
        name = Path(name.strip().lstrip("*")).name
        if not SHA256.fullmatch(digest) or not name:
            raise SettingsError(
                f"{path}, line {number}: must be `<sha256>  <file>`, as sha256sum writes it."
            )
        if found.setdefault(name, digest.lower()) != digest.lower():
            raise SettingsError(f"{path}, line {number}: has another hash of {quoted(name)}.")
    return found


def probe_clips(task: ProbeTask) -> list[Row]:
    """Rows of `clips.parquet` for some clips."""
    return list(_probe_each(task))


def _probe_each(task: ProbeTask) -> Iterator[Row]:
    for clip, file, checksum in zip(task.clips, task.files, task.checksums, strict=True):
        row: Row = {
            "key": clip.key,
            "clip_id": clip.key,
            "dataset": task.dataset,
            "split": clip.split,
            "label_id": clip.label_id,
            "label_name": clip.label_name,
            "source_label_id": clip.source_label_id,
            "status": "ok",
            "reason": "",
            "source_path": file,
        }
        if file is None:
            yield row | {"status": "missing", "reason": "no file"}
            continue
        path = task.root / file
        before = signature(path)
        try:
            check_file(path)
            row["source_size"] = path.stat().st_size
            row["source_sha256"] = retry_once(partial(_hash, path, task), path)
            if checksum is not None and row["source_sha256"] != checksum:
                raise ClipError(f"differs from {CHECKSUMS}")
            row |= retry_once(partial(_properties, path, task), path)
        except ClipError as error:
            row |= {"status": "broken", "reason": str(error)}
        except PermissionError as error:
            row |= {"status": "broken", "reason": f"cannot be read: {error.strerror}"}
        if signature(path) != before or (before is None and not path.is_symlink()):
            raise StageError(
                f"{path}: changed or disappeared while it was read; run this stage again when "
                "the videos are complete."
            )
        yield row


def _hash(path: Path, limits: ProbeTask) -> str:
    try:
        return sha256_file(path, limits.timeout_seconds)
    except TimeoutError as error:
        raise TransientClipError(error.strerror) from error


def _properties(path: Path, limits: ProbeTask) -> Row:
    """Properties of one video; ClipError says why it is not usable. Decodes one frame."""
    with VideoSource(path, limits.max_pixels, limits.timeout_seconds) as source:
        info = source.info
        if info.num_packets < limits.min_frames:
            raise ClipError(f"fewer than {limits.min_frames} frames")
        if info.declared_frames > info.num_packets:
            raise ClipError("truncated: fewer frames than its header says")
        frame = next(source.frames())
    return {
        "container": info.container,
        "codec": info.codec,
        "pix_fmt": info.pix_fmt,
        "width": info.width,
        "height": info.height,
        "rotation": frame.rotation % 360,
        "fps_num": info.fps.numerator,
        "fps_den": info.fps.denominator,
        "num_frames": info.num_packets,
        "duration_seconds": float(info.num_packets / info.fps),
        "bit_rate": info.bit_rate,
    }

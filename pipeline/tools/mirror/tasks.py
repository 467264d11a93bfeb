"""Work of a mirror in other processes: survey one video, and write it in one cell."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import av

from corruptions.types import UndecodableError

from ...datasets.native_video import NativeCell, NativeTask, corrupt_video, memory_need
from ...errors import ClipError
from ...io.atomic import atomic
from ...io.hashing import sha256_file, signature
from ...media.allowed import CONTAINERS, PROTOCOLS
from ...media.output_format import counterpart, output_format
from ...media.retry import retry_once
from ...media.source import VideoSource
from ...media.video_writer import look_of
from ...messages import one_line
from ...storage.mirror_manifest import MirrorRow
from .records import write_record


@dataclass(frozen=True)
class SurveyTask:
    """One source video, and the cells that it is for."""

    path: Path
    relative: str
    key: str
    cells: tuple[NativeCell, ...]
    lossless: bool
    timeout_seconds: float


@dataclass(frozen=True)
class Surveyed:
    """What is known of a source video before it is corrupted."""

    relative: str
    reason: str = ""
    """Why the video cannot be read; empty if it can."""
    size: int = 0
    mtime_ns: int = 0
    sha256: str = ""
    output_name: str = ""
    """Path of the output below its cell."""
    needs: tuple[int, ...] = ()
    """Bytes of memory per cell; -1 if the cell leaves nothing of the video."""

    def columns(self) -> MirrorRow:
        """Return the columns of a manifest that describe the source."""
        found: MirrorRow = {"source_path": self.relative}
        if self.sha256:
            found |= {
                "source_size": self.size,
                "source_mtime_ns": self.mtime_ns,
                "source_sha256": self.sha256,
            }
        return found


def survey(task: SurveyTask) -> Surveyed:
    """Return the hash of a source video, the name of its output and the memory that it needs."""
    try:
        with VideoSource(task.path, timeout_seconds=task.timeout_seconds) as source:
            info, orientation = source.info, look_of(source).orientation
        status = task.path.stat()
        needs = []
        for cell in task.cells:
            try:
                needs.append(memory_need(cell, info, task.key, orientation))
            except ClipError:
                needs.append(-1)
        return Surveyed(
            task.relative,
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            sha256=sha256_file(task.path),
            output_name=counterpart(
                task.relative,
                lossless=task.lossless,
                variable_rate=info.clock.times is not None,
                sound=_sound(task.path),
            ),
            needs=tuple(needs),
        )
    except ClipError as error:
        return Surveyed(task.relative, reason=one_line(error))


def _sound(path: Path) -> list[str]:
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": PROTOCOLS}
    with av.open(f"file:{path}", metadata_errors="replace", options=options) as container:
        contexts = [stream.codec_context for stream in container.streams.audio]
        return [context.name if context is not None else "unknown" for context in contexts]


@dataclass(frozen=True)
class WriteTask:
    """One video to write in one cell."""

    source: Path
    key: str
    cell: NativeCell
    columns: MirrorRow
    """Columns of the row that are known before."""
    output: Path
    record: Path | None
    """Completion record to write; None writes none."""
    lossless: bool
    memory_bytes: int
    timeout_seconds: float


def write(task: WriteTask) -> MirrorRow:
    """Write one video in one cell; return its row, which says why if it fails."""
    try:
        return retry_once(lambda: _write(task), task.source)
    except (ClipError, UndecodableError) as error:
        failed: MirrorRow = {**task.columns, "status": "failed", "reason": one_line(error)}
        failed.pop("output_path", None)
        return failed


def _write(task: WriteTask) -> MirrorRow:
    form = output_format(task.output.name, lossless=task.lossless)
    assert form is not None  # noqa: S101 - `counterpart` chose the name
    before = signature(task.source)
    native = NativeTask(
        task.source, task.key, task.cell, form, task.memory_bytes, task.timeout_seconds
    )
    try:
        with atomic(task.output) as temporary:
            row: MirrorRow = {
                **task.columns,
                "status": "ok",
                "reason": "",
                **corrupt_video(native, temporary),
            }
            if signature(task.source) != before:
                raise ClipError("the source changed while it was read")
            if task.record is not None:
                write_record(task.record, row)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise ClipError(f"cannot be written: {os.strerror(error.errno)}") from error
    return row

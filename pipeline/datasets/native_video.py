"""One video in one cell at its native size: from its file to a file that people open.

`corrupt_video` is the core of the commands `apply` and `mirror`, and `verify` calls it to compute
outputs again. Corruptions of pixels stream, see media/frame_stream.py.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import corruptions
from corruptions.codec.frames import CONVERSION
from corruptions.registry import Corruption, load
from corruptions.timing import Timing, corrupt_over_time
from corruptions.types import Clip, ClipRandom, Context, Dialect, Level

from ..errors import ClipError
from ..io.hashing import sha256_file
from ..media.clocks import constant_clock, output_clock
from ..media.frame_stream import Corrupt, FramePlan, plan_frames, stream_frames
from ..media.frame_window import Picture
from ..media.info import SourceInfo
from ..media.orientation import Orientation
from ..media.output_format import OutputFormat
from ..media.recompress import Recompressed, recompress
from ..media.source import VideoSource
from ..media.video_writer import VideoLook, look_of, write_video
from ..storage.manifest import as_json
from ..storage.mirror_manifest import MirrorRow


@dataclass(frozen=True)
class NativeCell:
    """A corruption at a severity or level, and when it acts."""

    corruption: str
    severity: int
    """1 to 5; 0 if `level` is given."""
    level: Level | None = None
    timing: Timing | None = None
    dialect: Dialect = "ours"
    table: str = "mini_kinetics"
    seed: int = 0

    @property
    def name(self) -> str:
        """Name for messages, such as "fog 3"."""
        return f"{self.corruption} {self.severity or f'level {self.level}'}"

    @property
    def folder(self) -> str:
        """Folder of the cell in a mirror of several cells."""
        return f"{self.corruption}/{self.severity or f'level-{self.level}'}"

    def load(self) -> tuple[Corruption, Level]:
        """Return the corruption and its level; ValueError if one of them does not exist."""
        corruption = load(self.corruption, self.dialect)
        if self.level is not None:
            return corruption, self.level
        return corruption, corruption.level(self.severity, self.table)

    def context(self, key: str, info: SourceInfo) -> Context:
        """Return the random numbers and the clock of a video."""
        stream = str(self.severity) if self.level is None else f"level {self.level}"
        random = ClipRandom(self.seed, self.table, key, self.corruption, stream)
        return Context(random, None, info.fps, info.clock.times)

    def columns(self, key: str) -> MirrorRow:
        """Return the columns of a manifest that identify the cell and the random numbers."""
        corruption, level = self.load()
        used: dict[str, Any] = {"level": level}
        if self.timing is not None:
            used["timing"] = asdict(self.timing)
        return {
            "random_key": key,
            "corruption": corruption.name,
            "family": corruption.family,
            "severity": self.severity,
            "table": self.table,
            "dialect": self.dialect,
            "params": as_json(used),
            "seed": self.seed,
        }


@dataclass(frozen=True)
class NativeTask:
    """One video to corrupt."""

    source: Path
    key: str
    """Name of the random numbers."""
    cell: NativeCell
    form: OutputFormat
    memory_bytes: int
    """Largest size of the decoded frames that are in memory."""
    timeout_seconds: float


def memory_need(cell: NativeCell, info: SourceInfo, key: str, orientation: Orientation) -> int:
    """Return how many bytes a video needs in memory, apart from its decoder and encoder.

    Parameters
    ----------
    cell
        Corruption and severity.
    info
        Properties of the video.
    key
        Name of its random numbers.
    orientation
        How it is displayed.

    Returns
    -------
    int
        Bytes of decoded frames; for compression corruptions, which hold coded streams, twice the
        bytes of the source's stream, of which there may be more.

    Raises
    ------
    ClipError
        If the cell leaves no frame of the video.

    """
    corruption, level = cell.load()
    if corruption.acts_on != "pixels":
        return round(info.bit_rate * info.seconds / 4)
    return _plan(cell, corruption, level, info, key, orientation).memory_bytes


def _plan(
    cell: NativeCell,
    corruption: Corruption,
    level: Level,
    info: SourceInfo,
    key: str,
    orientation: Orientation,
) -> FramePlan:
    width, height = orientation.size(info.width, info.height)
    context = cell.context(key, info)
    num_output = corruption.output_frames(info.num_frames, level, info.fps, context.times)
    if num_output < 1:
        raise ClipError(f"{cell.name} leaves none of the {info.num_frames} frames")
    shape = (info.num_frames, height, width, 3)
    return plan_frames(corruption, _corrupt(cell, corruption, level, context), shape, num_output)


def _corrupt(cell: NativeCell, corruption: Corruption, level: Level, context: Context) -> Corrupt:
    def corrupt(clip: Clip, wanted: NDArray[np.intp]) -> Clip:
        part = replace(context, frames=wanted)
        if cell.timing is None:
            return corruptions.corrupt_pixels(corruption, clip, level, part)
        return corrupt_over_time(corruption, clip, cell.severity, cell.table, part, cell.timing)

    return corrupt


def corrupt_video(task: NativeTask, output: Path) -> MirrorRow:
    """Corrupt a video and write it to a file.

    Parameters
    ----------
    task
        The video, the cell, the format and the limits.
    output
        File to write; its name may have any extension.

    Returns
    -------
    MirrorRow
        Columns that describe the output: hashes, size, codec, frames, seconds, streams.

    Raises
    ------
    ClipError
        If the video cannot be read, corrupted within the memory, or written.
    StageError
        If the error was caused by the machine.

    """
    corruption, level = task.cell.load()
    with VideoSource(task.source, timeout_seconds=task.timeout_seconds) as source:
        info, look = source.info, look_of(source)
        context = task.cell.context(task.key, info)
        made: Recompressed | None = None
        if corruption.acts_on == "pixels":
            plan = _plan(task.cell, corruption, level, info, task.key, look.orientation)
            check_memory(task.cell, plan.memory_bytes, task.memory_bytes)
            num_output = plan.num_output
            corrupt = _corrupt(task.cell, corruption, level, context)
            pictures = stream_frames(
                plan,
                _pictures(source.frames(), look),
                corrupt,
                again=lambda: _pictures(source.frames(), look),
            )
        else:
            num_output = info.num_frames
            made = next(
                recompress(
                    task.source, corruption, [level], [context],
                    timeout_seconds=task.timeout_seconds,
                )
            )  # fmt: skip
            pictures = _pictures(made.frames, look)
        clock = output_clock(
            info, look.start, look.time_base,
            corruption=corruption, level=level, num_output=num_output,
        )  # fmt: skip
        if task.form.constant_rate:
            clock = constant_clock(clock.fps, num_output)
        form = replace(task.form, variable_rate=clock.varies)
        hashed = _Hashed(pictures)
        written = write_video(
            output, iter(hashed), clock, look, form, task.source, info.stream_index
        )
    if written.num_frames != num_output:
        raise ClipError(f"made {written.num_frames} frames, expected {num_output}")
    columns: MirrorRow = {
        "size": output.stat().st_size,
        "sha256": sha256_file(output),
        "frames_sha256": hashed.digest,
        "container": written.container,
        "codec": written.codec,
        "pix_fmt": written.pix_fmt,
        "width": written.width,
        "height": written.height,
        "fps_num": clock.fps.numerator,
        "fps_den": clock.fps.denominator,
        "num_frames": written.num_frames,
        "num_frames_source": info.num_frames,
        "duration_seconds": float((clock.ticks[-1] - clock.ticks[0]) * clock.time_base),
        "audio_streams": written.audio_streams,
        "subtitle_streams": written.subtitle_streams,
        "left_out": ", ".join(written.left_out),
        "damaged_frames": None if made is None else made.damaged_frames,
        "repeated_frames": None if made is None else made.repeated_frames,
        "encoder": "; ".join([*([] if made is None else [made.encoder]), form.describe()]),
    }
    return columns


def check_memory(cell: NativeCell, needed: int, limit: int) -> None:
    """Raise ClipError if the decoded frames of a video need more memory than is allowed."""
    if needed > limit:
        raise ClipError(
            f"{cell.name} needs {needed / 1e9:.1f} GB for decoded frames, which are read far from "
            f"where they are shown (the limit is {limit / 1e9:.1f} GB); raise --memory-gb, or cut "
            "the video into clips first"
        )


class _Hashed:
    """Pictures on their way to the encoder, and the SHA-256 of all of them."""

    def __init__(self, pictures: Iterator[Picture]) -> None:
        self._pictures = pictures
        self._digest = sha256()

    def __iter__(self) -> Iterator[Picture]:
        for picture in self._pictures:
            self._digest.update(np.ascontiguousarray(picture).data)
            yield picture

    @property
    def digest(self) -> str:
        """Hash of the pictures so far."""
        return self._digest.hexdigest()


def _pictures(frames: Iterator[Any], look: VideoLook) -> Iterator[Picture]:
    """Yield frames as RGB pictures, turned as they are displayed, all of one size."""
    for number, frame in enumerate(frames):
        if (frame.width, frame.height) != look.size:
            width, height = look.size
            raise ClipError(
                f"the picture changes from {width} x {height} to {frame.width} x {frame.height} "
                f"at frame {number}; cut the video there."
            )
        picture = frame.to_ndarray(format="rgb24", interpolation=CONVERSION)
        yield np.ascontiguousarray(look.orientation.apply(picture.astype(np.uint8, copy=False)))

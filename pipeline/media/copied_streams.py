"""Streams of a source that are copied packet by packet: sound, subtitles, attachments."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.container

from ..errors import ClipError
from ..resources import check_machine
from .allowed import CONTAINERS, PROTOCOLS
from .source import ffmpeg_words

COPIED = ("audio", "subtitle")

VIDEO_TAGS = frozenset({"rotate", "encoder", "duration", "handler_name"})
NOT_COPIED = frozenset(
    {"encoder", "major_brand", "minor_version", "compatible_brands", "creation_time"}
)
"""Metadata that describe the file itself, not what it shows."""


SLACK = 0.0021
"""Seconds by which the times of two containers may differ: their ticks, at most a millisecond."""


@dataclass
class CopiedPackets:
    """Packets of one stream: their number, bytes and times."""

    kind: str
    num_bytes: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, packet: Any) -> None:
        """Count a packet."""
        self.num_bytes += packet.size
        ticks = packet.dts if packet.pts is None else packet.pts
        self.seconds.append(float(ticks * packet.time_base))

    def agrees(self, found: "CopiedPackets", shift: float) -> bool:
        """Return True if a written stream has these packets, `shift` seconds later.

        Some containers cut uncompressed sound into other packets, and some add empty subtitles.
        """
        ours, theirs = self.seconds, found.seconds
        if len(ours) == len(theirs):
            return all(
                abs(after - before - shift) <= SLACK
                for before, after in zip(ours, theirs, strict=True)
            )
        if self.kind == "subtitle":
            return len(theirs) > len(ours)
        starts_equal = bool(ours and theirs) and abs(theirs[0] - ours[0] - shift) <= SLACK
        return self.num_bytes == found.num_bytes and starts_equal


class CopiedStreams:
    """Sound and subtitles of a file, used as a context manager.

    `add_to` declares the streams in an output; `mux_until` then copies their packets up to a time,
    so that they are beside the pictures of the same time.
    """

    def __init__(self, path: Path, video_index: int) -> None:
        try:
            self._source = av.open(
                f"file:{path}",
                mode="r",
                metadata_errors="replace",
                options={"format_whitelist": CONTAINERS, "protocol_whitelist": PROTOCOLS},
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            check_machine(error)
            raise ClipError(f"cannot open: {ffmpeg_words(error)}") from error
        self.streams = [one for one in self._source.streams if one.type in COPIED]
        self._attachments: list[Any] = [
            one for one in self._source.streams if one.type == "attachment"
        ]
        self.left_out = [
            f"{one.type} {one.index}"
            for one in self._source.streams
            if one.index != video_index and one not in self.streams + self._attachments
        ]
        """Kinds and numbers of the streams that an output does not get."""
        self._video = self._source.streams[video_index]
        self._outputs: dict[int, Any] = {}
        self._packets: Iterator[Any] = iter(())
        self._waiting: Any = None
        self.copied: dict[int, CopiedPackets] = {}
        """What was copied so far, by number of the output's stream."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.close()

    @property
    def ticks_per_second(self) -> int | None:
        """Ticks of the first sound stream, in which a delay of the sound is a whole number."""
        bases = [one.time_base for one in self.streams if one.type == "audio" and one.time_base]
        return int(bases[0].denominator) if bases and bases[0].numerator == 1 else None

    def add_to(self, output: av.container.OutputContainer, video: Any) -> None:
        """Declare the streams in an output, and copy metadata and chapters.

        Raises
        ------
        ClipError
            If the output's container cannot hold one of the streams.

        """
        output.metadata.update(_without(self._source.metadata, NOT_COPIED))
        video.metadata.update(_without(self._video.metadata, VIDEO_TAGS))
        video.disposition = self._video.disposition
        for stream in self.streams:
            try:
                made = output.add_stream_from_template(stream)
            except (av.FFmpegError, ValueError) as error:
                raise ClipError(cannot_hold(output.format.name, stream)) from error
            made.metadata.update(stream.metadata)
            made.disposition = stream.disposition
            self._outputs[stream.index] = made
            self.copied[made.index] = CopiedPackets(stream.type)
        if output.format.name == "matroska":
            for one in self._attachments:
                name = one.metadata.get("filename", one.name or "attachment")
                output.add_attachment(name, one.mimetype or "", one.data or b"")
        else:
            self.left_out += [f"{one.type} {one.index}" for one in self._attachments]
        if self._source.chapters():
            output.set_chapters(self._source.chapters())
        if self.streams:
            self._packets = self._source.demux(self.streams)
            self._next()

    def mux_until(self, output: av.container.OutputContainer, seconds: Fraction | None) -> None:
        """Copy the packets before a time; None copies the rest."""
        while self._waiting is not None:
            packet = self._waiting
            if seconds is not None and packet.dts * packet.time_base > seconds:
                return
            stream = self._outputs[packet.stream.index]
            self.copied[stream.index].add(packet)
            packet.stream = stream
            output.mux(packet)
            self._next()

    def _next(self) -> None:
        try:
            self._waiting = next((one for one in self._packets if one.size), None)
        except (av.FFmpegError, IndexError) as error:
            check_machine(error)
            raise ClipError(f"cannot read sound or subtitles: {ffmpeg_words(error)}") from error
        if self._waiting is not None and self._waiting.dts is None:
            if self._waiting.pts is None:
                raise ClipError(
                    f"a packet of stream {self._waiting.stream.index} has no time stamp, so that "
                    "it cannot be kept in its place"
                )
            self._waiting.dts = self._waiting.pts


def cannot_hold(container: str, stream: Any) -> str:
    """Return the reason why a stream cannot be copied."""
    codec = "unknown" if stream.codec_context is None else stream.codec_context.name
    return f"{container} cannot hold the {stream.type} stream {stream.index} ({codec})"


def _without(metadata: dict[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if name.lower() not in names}

"""Containers and encoders of videos that people open, and the name of a video's counterpart."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass(frozen=True)
class OutputFormat:
    """Container of an output, and the encoder of its pictures."""

    container: str
    """FFmpeg's name of the muxer."""
    lossless: bool
    """FFV1 in RGB; else H.264, which looks the same as its input."""
    options: dict[str, str] = field(default_factory=dict)
    """Options of the muxer."""
    constant_rate: bool = False
    """True for containers that number their frames instead of giving them times."""

    variable_rate: bool = False
    """True if the frames are not evenly spaced."""

    @property
    def encoder(self) -> str:
        """FFmpeg's name of the encoder."""
        return "ffv1" if self.lossless else "libx264"

    @property
    def encoder_options(self) -> dict[str, str]:
        """Options of the encoder; one thread, so that equal frames give equal bytes.

        Pictures are not reordered where a container cannot state it, and where the rate varies,
        since the durations in files of the QuickTime family follow the order of decoding.
        """
        if self.lossless:
            return {"level": "3", "g": "1", "slices": "4", "slicecrc": "1", "threads": "1"}
        options = {"crf": "16", "preset": "veryfast", "g": "60", "threads": "1"}
        if self.variable_rate or self.container in ("avi", "flv"):
            options["bf"] = "0"
        return options | {"x264-params": "cpu-independent=1"}

    @property
    def has_movie_timescale(self) -> bool:
        """True for the family of QuickTime, whose delays are in ticks of the whole file."""
        return self.container in ("mp4", "mov", "3gp")

    @property
    def keeps_rotation(self) -> bool:
        """True if the container holds a display matrix; else pictures are stored upright."""
        return self.container in ("mp4", "mov", "3gp", "matroska")

    def pix_fmt(self, width: int, height: int) -> str:
        """Return the pixel format; 4:2:0 needs even sides."""
        if self.lossless:
            return "bgr0"
        return "yuv444p" if width % 2 or height % 2 else "yuv420p"

    def describe(self) -> str:
        """Return encoder and options in words, for manifests."""
        options = " ".join(f"{name}={value}" for name, value in self.encoder_options.items())
        return f"{self.encoder} {options}"


_MUXERS = {
    **dict.fromkeys((".mp4", ".m4v", ".f4v"), "mp4"),
    ".mov": "mov",
    **dict.fromkeys((".3gp", ".3g2"), "3gp"),
    **dict.fromkeys((".mkv", ".webm"), "matroska"),
    **dict.fromkeys((".ts", ".mts", ".m2ts"), "mpegts"),
    **dict.fromkeys((".avi", ".divx"), "avi"),
    ".flv": "flv",
}
"""Muxers that hold H.264, by extension. WebM files hold it as browsers record it: the container of
WebM is Matroska."""

_LOSSLESS_MUXERS = {
    **dict.fromkeys((".mp4", ".m4v", ".f4v", ".mov", ".3gp", ".3g2"), "mp4"),
    **dict.fromkeys((".mkv", ".webm"), "matroska"),
    **dict.fromkeys((".avi", ".divx"), "avi"),
}

_OPTIONS = {
    ".ts": {"mpegts_copyts": "1"},
    ".mts": {"mpegts_copyts": "1", "mpegts_m2ts_mode": "1"},
    ".m2ts": {"mpegts_copyts": "1", "mpegts_m2ts_mode": "1"},
}

OTHER = ".mkv"
"""Extension that is added to a name whose container cannot hold the encoded pictures."""


def extensions(*, lossless: bool) -> tuple[str, ...]:
    """Return the extensions of files that can be written."""
    return tuple(_LOSSLESS_MUXERS if lossless else _MUXERS)


def output_format(name: str, *, lossless: bool) -> OutputFormat | None:
    """Return the format of an output by the extension of its name; None if there is none."""
    extension = PurePosixPath(name).suffix.lower()
    muxer = (_LOSSLESS_MUXERS if lossless else _MUXERS).get(extension)
    if muxer is None:
        return None
    return OutputFormat(muxer, lossless, _OPTIONS.get(extension, {}), muxer == "avi")


SOUND_WITHOUT_TIMES = ("pcm_", "mp3")
"""Begins of the names of sound codecs whose packets AVI keeps in time."""


def counterpart(
    name: str, *, lossless: bool, variable_rate: bool = False, sound: Iterable[str] = ()
) -> str:
    """Return the name of the output for a source: the same, or with `.mkv` added.

    The latter is for containers that cannot hold the encoded pictures, the times of a variable
    frame rate, or the codecs of `sound`.
    """
    found = output_format(name, lossless=lossless)
    unfit = found is None or (
        found.constant_rate
        and (variable_rate or not all(one.startswith(SOUND_WITHOUT_TIMES) for one in sound))
    )
    return f"{name}{OTHER}" if unfit else name

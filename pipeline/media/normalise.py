"""Optional changes of decoded pictures: removal of interlacing, tone mapping of HDR.

By default pictures stay as they are, as in the pipelines that the benchmark's models come from.
FFmpeg's own filters make the changes, before a picture is scaled or encoded again.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple, cast

import av
import av.filter

from corruptions.codec.frames import format_of

from .picture import HDR, TRANSFERS

Frames = Iterator[av.VideoFrame]

DEINTERLACE = ("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
"""One frame for each one, of those that are marked as interlaced."""

TONE_MAP = (
    "scale",
    "out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709:out_range=tv"
    ":intent=perceptual:flags=bicubic+accurate_rnd+bitexact+full_chroma_int+full_chroma_inp",
)
"""swscale's perceptual colour mapping from the gamut and brightness of the source to BT.709."""


class PictureOptions(NamedTuple):
    """Changes of the pictures of a source."""

    deinterlace: bool = False
    """Whether interlaced frames become progressive ones, one for each."""
    tone_map: bool = False
    """Whether pictures of high dynamic range (PQ, HLG) become BT.709."""
    square_pixels: bool = False
    """Whether pictures are scaled to square pixels."""

    def alters(self, frame: av.VideoFrame) -> bool:
        """Return True if the options change the decoded pixels of a frame."""
        return (self.deinterlace and frame.interlaced_frame) or (self.tone_map and is_hdr(frame))


def is_hdr(frame: av.VideoFrame) -> bool:
    """Return True if the transfer characteristics of a frame are PQ or HLG."""
    return TRANSFERS.get(int(frame.color_trc)) in HDR


def normalised(frames: Frames, options: PictureOptions) -> Frames:
    """Yield as many frames as there are, changed as the options say."""
    if options.deinterlace:
        frames = _filtered(frames, (DEINTERLACE,), lambda frame: True)
    if options.tone_map:
        frames = _filtered(frames, (TONE_MAP, ("format", "pix_fmts=yuv420p")), is_hdr)
    return frames


def _filtered(
    frames: Frames, steps: tuple[tuple[str, str], ...], concerns: Callable[[av.VideoFrame], bool]
) -> Frames:
    """Yield the frames through FFmpeg's filters; those that are not concerned stay as they are."""
    graph: av.filter.Graph | None = None
    built_for: object = None
    for frame in frames:
        key = (format_of(frame), int(frame.color_trc)) if concerns(frame) else None
        if graph is not None and key != built_for:
            graph.push(None)
            yield from _pulled(graph)
            graph = None
        if key is None:
            yield frame
            continue
        if graph is None:
            graph, built_for = _graph(frame, steps), key
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _graph(frame: av.VideoFrame, steps: tuple[tuple[str, str], ...]) -> av.filter.Graph:
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 1000),
    )
    for name, arguments in (*steps, ("buffersink", "")):
        step = graph.add(name, arguments)
        last.link_to(step)
        last = step
    graph.configure()
    return graph


def _pulled(graph: av.filter.Graph) -> Frames:
    while True:
        try:
            yield cast(av.VideoFrame, graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return

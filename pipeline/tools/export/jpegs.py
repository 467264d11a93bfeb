"""Frames of a stored clip as JPEG files: for formats of pictures instead of videos."""

import io

import av
import simplejpeg

from ...errors import ClipError, StageError
from ...storage.payload import read_payload
from .selection import ExportClip
from .task import ExportTask


def jpegs(task: ExportTask, clip: ExportClip) -> list[bytes]:
    """The stored JPEGs as they are; frames of another payload are coded once.

    Then `payload.quality` and `payload.subsampling` of params.yaml say how (95 and 4:4:4 where
    they are not set).
    """
    data = task.read(clip)
    try:
        frames = _packets(data)
        if frames is None:
            settings = task.payload
            frames = [
                simplejpeg.encode_jpeg(
                    frame,
                    quality=settings.quality,
                    colorspace="RGB",
                    colorsubsampling=settings.subsampling,
                )
                for frame in read_payload(data)
            ]
    except (av.FFmpegError, IndexError, ClipError) as error:
        raise StageError(f"{task.shard}, clip {clip.key}: cannot be read: {error}") from error
    if len(frames) != clip.num_frames:
        raise StageError(
            f"{task.shard}, clip {clip.key}: has {len(frames)} frames, its manifest says "
            f"{clip.num_frames}; delete this shard and run the stage again."
        )
    return frames


def _packets(data: bytes) -> list[bytes] | None:
    with av.open(io.BytesIO(data), mode="r") as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "mjpeg":
            return None
        return [bytes(packet) for packet in container.demux(stream) if packet.size]

"""Frames of a stored clip as JPEG files, for formats of pictures."""

import io

import av
import simplejpeg

from ...errors import ClipError, StageError
from ...storage.payload import read_payload
from .selection import ExportClip
from .task import ExportTask


def jpegs(task: ExportTask, clip: ExportClip) -> list[bytes]:
    """Return the stored JPEG frames unchanged; encode the frames of other payloads.

    They are encoded with `payload.quality` and `payload.subsampling` of params.yaml.
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
            f"{task.shard}, clip {clip.key}: wrong number of frames (got {len(frames)}, its "
            f"manifest has {clip.num_frames}); delete this shard and run the stage again."
        )
    return frames


def _packets(data: bytes) -> list[bytes] | None:
    with av.open(io.BytesIO(data), mode="r") as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "mjpeg":
            return None
        return [bytes(packet) for packet in container.demux(stream) if packet.size]

"""Videos with sound and subtitles, and the packets of their streams."""

from hashlib import sha256
from pathlib import Path

import av

from corruptions.types import Clip
from tests.support.videos import make_video, moving_clip, run_ffmpeg

SUBTITLES = "1\n00:00:00,100 --> 00:00:00,400\nOne\n\n2\n00:00:00,500 --> 00:00:00,700\nTwo\n"

Packets = list[tuple[float, str]]
"""Time in seconds and hash of every packet."""


def make_loud(
    path: Path,
    *options: str,
    clip: Clip | None = None,
    sound: str = "aac",
    subtitles: str | None = None,
    delay: str = "0.1",
) -> Path:
    """Encode a clip with a tone that begins `delay` seconds later, and subtitles."""
    clip = moving_clip(24, 66, 82) if clip is None else clip
    silent = make_video(path.with_name(f"{path.stem}.silent.mkv"), *options, clip=clip)
    inputs = ["-i", str(silent), "-itsoffset", delay]
    inputs += ["-f", "lavfi", "-i", "sine=duration=1:sample_rate=44100"]
    maps = ["-map", "0", "-map", "1", "-c:v", "copy", "-c:a", sound]
    if subtitles is not None:
        text = path.with_name(f"{path.stem}.srt")
        text.write_text(SUBTITLES)
        inputs += ["-i", str(text)]
        maps += ["-map", "2", "-c:s", subtitles]
    run_ffmpeg(*inputs, *maps, "-metadata:s:a", "language=deu", str(path))
    silent.unlink()
    return path


def packets(path: Path, kind: str) -> Packets:
    """Packets of the first stream of a kind, such as "audio"."""
    found = []
    with av.open(str(path)) as container:
        stream = next(one for one in container.streams if one.type == kind)
        for packet in container.demux(stream):
            if packet.size:
                ticks = packet.dts if packet.pts is None else packet.pts
                assert ticks is not None
                seconds = float(ticks * packet.time_base)
                found.append((round(seconds, 6), sha256(bytes(packet)).hexdigest()))
    return found


def frame_times(path: Path) -> list[float]:
    """When each frame is shown, in seconds."""
    times = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            times.append(round(float(frame.pts * frame.time_base), 6))
    return times

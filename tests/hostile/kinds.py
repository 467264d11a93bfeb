"""Small sound videos of many containers and codecs, from which hostile ones are made."""

from pathlib import Path

from tests.support import videos
from tests.support.videos import HEVC10, MPEG4, VP9, make_video, moving_clip, run_ffmpeg

AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "lp=1")
MJPEG = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "5")
H264 = (*videos.H264, "-threads", "1", "-x264-params", "cpu-independent=1")
SIZE = (64, 80)
NUM_FRAMES = 9


def make_kinds(folder: Path) -> dict[str, Path]:
    """One file of each kind, by name; the extension is one that the filter stage takes."""
    clip = moving_clip(NUM_FRAMES, *SIZE)
    options = {
        "h264.mp4": H264,
        "h264_fast.mp4": (*H264, "-movflags", "+faststart"),
        "h264_fragments.mp4": (*H264, "-g", "4", "-movflags", "+frag_keyframe+empty_moov"),
        "vp9.webm": VP9,
        "hevc10.mkv": HEVC10,
        "mpeg4.avi": MPEG4,
        "av1.mp4": AV1,
        "av1.webm": AV1,
        "mjpeg.avi": MJPEG,
        "mpeg2.mov": ("-c:v", "mpeg2video", "-q:v", "4"),
        "ffv1.mkv": ("-c:v", "ffv1", "-level", "3", "-pix_fmt", "yuv444p"),
        "transport.mp4": (*H264, "-f", "mpegts"),
        "program.avi": ("-c:v", "mpeg2video", "-q:v", "4", "-f", "mpeg"),
        "flash.mp4": ("-c:v", "flv1", "-q:v", "4", "-f", "flv"),
        "windows.avi": ("-c:v", "wmv2", "-q:v", "4", "-f", "asf"),
    }
    exact = ("-fflags", "+bitexact")
    made = {
        name: make_video(folder / name, *how, *exact, clip=clip) for name, how in options.items()
    }
    sound = folder / "sound.mp4"
    run_ffmpeg(
        *("-i", str(made["h264.mp4"]), "-f", "lavfi", "-i", "sine=d=0.5"),
        *("-c:v", "copy", "-c:a", "aac", str(sound)),
    )
    return made | {sound.name: sound}

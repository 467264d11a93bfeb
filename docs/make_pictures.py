"""Picture of the README, written by `python -m docs.make_pictures` in the project's folder.

The video is a slow camera move over a photograph that is part of scikit-image (Chelsea the cat, by
Stéfan van der Walt, CC0); the picture is the mosaic of `python -m pipeline preview`.
"""

import shutil
import tempfile
from pathlib import Path

import cv2
import ffmpeg
from skimage import data

from corruptions.sets import PAPER12
from pipeline.media import ffmpeg as program
from pipeline.tools.preview import preview

FRAMES, WIDTH, HEIGHT = 50, 640, 460
HERE = Path(__file__).parent


def write_video(path: Path) -> None:
    """Write an H.264 video that zooms in on the photograph."""
    photograph = data.chelsea()
    rows, columns = photograph.shape[:2]
    pictures = []
    for frame in range(FRAMES):
        t = frame / FRAMES
        width, height = round(400 * (1 - t / 5)), round(288 * (1 - t / 5))
        left, top = round((columns - width) * (0.2 + t / 3)), (rows - height) // 2
        crop = photograph[top : top + height, left : left + width]
        pictures.append(cv2.resize(crop, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).tobytes())
    command = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{WIDTH}x{HEIGHT}", framerate=25
    ).output(str(path), vcodec="libx264", pix_fmt="yuv420p", crf=18, threads=1)
    program.run(command, stdin=pictures, timeout_seconds=120)


def main() -> None:
    """Write docs/pictures/paper12.png."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "cat.mp4"
        write_video(video)
        preview(video, Path(folder), PAPER12, seconds=2)
        shutil.copy(Path(folder) / "severity-3.png", HERE / "pictures" / "paper12.png")


if __name__ == "__main__":
    main()

"""Choices about pictures: square pixels, no interlacing, tone mapping; by default nothing."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from corruptions.registry import load
from corruptions.types import ClipRandom, Context
from pipeline.media.normalise import PictureOptions
from pipeline.media.preprocess import Preprocess, square_size
from pipeline.media.recompress import recompress
from pipeline.media.source import AS_THEY_ARE, VideoSource
from tests.support.videos import H264, make_video, moving_clip, run_ffmpeg

PQ = ("-bsf:v", "h264_metadata=transfer_characteristics=16:colour_primaries=9:"
      "matrix_coefficients=9")  # fmt: skip
HDR10 = (
    *("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params"),
    "log-level=none:crf=8:colorprim=9:transfer=16:colormatrix=9:range=limited:max-cll=1000,400:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
)
INTERLACED = ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-vf",
              "tinterlace=interleave_top,setfield=tff", "-b:v", "4M")  # fmt: skip


def pictures(path: Path, options: PictureOptions = AS_THEY_ARE) -> np.ndarray:
    preprocess = Preprocess(64, 56)
    with VideoSource(path, options=options) as source:
        return np.stack(
            [preprocess(frame, pixel_aspect=source.pixel_aspect) for frame in source.frames()]
        )


def combs(clip: np.ndarray) -> float:
    """How much neighbouring rows differ, against rows two apart."""
    values = clip.astype(float)
    near = np.abs(values[:, 1:] - values[:, :-1])[:, :-1].mean()
    return near / np.abs(values[:, 2:] - values[:, :-2]).mean()


def interlaced(folder: Path) -> Path:
    """Twenty frames, each of two moments of a sideways motion."""
    t, _, x = np.ogrid[:40, :64, :96]
    waves = (128 + 100 * np.sin((x - 4 * t) / 4) + 0 * np.ogrid[:40, :64, :96][1]).astype(np.uint8)
    clip = np.repeat(waves[..., None], 3, axis=3)
    return make_video(folder / "tff.ts", *INTERLACED, clip=clip, fps="50")


def raw(path: Path, options: PictureOptions = AS_THEY_ARE) -> np.ndarray:
    with VideoSource(path, options=options) as source:
        return np.stack([frame.to_ndarray(format="gray") for frame in source.frames()])


def test_deinterlacing_removes_the_combs_and_no_frame(tmp_path: Path) -> None:
    path = interlaced(tmp_path)
    plain, made = raw(path), raw(path, PictureOptions(deinterlace=True))
    assert len(made) == len(plain) >= 19
    assert combs(plain) > 3 * combs(made)


def test_deinterlacing_is_ffmpegs(tmp_path: Path) -> None:
    path, reference = interlaced(tmp_path), tmp_path / "reference.mkv"
    run_ffmpeg("-i", str(path), "-vf", "bwdif=send_frame:auto:interlaced", "-c:v", "ffv1",
               str(reference))  # fmt: skip
    made, expected = raw(path, PictureOptions(deinterlace=True)), raw(reference)
    assert made.shape == expected.shape
    assert (made != expected).mean() < 0.005  # rows at the border differ between versions


def test_progressive_video_stays_when_deinterlacing(tmp_path: Path) -> None:
    path = make_video(tmp_path / "plain.mp4", *H264)
    np.testing.assert_array_equal(pictures(path), pictures(path, PictureOptions(True, True, True)))


def test_tone_mapping_is_close_to_ffmpegs_other_way(tmp_path: Path) -> None:
    """A ramp of grey in PQ, against zscale and tonemap of the pinned ffmpeg."""
    ramp = np.linspace(0, 180, 96).astype(np.uint8)[None, None, :, None]
    clip = np.ascontiguousarray(np.broadcast_to(ramp, (8, 64, 96, 3)))
    path, reference = make_video(tmp_path / "pq.mp4", *HDR10, clip=clip), tmp_path / "ref.mkv"
    chain = ("zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
             "zscale=t=bt709:m=bt709:r=tv,format=yuv420p")  # fmt: skip
    run_ffmpeg("-i", str(path), "-vf", chain, "-c:v", "ffv1", str(reference))
    made, expected = pictures(path, PictureOptions(tone_map=True)), pictures(reference)
    assert len(made) == len(expected) == 8
    assert np.abs(made.astype(int) - expected).mean() < 16
    bright = expected > 120
    plain = np.abs(pictures(path).astype(int) - expected)[bright].mean()
    assert np.abs(made.astype(int) - expected)[bright].mean() < 0.7 * plain


def test_square_pixels(tmp_path: Path) -> None:
    """A circle in pixels of 2:1 becomes a circle."""
    y, x = np.ogrid[:120, :160]
    disc = ((2 * (x - 80)) ** 2 + (y - 60) ** 2 < 40**2)[None, ..., None]
    clip = np.ascontiguousarray(np.broadcast_to(disc * np.uint8(255), (8, 120, 160, 3)))
    path = make_video(tmp_path / "wide.mp4", *H264, "-vf", "setsar=2/1", clip=clip)
    for options, ratio in ((PictureOptions(), 0.5), (PictureOptions(square_pixels=True), 1)):
        picture = pictures(path, options)[0][..., 0] > 127
        width, height = picture.any(axis=0).sum(), picture.any(axis=1).sum()
        assert width / height == pytest.approx(ratio, abs=0.08)


def test_no_pixel_is_lost_to_square_ones() -> None:
    assert square_size(160, 120, Fraction(2)) == (320, 120)
    assert square_size(720, 576, Fraction(16, 15)) == (768, 576)
    assert square_size(160, 120, Fraction(1, 2)) == (160, 240)


@pytest.mark.parametrize(("name", "level"), [("h264_crf", 18), ("bit_error", 2**31 - 1)])
def test_codec_cells_have_the_same_pictures(tmp_path: Path, name: str, level: int) -> None:
    clip = moving_clip(8, 64, 96)
    tags = ("-vf", "setsar=64/51", *PQ)
    path = make_video(tmp_path / "clip.mp4", *H264, *tags, clip=clip)
    options = PictureOptions(True, True, True)
    context = Context(ClipRandom(0, "demo", "clip", name, "1"))
    [made] = recompress(path, load(name), [level], [context], timeout_seconds=60, options=options)
    preprocess = Preprocess(64, 56)
    frames = [preprocess(frame, made.orientation, made.pixel_aspect) for frame in made.frames]
    difference = np.stack(frames).astype(float) - pictures(path, options)
    assert np.abs(difference).mean() < 6
    assert "libx264" in made.encoder


def test_every_filter_is_there() -> None:
    assert {"bwdif", "scale"} <= av.filter.filters_available

"""Mirrored and exported files play in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.datasets.native_video import NativeCell
from pipeline.tools.mirror.apply import apply
from tests.support.player import Player, open_player
from tests.support.sound import make_loud
from tests.support.videos import H264, make_video, moving_clip, run_ffmpeg


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    with open_player(tmp_path_factory.mktemp("player")) as opened:
        yield opened


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "webm"])
def test_a_mirrored_video_plays(player: Player, tmp_path: Path, extension: str) -> None:
    sound = "aac" if extension in ("mp4", "mov") else "libopus"
    video = ("-c:v", "libvpx", "-cpu-used", "8") if extension == "webm" else H264
    source = make_loud(tmp_path / f"in.{extension}", *video, sound=sound)
    output = tmp_path / f"out.{extension}"
    apply(source, output, NativeCell("shot_noise", 3))
    played = player.play(output)
    assert (played.error, played.width, played.height) == ("", 82, 66)
    assert played.seconds == pytest.approx(1.1, abs=0.1)  # that of the sound


def test_an_odd_size_plays(player: Player, tmp_path: Path) -> None:
    clip = moving_clip(6, 71, 93)
    source = make_video(tmp_path / "odd.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", clip=clip)
    apply(source, tmp_path / "odd.mp4", NativeCell("fog", 3))
    played = player.play(tmp_path / "odd.mp4")
    assert (played.error, played.width, played.height) == ("", 93, 71)


def test_a_turned_video_plays_upright(player: Player, tmp_path: Path) -> None:
    plain = make_video(tmp_path / "plain.mp4", *H264, clip=moving_clip(6, 66, 98))
    source = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation:v:0", "90", "-i", str(plain), "-c", "copy", str(source))
    apply(source, tmp_path / "out.mp4", NativeCell("fog", 3))
    played = player.play(tmp_path / "out.mp4")
    assert (played.error, played.width, played.height) == ("", 66, 98)


def test_the_browser_refuses_what_does_not_play(player: Player, tmp_path: Path) -> None:
    """The stored payload, JPEG in mp4: the reason for copies that play."""
    stored = make_video(tmp_path / "stored.mp4", "-c:v", "mjpeg", clip=moving_clip(6, 66, 82))
    assert player.play(stored).error


def test_playable_copies_of_an_export_play(
    player: Player, decoded_project: Path, tmp_path: Path
) -> None:
    arguments = ["export", "plain", "--playable", "-d", "demo", "-o", str(tmp_path), "-c", "clean"]
    arguments += ["--params", str(decoded_project / "params.yaml")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    line = (tmp_path / "demo/playable/val/clean-0.csv").read_text().splitlines()[1].split(",")
    exact = (tmp_path / "demo/plain/val/clean-0.csv").read_text().splitlines()[1].split(",")
    assert line[1:] == exact[1:]
    played = player.play(tmp_path / "demo" / line[0])
    assert played.error == ""
    assert played.seconds == pytest.approx(int(line[3]) / float(line[4]), abs=0.05)
    assert (tmp_path / "demo" / exact[0]).is_file()
    wrong = CliRunner().invoke(app, ["export", "tsm", *arguments[2:]], env={"COLUMNS": "200"})
    assert (wrong.exit_code, "belongs to the format plain" in wrong.output) == (2, True)

"""Special files in place of videos: never blocked on, never followed out of the folder."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import pytest

from pipeline.errors import ClipError
from pipeline.media.source import VideoSource
from pipeline.storage import manifest, schemas
from pipeline.storage.payload import read_payload
from pipeline.storage.rows import ClipRow
from tests.hostile.command import pipeline
from tests.support.project import CLASSES, make_project, video_id, write_annotations
from tests.support.videos import H264, make_video, moving_clip

SPARSE = 5 << 30


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def loop(path: Path) -> None:
    path.symlink_to(path)


def folder(path: Path) -> None:
    path.mkdir()


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SPARSE)


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n")


KINDS: dict[Callable[[Path], None], tuple[str, str]] = {
    fifo: ("broken", "not a regular file"),
    listening: ("broken", "not a regular file"),
    endless: ("broken", "not a regular file"),
    nowhere: ("broken", "no such file"),
    loop: ("broken", "Too many levels of symbolic links"),
    folder: ("missing", "no file"),
    sparse: ("broken", "cannot open: Invalid data found when processing input"),
    playlist: ("broken", "cannot open: "),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ClipRow]:
    """Reasons of the filter stage for one file of each kind, by file name."""
    root = tmp_path_factory.mktemp("special")
    make_project(root, num_clips=1, num_train=0)
    names = {make.__name__: f"{make.__name__:_<11}" for make in KINDS}
    write_annotations(
        root, "val", [(CLASSES[number % 2], name) for number, name in enumerate(names.values())]
    )
    for make in KINDS:
        make(root / f"data/demo/videos/{names[make.__name__]}.mp4")
    done = pipeline(root, "filter", "-d", "demo")
    assert done.code == 0, done.said
    found = manifest.read_rows(root / "manifests/demo/clips.parquet", schemas.CLIPS)
    return {row["key"][:11].rstrip("_"): row for row in found}


@pytest.mark.parametrize("make", KINDS, ids=lambda make: str(make.__name__))
def test_a_row_with_a_reason(rows: dict[str, ClipRow], make: Callable[[Path], None]) -> None:
    row = rows[make.__name__]
    assert row["status"] == KINDS[make][0]
    assert row["reason"].startswith(KINDS[make][1])


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """Address of a local web server, and the requests that it received."""
    asked: list[str] = []

    class Canary(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name that the base class calls
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Canary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


SCRIPTS = {
    "concat": "ffconcat version 1.0\nfile 'secret.ts'\n",
    "concat_absolute": "ffconcat version 1.0\noption safe 0\nfile '{folder}/secret.ts'\n",
    "concat_web": "ffconcat version 1.0\nfile '{web}/concat.ts'\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
    "hls_web": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{web}/hls.ts\n#EXT-X-ENDLIST\n",
    "hls_key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{web}/key"\n#EXTINF:1,\nsecret.ts\n',
    "hls_concat": "#EXTM3U\n#EXTINF:1,\nconcat:{folder}/secret.ts|{folder}/secret.ts\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet contentType="video"><Representation id="0"><BaseURL>{web}/dash</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "rtsp": "RTSP/1.0\nrtsp://127.0.0.1:1/\n",
    "xspf": "<?xml?><playlist><trackList><location>{web}/x</location></trackList></playlist>",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_playlist_opens_nothing(tmp_path: Path, canary: tuple[str, list[str]], name: str) -> None:
    web, asked = canary
    make_video(tmp_path / "secret.ts", *H264)
    data = SCRIPTS[name].format(folder=tmp_path, web=web)
    for extension in (".mp4", ".mkv", ".webm", ".avi"):
        path = tmp_path / f"video{extension}"
        path.write_text(data)
        with pytest.raises(ClipError, match="cannot open"), VideoSource(path) as source:
            list(source.frames())
    with pytest.raises(ClipError, match="stored clip cannot be read"):
        read_payload(data.encode())
    assert not asked


def test_ffmpeg_alone_would_open_another_file(tmp_path: Path) -> None:
    """Why the test above is needed."""
    make_video(tmp_path / "secret.ts", *H264)
    path = tmp_path / "video.mp4"
    path.write_text(SCRIPTS["concat"])
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 16


@pytest.mark.parametrize("name", ["concat:a|b.mp4", "http:x.mp4", "subfile,,start,0,end,9,,:x.mp4"])
def test_a_name_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    make_video(tmp_path / "plain.mp4", *H264).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with VideoSource(Path(name)) as source:
        assert len(list(source.frames())) == 16


def test_a_picture_beyond_the_limit_is_a_row(tmp_path: Path) -> None:
    """VP9 that grows in the middle of the file, and VP9 that says 65536 x 65536 at once."""
    root = tmp_path
    params = {"filter": {"max_pixels": 100_000}, "decode": {"allowed_failures": 1.0}}
    make_project(root, num_clips=2, num_train=0, **params)
    videos = root / "data/demo/videos"
    grows, huge = (videos / f"{video_id(n)}_000003_000013" for n in range(2))
    for path in (grows, huge):
        path.with_suffix(".mp4").unlink()
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "mpegts")
    small = make_video(root / "small.ts", *h264)
    large = make_video(root / "large.ts", *h264, clip=moving_clip(8, 512, 512))
    grows.with_suffix(".mp4").write_bytes(small.read_bytes() + large.read_bytes())
    coded = bytearray(
        make_video(root / "x.webm", "-c:v", "libvpx-vp9", clip=moving_clip(12)).read_bytes()
    )
    start = coded.index(
        b"\x49\x83\x42"
    )  # VP9's sync code; four bits further stand two 16-bit sides
    for bit in range(28, 60):
        coded[start + bit // 8] |= 0x80 >> bit % 8
    huge.with_suffix(".webm").write_bytes(coded)
    assert pipeline(root, "filter", "-d", "demo").code == 0
    found = manifest.read_rows(root / "manifests/demo/clips.parquet", schemas.CLIPS)
    reasons = {row["key"][:11]: row["reason"] for row in found}
    assert reasons[video_id(0)] == ""
    assert reasons[video_id(1)]
    assert pipeline(root, "decode", "-d", "demo").code == 0
    (row,) = manifest.read_rows(root / "manifests/demo/clean.parquet", schemas.CELLS)
    assert row["status"] == "failed"
    assert row["reason"].startswith("broken after 16 frames")


def test_ten_thousand_streams(tmp_path: Path) -> None:
    data = make_video(tmp_path / "one.mp4", *H264, "-movflags", "+faststart").read_bytes()
    moov = data.index(b"moov") - 4
    trak = data.index(b"trak") - 4
    size = int.from_bytes(data[trak : trak + 4], "big")
    copies = data[trak : trak + size] * 10_000
    length = int.from_bytes(data[moov : moov + 4], "big") + len(copies)
    many = data[:moov] + length.to_bytes(4, "big") + data[moov + 4 : trak] + copies + data[trak:]
    path = tmp_path / "many.mp4"
    path.write_bytes(many)
    with (
        pytest.raises(ClipError, match="cannot open: Cannot allocate memory"),
        VideoSource(path, timeout_seconds=60) as source,
    ):
        list(source.frames())

"""Clips of variable frame rate: frames are chosen by time, and stored clips keep their clock."""

import io
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.datasets.cell_frames import CellFrames
from pipeline.datasets.on_the_fly import CorruptedClips
from pipeline.media import ffmpeg
from pipeline.params import load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.storage import manifest, schemas
from pipeline.storage.frame_times import tick_columns, times_of
from pipeline.storage.paths import DatasetPaths
from pipeline.storage.payload import read_payload
from pipeline.storage.rows import CellRow
from pipeline.storage.shards import read_member
from tests.support.project import make_project, video_id
from tests.support.videos import make_video

NUM_SLOW, NUM_FAST = 10, 30
TIMES = [*(Fraction(k, 5) for k in range(10)), *(2 + Fraction(k, 30) for k in range(31))]
CHANGES = {
    "corruptions": ["frame_rate", "fog", "h264_crf"],
    "severities": [3],
    "payload": {"codec": "ffv1"},
    "filter": {"min_frames": 1},
}


def variable(path: Path) -> Path:
    """Ten frames at 5 per second, then thirty at 30; their grey values count up."""
    grey = np.arange(40, dtype=np.uint8)[:, None, None, None] * 6
    clip = np.broadcast_to(grey, (40, 64, 64, 3))
    times = "if(lt(N,10),N*6000,60000+(N-10)*1000)"
    return make_video(
        path,
        *("-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p", "-bf", "0"),
        *("-vf", f"settb=1/30000,setpts='{times}'", "-fps_mode", "passthrough"),
        *("-enc_time_base", "1/30000", "-video_track_timescale", "30000"),
        clip=np.ascontiguousarray(clip),
        fps="30",
    )


@pytest.fixture(scope="module", params=["jpeg", "ffv1"])
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variable")
    changes = CHANGES | {"payload": {"codec": request.param}}
    params = make_project(folder, num_clips=2, num_train=1, **changes)
    variable(folder / f"data/demo/videos/{video_id(0)}_000003_000013.mp4")
    filter_clips(params, folder, "demo")
    decode(params, folder, "demo")
    for name in ("frame_rate", "fog", "h264_crf"):
        corrupt(params, folder, "demo", name)
    return folder


def row_of(root: Path, name: str, number: int = 0) -> CellRow:
    rows = manifest.read_rows(root / f"manifests/demo/{name}.parquet", schemas.CELLS)
    [row] = [row for row in rows if row["key"].startswith(video_id(number))]
    return row


def stored(root: Path, row: CellRow) -> bytes:
    return read_member(root / row["shard"], row["offset"], row["size"], row["sha256"])


def greys(clip: np.ndarray) -> list[int]:
    """Numbers of the frames of a clip, from their grey values."""
    values = clip.reshape(len(clip), -1).mean(axis=1)
    return [round(value / 6) for value in values]


def by_ffmpeg(path: Path, rate: int) -> list[int]:
    data = subprocess.run(
        [ffmpeg.program(), "-v", "error", "-i", str(path), "-vf", f"fps={rate}", "-f", "rawvideo"]
        + ["-pix_fmt", "gray", "-"],
        capture_output=True,
        check=True,
    ).stdout
    frames = np.frombuffer(data, np.uint8).reshape(-1, 64, 64)
    return greys(frames)


def test_frame_rate_shows_what_ffmpeg_shows(root: Path) -> None:
    row = row_of(root, "frame_rate")
    path = root / "data/demo/videos" / str(row["source_path"])
    made = greys(read_payload(stored(root, row)))
    assert made[:12] == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4]
    assert made == by_ffmpeg(path, 12)
    assert Fraction(row["fps_num"], row["fps_den"]) == 12
    assert row["frame_ticks"] is None


@pytest.mark.parametrize("name", ["clean", "fog", "h264_crf"])
def test_stored_clips_keep_the_times_of_the_source(root: Path, name: str) -> None:
    row = row_of(root, name)
    assert times_of(row) == tuple(TIMES)
    assert Fraction(row["fps_num"], row["fps_den"]) == Fraction(40, 3)
    with av.open(io.BytesIO(stored(root, row))) as container:
        stamps = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    assert stamps == pytest.approx([float(time) for time in TIMES[:-1]], abs=0.001)


def test_clips_of_a_constant_rate_have_no_times(root: Path) -> None:
    for name in ("clean", "fog", "frame_rate"):
        assert row_of(root, name, 1)["frame_ticks"] is None


def test_the_filter_stage_records_it(root: Path) -> None:
    rows = manifest.read_rows(root / "manifests/demo/clips.parquet", schemas.CLIPS)
    found = {row["key"][:11]: row for row in rows if row["split"] == "val"}
    assert found[video_id(0)]["variable_frame_rate"]
    assert not found[video_id(1)]["variable_frame_rate"]


@pytest.mark.parametrize("name", ["frame_rate", "fog"])
def test_clips_made_on_the_fly_are_those_of_the_shards(root: Path, name: str) -> None:
    made = CorruptedClips("demo", name, 3, params=root / "params.yaml")
    for example in (made[number] for number in range(len(made))):
        number = 0 if example["key"].startswith(video_id(0)) else 1
        frames = read_payload(stored(root, row_of(root, name, number)))
        np.testing.assert_array_equal(example["clip"].numpy(), frames)


def test_selected_frames_keep_their_times(tmp_path: Path) -> None:
    params = make_project(tmp_path, num_clips=2, num_train=1, **CHANGES, corrupt={"frames": 8})
    variable(tmp_path / f"data/demo/videos/{video_id(0)}_000003_000013.mp4")
    filter_clips(params, tmp_path, "demo")
    decode(params, tmp_path, "demo")
    rows = corrupt(params, tmp_path, "demo", "fog")
    [row] = [row for row in rows if row["key"].startswith(video_id(0))]
    assert times_of(row) == (*TIMES[:-1:5], TIMES[-1])
    assert row["duration_seconds"] == pytest.approx(3)


def test_times_survive_the_manifest() -> None:
    times = (Fraction(0), Fraction(1, 3), Fraction(1001, 30000), Fraction(2))
    ordered = tuple(sorted(times))
    assert times_of({"key": "a", **tick_columns(ordered)}) == ordered
    assert times_of({"key": "a"}) is None


@pytest.mark.parametrize("name", ["frame_rate", "fog", "h264_crf"])
def test_clips_made_from_videos_have_the_clock_of_the_shards(root: Path, name: str) -> None:
    columns = ("fps_num", "fps_den", "num_frames", "ticks_per_second", "frame_ticks")
    paths = DatasetPaths(root, "demo")
    rows = manifest.read_rows(paths.manifest(name), schemas.CELLS)
    stored = {one["key"]: one for one in rows}
    maker = CellFrames.of("demo", load(root / "params.yaml"), root)
    clips = [one for one in manifest.read_rows(paths.clips, schemas.CLIPS) if one["key"] in stored]
    assert len(clips) == 2
    for clip in clips:
        clean = maker.clean(clip)
        (made,) = maker.take_corrupted(clip, clean, name, [3], lambda count: np.array([1, 2]))
        wanted = stored[clip["key"]]
        assert {key: made.row.get(key) for key in columns} == {
            key: wanted.get(key) for key in columns
        }

"""Clips on the fly have the pixels of the stored shards, cell by cell."""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import corruptions
from pipeline.datasets.on_the_fly import CorruptedClips, CorruptedStream
from pipeline.errors import ClipError, SettingsError, StageError
from pipeline.media.sampling import clip_indices
from pipeline.params import Params
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.storage import manifest, schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.paths import DatasetPaths
from tests.support.project import REPOSITORY, make_project

ALL14 = corruptions.names(set="all14")
CLEAN_SHARDS = (True, False)


def build(root: Path, names: tuple[str, ...], **changes: object) -> Params:
    """A project with all stored cells; shards of a clip are what a reader compares with."""
    params = make_project(root, num_clips=3, num_train=1, corruptions=list(names), **changes)
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    for name in names:
        corrupt(params, root, "demo", name)
    return params


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    build(folder, ALL14)
    return folder


@pytest.fixture
def bare(root: Path, tmp_path: Path) -> Path:
    """The same project after nothing but the filter stage."""
    for name in ("params.yaml", "data/demo/videos", "manifests/demo/clips.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / "params.yaml").unlink()
    (tmp_path / "params.yaml").write_bytes((root / "params.yaml").read_bytes())
    return tmp_path


def stored(
    root: Path, corruption: str, severity: int, num_frames: int | None
) -> list[tuple[str, np.ndarray]]:
    rows = manifest.read_rows(DatasetPaths(root, "demo").manifest(corruption), schemas.CELLS)
    clips = [
        StoredClip.of(row, root)
        for row in rows
        if row["severity"] == severity and row["split"] == "val"
    ]
    return [
        (
            clip.key,
            read_clip(
                clip,
                range(clip.num_frames)
                if num_frames is None
                else clip_indices(clip.num_frames, num_frames),
            ),
        )
        for clip in clips
    ]


def assert_same(
    root: Path, project: Path, corruption: str, severity: int, num_frames: int | None
) -> None:
    made = CorruptedClips(
        "demo", corruption, severity, num_frames=num_frames, params=project / "params.yaml"
    )
    expected = stored(root, corruption, severity, num_frames)
    assert len(made) == len(expected)
    for example, (key, frames) in zip(made, expected, strict=True):  # type: ignore[arg-type]
        assert example["key"] == key
        assert (example["corruption"], example["severity"]) == (corruption, severity)
        np.testing.assert_array_equal(example["clip"].numpy(), frames)


@pytest.mark.parametrize("corruption", ALL14)
@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_same_pixels_as_the_shards(root: Path, corruption: str, severity: int) -> None:
    assert_same(root, root, corruption, severity, num_frames=8)


@pytest.mark.parametrize("corruption", ["clean", "shot_noise", "motion_blur", "h264_crf"])
@pytest.mark.parametrize("num_frames", [None, 5, 40])
def test_same_pixels_straight_from_the_videos(
    root: Path, bare: Path, corruption: str, num_frames: int | None
) -> None:
    """40 frames are more than the clips have: frames repeat."""
    severity = 0 if corruption == "clean" else 3
    assert_same(root, bare, corruption, severity, num_frames)


@pytest.mark.parametrize("codec", ["ffv1", "h264"])
def test_same_pixels_through_every_payload(tmp_path: Path, codec: str) -> None:
    names = ("fog", "frame_rate", "h265_crf")
    build(tmp_path, names, payload={"codec": codec}, severities=[2])
    for name in names:
        assert_same(tmp_path, tmp_path, name, 2, num_frames=6)


def test_same_pixels_where_shards_hold_some_frames(tmp_path: Path) -> None:
    build(tmp_path, ("shot_noise", "packet_loss"), corrupt={"frames": 7}, severities=[4])
    for name in ("shot_noise", "packet_loss"):
        assert_same(tmp_path, tmp_path, name, 4, num_frames=None)
        assert_same(tmp_path, tmp_path, name, 4, num_frames=5)


def test_workers_give_every_clip_once_and_the_same(root: Path) -> None:
    clips = CorruptedClips("demo", "shot_noise", 3, num_frames=4, params=root / "params.yaml")
    alone = [clips[number] for number in range(len(clips))]
    loaded = [batch for batch in DataLoader(clips, batch_size=2, num_workers=2)]
    torch.testing.assert_close(
        torch.cat([batch["clip"] for batch in loaded]),
        torch.stack([example["clip"] for example in alone]),
        rtol=0,
        atol=0,
    )
    assert torch.cat([batch["label"] for batch in loaded]).tolist() == [
        example["label"] for example in alone
    ]


def seen(stream: CorruptedStream, workers: int) -> list[tuple[str, int, str]]:
    loader: DataLoader[dict[str, object]] = DataLoader(stream, batch_size=None, num_workers=workers)
    return [(one["corruption"], one["severity"], one["key"]) for one in loader]  # type: ignore[misc]


def test_a_stream_goes_through_its_cells_and_shares_clips_among_workers(root: Path) -> None:
    cells = [("fog", 2), ("clean", 0), ("rain", 5)]

    def stream(seed: int | None) -> CorruptedStream:
        return CorruptedStream(
            "demo", cells, num_frames=2, shuffle_seed=seed, params=root / "params.yaml"
        )

    alone = seen(stream(None), 0)
    assert [one[:2] for one in alone] == [cell for cell in cells for _ in range(3)]
    assert sorted(seen(stream(None), 2)) == sorted(alone)
    assert sorted(seen(stream(1), 0)) == sorted(alone)
    assert seen(stream(1), 0) == seen(stream(1), 0)
    assert len({tuple(seen(stream(seed), 0)) for seed in range(6)}) > 1


def test_a_clip_that_cannot_be_made_raises_or_is_left_out(
    root: Path, bare: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """More frames than decode.max_frames allows, in the longest of the clips."""
    params = bare / "params.yaml"
    params.write_text(params.read_text().replace("max_frames: 3000", "max_frames: 13"))
    clips = CorruptedClips("demo", "fog", 1, params=params)
    assert clips[0]["clip"].shape[0] == 12
    with pytest.raises(ClipError, match="more than 13 frames"):
        clips[2]
    with caplog.at_level(logging.WARNING):
        keys = [one["key"] for one in CorruptedStream("demo", [("fog", 1)], params=params)]
    assert len(keys) == 2
    assert "skipped: more than 13 frames" in caplog.text


def test_wrong_questions_are_refused(root: Path, tmp_path: Path) -> None:
    params = root / "params.yaml"
    with pytest.raises(SettingsError, match="unknown cell"):
        CorruptedClips("demo", "sleet", 1, params=params)
    with pytest.raises(SettingsError, match="severities are 1 to 5"):
        CorruptedStream("demo", [("fog", 6)], params=params)
    with pytest.raises(SettingsError, match="at least 1"):
        CorruptedClips("demo", "fog", 1, num_frames=0, params=params)
    with pytest.raises(StageError, match="no usable clip of split 'test'"):
        CorruptedClips("demo", "fog", 1, split="test", params=params)


@pytest.fixture
def inside(root: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(root)
    yield root
    os.chdir(before)


@pytest.mark.usefixtures("inside")
def test_the_examples_of_the_documentation_run() -> None:
    """Frames, views and batches are what the page says."""
    text = (REPOSITORY / "docs/on_the_fly.md").read_text()
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)  # noqa: S102 - our own documentation
    assert names["example"]["clip"].shape == (16, 40, 40, 3)
    assert {name: len(view) for name, view in names["both"].items()} == {"global": 8, "local": 8}
    assert names["batch"]["corruption"] == ["shot_noise"] * 3

"""Lists of videos and frames, read as their trainers say they read them."""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import cv2
import decord
import numpy as np
import pytest
from PIL import Image
from torchcodec.decoders import VideoDecoder

from tests.pipeline.tools.export.exporting import CELLS, Project, same

Sample = tuple[Any, int]
"""Frames (T, H, W, 3) RGB, and the label."""


def with_decord(path: Path, indices: list[int] | None = None) -> Any:
    reader = decord.VideoReader(str(path))
    return reader.get_batch(range(len(reader)) if indices is None else indices).asnumpy()


def with_pyav(path: Path) -> Any:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def plain(folder: Path, cell: str) -> Iterator[Sample]:
    with (folder / f"plain/val/{cell}.csv").open() as file:
        for row in csv.DictReader(file):
            assert Path(row["path"]).stem == row["key"]
            frames = VideoDecoder(folder / row["path"], dimension_order="NHWC")[:]
            assert len(frames) == int(row["num_frames"])
            yield frames.numpy(), int(row["label"])


def mmaction2_video(folder: Path, cell: str) -> Iterator[Sample]:
    """Fields divided by whitespace; the path is below data_prefix['video']."""
    for line in (folder / f"mmaction2_video/val/{cell}.txt").read_text().splitlines():
        filename, label = line.strip().split()
        yield with_decord(folder / filename), int(label)


def mmaction2_rawframes(folder: Path, cell: str) -> Iterator[Sample]:
    """Frames are img_{:05}.jpg from 1 to total_frames, read with OpenCV."""
    for line in (folder / f"mmaction2_rawframes/val/{cell}.txt").read_text().splitlines():
        directory, total_frames, label = line.strip().split()
        paths = [folder / directory / f"img_{1 + i:05}.jpg" for i in range(int(total_frames))]
        assert len(list((folder / directory).iterdir())) == len(paths)
        yield [cv2.imread(str(path))[..., ::-1] for path in paths], int(label)


def tsm(folder: Path, cell: str) -> Iterator[Sample]:
    """Fields divided by single spaces; frames from 1, read with Pillow."""
    for line in (folder / f"tsm/val/{cell}.txt").read_text().splitlines():
        directory, num_frames, label = line.strip().split(" ")
        numbers = range(1, int(num_frames) + 1)
        paths = [folder / directory / f"img_{number:05d}.jpg" for number in numbers]
        yield [np.asarray(Image.open(path).convert("RGB")) for path in paths], int(label)


def vitta(folder: Path, cell: str) -> Iterator[Sample]:
    """The suffix is an argument of the dataset, vid_format; read with decord by frame number."""
    for line in (folder / f"vitta/val/{cell}.txt").read_text().splitlines():
        path, num_frames, label = line.strip().split(" ")
        yield with_decord(folder / f"{path}.mp4", list(range(int(num_frames)))), int(label)


def slowfast(folder: Path, cell: str) -> Iterator[Sample]:
    """PATH_TO_DATA_DIR/<mode>.csv, two fields by PATH_LABEL_SEPARATOR or by any whitespace."""
    text = (folder / f"slowfast/{cell}/test.csv").read_text()
    assert (folder / f"slowfast/{cell}/val.csv").read_text() == text
    for line in text.splitlines():
        assert line.split(" ") == line.split()
        path, label = line.split(" ")
        yield with_pyav(folder / path), int(label)


READERS = (plain, mmaction2_video, mmaction2_rawframes, tsm, vitta, slowfast)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_a_trainer_sees_the_stored_pixels_and_labels(
    project: Project, tmp_path: Path, reader: Callable[[Path, str], Iterator[Sample]]
) -> None:
    folder = project.export(reader.__name__, tmp_path)
    for corruption, severity in CELLS:
        rows = project.rows(corruption, severity)
        samples = list(reader(folder, f"{corruption}-{severity}"))
        assert [label for _, label in samples] == [row["label_id"] for row in rows]
        for (frames, _), row in zip(samples, rows, strict=True):
            assert same(frames, project.pixels(row))


def test_pytorchvideo(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # It imports one function of torchvision, for folders of classes.
    for name in ("torchvision", "torchvision.datasets", "torchvision.datasets.folder"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["torchvision.datasets.folder"].make_dataset = None  # type: ignore[attr-defined]
    import torch
    from pytorchvideo.data import labeled_video_dataset, make_clip_sampler

    folder = project.export("pytorchvideo", tmp_path)
    rows = project.rows("fog", 4)
    dataset = labeled_video_dataset(
        str(folder / "pytorchvideo/val/fog-4.txt"),
        make_clip_sampler("constant_clips_per_video", 10.0, 1),
        video_sampler=torch.utils.data.SequentialSampler,
        video_path_prefix=str(folder),
        decode_audio=False,
    )
    samples = list(dataset)
    assert [sample["video_name"] for sample in samples] == [f"{row['key']}.mp4" for row in rows]
    assert [sample["label"] for sample in samples] == [row["label_id"] for row in rows]
    for sample, row in zip(samples, rows, strict=True):
        assert same(sample["video"].permute(1, 2, 3, 0), project.pixels(row))


def test_formats_share_the_files_they_list(project: Project, tmp_path: Path) -> None:
    folder = project.export("plain", tmp_path, names=["fog"])
    before = {path: path.stat().st_mtime_ns for path in (folder / "videos").rglob("*")}
    for name in ("mmaction2_video", "slowfast", "pytorchvideo", "vitta"):
        project.export(name, tmp_path, names=["fog"])
    assert before == {path: path.stat().st_mtime_ns for path in (folder / "videos").rglob("*")}
    assert not (folder / "frames").exists()


def test_slowfast_trains_on_train_csv(project: Project, tmp_path: Path) -> None:
    folder = project.export("slowfast", tmp_path, split="train")
    assert [path.name for path in (folder / "slowfast/clean-0").iterdir()] == ["train.csv"]
    project.export("slowfast", tmp_path, names=["clean"])
    names = {path.name for path in (folder / "slowfast/clean-0").iterdir()}
    assert names == {"train.csv", "val.csv", "test.csv"}
    assert len((folder / "slowfast/clean-0/train.csv").read_text().splitlines()) == 2

"""HDF5 files that the loaders of the original benchmark and of 3D-ResNets read."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
from PIL import Image

from pipeline.storage.shards import read_member
from tests.pipeline.tools.export.exporting import CELLS, Project, same


def samples(root: Path, annotations: Path) -> Iterator[tuple[str, int, list[int], h5py.File]]:
    """As their loaders do: labels count in the order of `labels`; a class has a folder."""
    said = json.loads(annotations.read_text())
    numbers = {label: number for number, label in enumerate(said["labels"])}
    for video_id, value in said["database"].items():
        assert value["subset"] == "validation"
        label = value["annotations"]["label"]
        begin, end = value["annotations"]["segment"]
        with h5py.File(root / label / f"{video_id}.hdf5", "r") as file:
            yield video_id, numbers[label], list(range(begin, end)), file["video"]


def picture(data: Any) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_every_cell_is_read(project: Project, tmp_path: Path) -> None:
    folder = project.export("hdf5", tmp_path) / "hdf5/val"
    for corruption, severity in CELLS:
        rows = project.rows(corruption, severity)
        found = samples(
            folder / corruption / str(severity), folder / f"{corruption}-{severity}.json"
        )
        for (video_id, label, indices, video), row in zip(found, rows, strict=True):
            assert (video_id, label) == (row["key"], row["label_id"])
            assert same([picture(data) for data in video], project.pixels(row), 0)
            # The original's loader takes segment[0] .. segment[1] - 3, so not the two at the ends;
            # that of 3D-ResNets takes what is there of segment[0] .. segment[1] - 1.
            assert indices == list(range(1, len(video) + 1))


def test_the_jpegs_are_the_stored_ones(project: Project, tmp_path: Path) -> None:
    folder = project.export("hdf5", tmp_path, names=["fog"], severities=[4])
    for row in project.rows("fog", 4):
        stored = read_member(project.root / row["shard"], row["offset"], row["size"])
        with av.open(io.BytesIO(stored)) as container:
            packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
        path = folder / f"hdf5/val/fog/4/{row['label_id']}/{row['key']}.hdf5"
        with h5py.File(path) as file:
            assert [data.tobytes() for data in file["video"]] == packets
            assert file["video"].dtype == h5py.special_dtype(vlen="uint8")


def test_class_names_are_in_the_json_and_in_no_path(project: Project, tmp_path: Path) -> None:
    folder = project.export("hdf5", tmp_path, names=["clean"])
    said = json.loads((folder / "hdf5/val/clean-0.json").read_text())
    assert said["labels"] == ["0", "1"]
    assert said["class_names"] == ["moving left", "moving right"]
    assert not [path for path in folder.rglob("*") if "moving" in path.name]

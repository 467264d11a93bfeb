"""HDF5 of JPEG frames with one JSON per cell: for the original benchmark's code and 3D-ResNets.

Their loaders open `<root>/<label>/<id>.hdf5` and number the classes by the list `labels` of the
JSON. Both use class ids here, so that no class name becomes part of a path; the names are in
`class_names`.
"""

import json
from typing import Literal

import numpy as np

from ....io.atomic import atomic
from ..jpegs import jpegs
from ..selection import ExportCell
from ..task import Export, ExportTask, File

FOLDER = "hdf5"
UNIT: Literal["clip"] = "clip"

SUBSETS = {"train": "training", "val": "validation", "test": "testing"}
"""Split names used in these JSON files."""


def write_shard(task: ExportTask) -> list[File]:
    """Write one file per clip: dataset `video`, one row of bytes (a JPEG file) per frame."""
    import h5py  # here, so that listing the formats is quick

    files = []
    for clip in task.clips:
        name = f"{clip.label}/{clip.key}.hdf5"
        with atomic(task.folder / name) as temporary:
            with h5py.File(temporary, "w") as file:
                video = file.create_dataset(
                    "video", (clip.num_frames,), dtype=h5py.vlen_dtype(np.uint8)
                )
                for number, frame in enumerate(jpegs(task, clip)):
                    video[number] = np.frombuffer(frame, np.uint8)
            size = temporary.stat().st_size
        files.append(File(name, size, 1))
    return files


def index(export: Export) -> dict[str, str]:
    """Return one JSON per cell in the layout of the original tools."""
    return {
        f"{FOLDER}/{cell.split}/{cell.name}.json": _annotations(export, cell)
        for cell in export.cells
    }


def _annotations(export: Export, cell: ExportCell) -> str:
    database = {
        clip.key: {
            "subset": SUBSETS.get(cell.split, cell.split),
            "annotations": {"label": str(clip.label), "segment": [1, clip.num_frames + 1]},
        }
        for clip in cell.clips
    }
    labels = [str(number) for number in range(len(export.classes))]
    content = {"labels": labels, "class_names": export.classes, "database": database}
    return json.dumps(content, ensure_ascii=False) + "\n"

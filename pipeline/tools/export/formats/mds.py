"""MosaicML Streaming's MDS: one StreamingDataset per cell.

Written without the library, since mosaicml-streaming 0.13 refuses the NumPy version of this project
and requires torchvision. A file has the number of samples, the offsets of each and of the end, the
columns as JSON, and the samples. A sample has the sizes of its columns of variable size, then all
columns. Numbers are little-endian.
"""

import json
import struct
from hashlib import sha256
from typing import Any, Literal

from ....errors import StageError
from ....io.atomic import atomic
from .. import done_marks
from ..selection import ExportClip
from ..task import Export, ExportTask, File

FOLDER = "mds"
UNIT: Literal["pack"] = "pack"

SIZE_LIMIT = 1 << 26
"""Bytes of samples per file, the library's default."""

COLUMNS = {
    "corruption": "str",
    "key": "str",
    "label": "int",
    "num_frames": "int",
    "severity": "int",
    "video": "bytes",
}
"""Encoding per column; the library sorts columns by name."""

_CONFIG = {
    "column_encodings": list(COLUMNS.values()),
    "column_names": list(COLUMNS),
    "column_sizes": [8 if encoding == "int" else None for encoding in COLUMNS.values()],
    "compression": None,
    "format": "mds",
    "hashes": ["sha256"],
    "size_limit": SIZE_LIMIT,
    "version": 2,
}


def write_shard(task: ExportTask) -> list[File]:
    """Write files of at most SIZE_LIMIT, or of one clip if that is larger."""
    files: list[File] = []
    samples: list[bytes] = []
    for clip in task.clips:
        sample = _sample(task, clip)
        if samples and sum(map(len, samples)) + len(sample) > SIZE_LIMIT:
            files.append(_write(task, len(files), samples))
            samples = []
        samples.append(sample)
    if samples:
        files.append(_write(task, len(files), samples))
    return files


def _sample(task: ExportTask, clip: ExportClip) -> bytes:
    values = {
        "corruption": task.corruption.encode(),
        "key": clip.key.encode(),
        "label": struct.pack("<q", clip.label),
        "num_frames": struct.pack("<q", clip.num_frames),
        "severity": struct.pack("<q", task.severity),
        "video": task.read(clip),
    }
    columns = [values[name] for name in COLUMNS]
    sizes = [
        len(value)
        for value, encoding in zip(columns, COLUMNS.values(), strict=True)
        if encoding != "int"
    ]
    return struct.pack(f"<{len(sizes)}I", *sizes) + b"".join(columns)


def _write(task: ExportTask, part: int, samples: list[bytes]) -> File:
    config = json.dumps(_CONFIG, sort_keys=True).encode()
    offsets = [4 + 4 * (len(samples) + 1) + len(config)]
    for sample in samples:
        offsets.append(offsets[-1] + len(sample))
    if offsets[-1] >= 1 << 32:
        raise StageError(
            f"{task.shard}: clip too large for MDS (got {offsets[-1]} bytes; the limit is "
            f"{1 << 32}); choose another format."
        )
    head = struct.pack(f"<{len(offsets) + 1}I", len(samples), *offsets)
    name = f"{task.shard.stem}-{part:03}.mds"
    digest = sha256()
    with atomic(task.folder / name) as temporary, temporary.open("wb") as file:
        for data in (head, config, *samples):
            digest.update(data)
            file.write(data)
    return File(name, offsets[-1], len(samples), digest.hexdigest())


def index(export: Export) -> dict[str, str]:
    """Return the index.json of every cell, with its files in order."""
    texts = {}
    for cell in export.cells:
        files = [
            file
            for shard in cell.shards
            for file in done_marks.read(export.mark(FOLDER, cell, shard))
        ]
        content = {"shards": [_describe(file) for file in files], "version": 2}
        texts[f"{FOLDER}/{cell.folder}/index.json"] = json.dumps(content, sort_keys=True) + "\n"
    return texts


def _describe(file: File) -> dict[str, Any]:
    raw = {"basename": file.name, "bytes": file.size, "hashes": {"sha256": file.sha256}}
    return _CONFIG | {"raw_data": raw, "samples": file.samples, "zip_data": None}

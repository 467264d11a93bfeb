"""Example clips of the page: a few clips, clean and in every cell, as videos that browsers play.

Shards hold JPEG frames in mp4, which browsers do not play, so the first seconds of some clips are
encoded as H.264 with the same bit-exact encoder settings as the payload's. Models are evaluated on
the shards, not on these videos.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corruptions.types import Clip

from ....execution.pool import run_tasks
from ....settings import MachineSettings, PayloadSettings
from ....storage import manifest, schemas
from ....storage.clip_reader import StoredClip, read_clip
from ....storage.paths import DatasetPaths
from ....storage.payload import write_payload
from ....storage.rows import CellRow
from ..evaluated import Evaluated

CLIPS = 3
SECONDS = 2
"""Seconds of each clip that are encoded."""
QUALITIES = (24, 30, 36, 42)
"""CRF values of the videos; the first at which ENOUGH clips fit the budget is used."""
ENOUGH = 2
FLIP_QUALITY = 32
"""CRF of the videos of clips that flip, of which there are many."""


@dataclass(frozen=True)
class ViewerClip:
    """Example clip with its manifest rows by corruption and severity, ("clean", 0) first."""

    key: str
    label: int
    rows: dict[tuple[str, int], CellRow]


def choose_clips(results: Evaluated, count: int = CLIPS) -> list[int]:
    """Return indices of clips that exist in every cell, spread over the classes."""
    there = np.flatnonzero(results.everywhere)
    ordered = sorted(there.tolist(), key=lambda index: (results.labels[index], results.keys[index]))
    count = min(count, len(ordered))
    return [ordered[(2 * number + 1) * len(ordered) // (2 * count)] for number in range(count)]


def rows_of(table: pa.Table, keys: Sequence[str]) -> list[CellRow]:
    """Return the rows of a manifest for some clips."""
    rows: list[CellRow] = table.filter(
        pc.is_in(table["key"], pa.array(keys, pa.string()))
    ).to_pylist()
    return rows


def gather(results: Evaluated, chosen: Sequence[int], rows: Sequence[CellRow]) -> list[ViewerClip]:
    """Return the chosen clips with their rows of all cells."""
    shown = []
    for index in chosen:
        key = results.keys[index]
        mine = {(row["corruption"], row["severity"]): row for row in rows if row["key"] == key}
        shown.append(ViewerClip(key, int(results.labels[index]), mine))
    return shown


def are_here(shown: Sequence[ViewerClip], root: Path) -> bool:
    """Return True if there are clips and all of their shards are on this machine."""
    shards = {row["shard"] for clip in shown for row in clip.rows.values()}
    return bool(shards) and all(shard and (root / shard).is_file() for shard in shards)


def frames_of(row: CellRow, root: Path, positions: Sequence[float]) -> Clip:
    """Read the frames at relative positions 0..1 of a stored clip."""
    clip = StoredClip.of(row, root)
    return read_clip(clip, [round(position * (clip.num_frames - 1)) for position in positions])


@dataclass(frozen=True)
class _EncodeTask:
    """Clip to encode."""

    row: CellRow
    root: Path
    settings: PayloadSettings


def videos(
    shown: Sequence[ViewerClip], root: Path, budget: int, machine: MachineSettings
) -> list[dict[str, bytes]]:
    """Encode the clips as H.264 by "corruption/severity"; as many clips as `budget` bytes allow."""
    made: list[dict[str, bytes]] = []
    for crf in QUALITIES:
        settings = PayloadSettings(codec="h264", crf=crf)
        tasks = [_EncodeTask(row, root, settings) for clip in shown for row in clip.rows.values()]
        coded = run_tasks(_encode, tasks, machine, "videos of the report")
        files = [
            {f"{name}/{severity}": next(coded) for name, severity in clip.rows} for clip in shown
        ]
        sizes = np.cumsum([sum(map(len, some.values())) for some in files])
        made = files[: int(np.sum(sizes <= budget))]
        if len(made) >= min(ENOUGH, len(shown)):
            break
    return made


def flip_videos(
    rows: Mapping[str, Mapping[tuple[str, int], CellRow]],
    cells: Sequence[tuple[str, str, int]],
    root: Path,
    budget: int,
    machine: MachineSettings,
) -> dict[str, bytes]:
    """Encode clips that flip, clean and in one cell each, by "key/corruption/severity".

    `cells` are (key, corruption, severity); as many of the first ones as `budget` bytes allow.
    """
    settings = PayloadSettings(codec="h264", crf=FLIP_QUALITY)
    wanted: dict[tuple[str, str, int], None] = {}
    for key, corruption, severity in cells:
        if key in rows:
            wanted |= {(key, "clean", 0): None, (key, corruption, severity): None}
    tasks = [
        _EncodeTask(rows[key][corruption, severity], root, settings)
        for key, corruption, severity in wanted
    ]
    encoded = run_tasks(_encode, tasks, machine, "videos of clips that flip")
    found: dict[str, bytes] = {}
    for (key, corruption, severity), data in zip(wanted, encoded, strict=True):
        budget -= len(data)
        if budget >= 0:
            found[f"{key}/{corruption}/{severity}"] = data
    return found


def _encode(task: _EncodeTask) -> bytes:
    """Encode the first seconds of a stored clip as H.264, cropped to the even sizes it requires."""
    fps = Fraction(task.row["fps_num"], task.row["fps_den"])
    count = min(task.row["num_frames"], max(1, round(SECONDS * fps)))
    frames = read_clip(StoredClip.of(task.row, task.root), range(count))
    height, width = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2
    return write_payload(frames[:, :height, :width], fps, task.settings)


def predicted_classes(
    results: Evaluated, shown: Sequence[ViewerClip], paths: DatasetPaths
) -> dict[str, dict[str, list[str]]]:
    """Return the top-1 class of each model by clip and "corruption/severity"."""
    keys = pa.array([clip.key for clip in shown], pa.string())
    wanted = ["key", "corruption", "severity", "status", "top5"]
    predicted: dict[str, dict[str, list[str]]] = {clip.key: {} for clip in shown}
    for model in results.predictions:
        path = paths.predictions_of(model)
        table = manifest.read(
            path, schemas.PREDICTIONS, wanted, lambda rows: pc.is_in(rows["key"], keys)
        )
        for row in table.to_pylist():
            name = results.class_names[row["top5"][0]] if row["top5"] else "no prediction"
            cell = f"{row['corruption']}/{row['severity']}"
            predicted[row["key"]].setdefault(cell, []).append(name)
    return predicted


def viewer_values(
    results: Evaluated,
    shown: Sequence[ViewerClip],
    files: Sequence[Mapping[str, bytes]],
    paths: DatasetPaths,
) -> list[dict[str, Any]]:
    """Return the values of each clip for the viewer's script."""
    predicted = predicted_classes(results, shown[: len(files)], paths)
    return [
        {
            "key": clip.key,
            "label": results.class_names[clip.label],
            "fps": clip.rows["clean", 0]["fps_num"] / clip.rows["clean", 0]["fps_den"],
            "predicted": predicted[clip.key],
            "psnr": {
                f"{corruption}/{severity}": round(row["psnr"], 1)
                for (corruption, severity), row in clip.rows.items()
                if row["psnr"] is not None
            },
            "videos": {cell: b64encode(data).decode() for cell, data in some.items()},
        }
        for clip, some in zip(shown, files, strict=False)
    ]

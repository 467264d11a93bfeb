"""Verification of a mirror: stored files against its manifest, and some of them made again."""

import json
import random
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from corruptions.timing import Timing

from ...datasets.native_video import NativeCell, NativeTask, corrupt_video
from ...errors import ClipError, SettingsError, StageError
from ...io.hashing import sha256_file
from ...media.output_format import output_format
from ...storage import manifest
from ...storage.mirror_manifest import MIRRORED, NAME, MirrorRow
from .findings import Discrepancy, Findings, cell_name

COMPARED = ("frames_sha256", "sha256", "num_frames", "damaged_frames")

UNLIMITED = 1 << 62
"""Memory of a recomputation: the manifest does not record the limit of the run."""

TIMEOUT_SECONDS = 86_400.0


def verify_mirror(
    folder: Path, source: Path | None, *, samples: int = 0, seed: int = 0
) -> Findings:
    """Check the files of a mirror and, with the folder of its sources, make some of them again.

    Parameters
    ----------
    folder
        The mirror, with its `manifest.parquet`.
    source
        Folder of the source videos; None checks the stored files only.
    samples
        Number of outputs to recompute.
    seed
        Seed of their choice.

    """
    if not (folder / NAME).is_file():
        raise SettingsError(f"--mirror: no {NAME} in {folder}; name the folder of a mirror.")
    rows: list[MirrorRow] = manifest.read_rows(folder / NAME, MIRRORED)
    findings = Findings()
    good = [row for row in rows if row["status"] == "ok"]
    for row in good:
        findings.add(_check_file(folder, row))
    findings.count("files read", len(good))
    findings.count("videos without an output", len(rows) - len(good))
    if source is not None:
        chosen = random.Random(seed).sample(range(len(good)), min(samples, len(good)))
        for number in sorted(chosen):
            findings.add(_recompute(source, good[number]))
        findings.count("files recomputed", len(chosen))
    return findings


def _cell(row: MirrorRow) -> str:
    return cell_name(row["corruption"], row["severity"])


def _check_file(folder: Path, row: MirrorRow) -> Sequence[Discrepancy]:
    name = row["output_path"]
    path = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute():
        return [Discrepancy(_cell(row), "path outside of the mirror", name)]
    if not path.is_file():
        return [Discrepancy(_cell(row), "missing file", name)]
    if path.stat().st_size != row["size"] or sha256_file(path) != row["sha256"]:
        return [Discrepancy(_cell(row), "damaged file", name, "wrong hash")]
    return []


def _recompute(source: Path, row: MirrorRow) -> Sequence[Discrepancy]:
    """Make an output again in a temporary folder and compare it with its row."""
    path, name = source / row["source_path"], row["output_path"]
    try:
        if not path.is_file() or sha256_file(path) != row["source_sha256"]:
            return [Discrepancy(_cell(row), "source video missing or different", str(path))]
        form = output_format(name, lossless=row["codec"] == "ffv1")
        if form is None:
            return [Discrepancy(_cell(row), "unknown container", name)]
        with tempfile.TemporaryDirectory(prefix="verify-") as temporary:
            task = NativeTask(
                path, row["random_key"], cell_of(row), form, UNLIMITED, TIMEOUT_SECONDS
            )
            made = corrupt_video(task, Path(temporary) / Path(name).name)
    except (ClipError, StageError, ValueError, KeyError, TypeError) as error:
        return [Discrepancy(_cell(row), "cannot be recomputed", name, str(error))]
    return [
        Discrepancy(
            _cell(row),
            f"recomputed: different {column}",
            name,
            f"{made.get(column)}, expected {row.get(column)}",
        )
        for column in COMPARED
        if made.get(column) != row.get(column)
    ]


def cell_of(row: MirrorRow) -> NativeCell:
    """Return the cell of a row; ValueError, KeyError or TypeError if its columns are wrong."""
    used: dict[str, Any] = json.loads(row["params"])
    level = _level(used["level"]) if row["severity"] == 0 else None
    timing = None if "timing" not in used else Timing(**used["timing"])
    if row["dialect"] not in ("ours", "original"):
        raise ValueError(f"unknown dialect {row['dialect']!r}")
    return NativeCell(
        corruption=row["corruption"],
        severity=row["severity"],
        level=level,
        timing=timing,
        dialect="original" if row["dialect"] == "original" else "ours",
        table=row["table"],
        seed=row["seed"],
    )


def _level(value: Any) -> Any:
    """Return a level from JSON, where tuples are lists and fractions are text."""
    if isinstance(value, list):
        return tuple(map(_level, value))
    return Fraction(value) if isinstance(value, str) else value

"""Verification of an evaluation from videos: records of all clips, and frames of some of them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ...datasets.cell_frames import CellClip, CellFrames, Indices
from ...errors import ClipError, StageError
from ...execution.pool import run_tasks
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import ClipRow, EvaluatedRow
from .findings import Discrepancy, Findings, cell_name

CLIPS_PER_SAMPLE = 16
"""Clips that are recomputed for each requested sample, which otherwise is a shard."""

COMPARED = ("status", "reason", "frames_sha256", "num_frames", "params", "damaged_frames")


@dataclass(frozen=True)
class ClipCheck:
    """One clip in the cells of one corruption, and its recorded rows by severity."""

    clip: ClipRow
    corruption: str
    rows: tuple[EvaluatedRow, ...]
    params: Params
    dataset: str
    root: Path


def verify_evaluated(
    names: Sequence[str], params: Params, paths: DatasetPaths, *, samples: int, seed: int
) -> Findings:
    """Check the records of an evaluation from videos; recompute the frames of a random sample."""
    findings = Findings()
    clips = {
        row["key"]: row
        for row in manifest.read_rows(paths.clips, schemas.CLIPS)
        if row["split"] == params.evaluate.split and row["status"] == "ok"
    }
    checks = []
    for name in (schemas.CLEAN, *names):
        rows: dict[str, list[EvaluatedRow]] = {}
        for row in manifest.read_rows(paths.evaluated(name), schemas.EVALUATED):
            rows.setdefault(row["key"], []).append(row)
        severities = (0,) if name == schemas.CLEAN else params.severities
        findings.add(_missing(name, severities, clips, rows))
        findings.count("records read", sum(map(len, rows.values())))
        checks += [
            ClipCheck(clips[key], name, tuple(some), params, paths.dataset, paths.root)
            for key, some in rows.items()
            if key in clips
        ]
    count = min(samples * CLIPS_PER_SAMPLE, len(checks))
    chosen = sorted(random.Random(seed).sample(range(len(checks)), count))
    label = f"verify {paths.dataset}: recompute"
    for problems in run_tasks(check_clip, [checks[n] for n in chosen], params.machine, label):
        findings.add(problems)
    findings.count("clips recomputed", count)
    return findings


def _missing(
    name: str,
    severities: Sequence[int],
    clips: dict[str, ClipRow],
    rows: dict[str, list[EvaluatedRow]],
) -> Iterator[Discrepancy]:
    for key in clips:
        found = [row["severity"] for row in rows.get(key, [])]
        for severity in severities:
            if found.count(severity) != 1:
                detail = f"{found.count(severity)} records, expected 1"
                yield Discrepancy(cell_name(name, severity), "missing clip", key, detail)
    for key in rows.keys() - clips.keys():
        yield Discrepancy(name, "clip that is not usable", key)


def check_clip(check: ClipCheck) -> list[Discrepancy]:
    """Compute a clip again from its video and compare it with its records."""
    has_payload = check.params.evaluate.has_payload
    maker = CellFrames(check.dataset, check.params, check.root, has_payload)
    try:
        try:
            clean = maker.clean(check.clip)
        except ClipError as error:
            found = [_row(maker, check, error, row) for row in check.rows]
        else:
            found = [_row(maker, check, clean, row) for row in check.rows]
    except StageError as error:
        return [
            Discrepancy(check.corruption, "cannot be recomputed", check.clip["key"], str(error))
        ]
    return [
        Discrepancy(
            cell_name(check.corruption, row["severity"]),
            f"recomputed: different {name}",
            row["key"],
            f"{made.row.get(name)}, expected {row.get(name)}",
        )
        for row, made in zip(check.rows, found, strict=True)
        for name in COMPARED
        if made.row.get(name) != row.get(name)
    ]


def _row(
    maker: CellFrames, check: ClipCheck, clean: np.ndarray | ClipError, row: EvaluatedRow
) -> CellClip:
    take = partial(_recorded, row)
    if check.corruption == schemas.CLEAN:
        return maker.take_clean(check.clip, clean, take)
    (made,) = maker.take_corrupted(check.clip, clean, check.corruption, [row["severity"]], take)
    return made


def _recorded(row: EvaluatedRow, num_frames: int) -> Indices:
    """Return the recorded frames, as far as the clip has them."""
    frames = np.array(row.get("frames") or [0], np.intp)
    return np.minimum(frames, num_frames - 1)

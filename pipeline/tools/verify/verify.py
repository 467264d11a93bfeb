"""Verify what lies here: by its manifests, by its sources, by what others published.

Three questions, each of use alone. Stored shards are read to the last byte and compared with their
manifests. A random sample of shards is made again from the source videos. Manifests that somebody
published are compared with those made here: the same hashes prove the same dataset.
"""

from collections.abc import Sequence
from pathlib import Path

from ...errors import SettingsError, StageError
from ...execution.pool import run_tasks
from ...params import Params
from ...stages import decode
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.schemas import Row
from ...storage.shards import shard_index
from . import published, recompute, stored
from .findings import Discrepancy, Findings, cell_name
from .published import PublishedCell
from .recompute import Sample


def verify(
    dataset: str,
    params: Params,
    root: Path,
    *,
    chosen: Sequence[str] = (),
    check_stored: bool = True,
    samples: int = 0,
    sample_seed: int = 0,
    against: Sequence[Path] = (),
) -> Findings:
    """Check one dataset; `chosen` names corruptions, all of params.yaml if empty."""
    params.check_dataset(dataset)
    unknown = [name for name in chosen if name not in params.corruptions]
    if unknown:
        raise SettingsError(
            f"--corruption {unknown[0]!r} is not in the list `corruptions` of params.yaml: "
            f"{', '.join(params.corruptions)}."
        )
    theirs = published.read_published(against, dataset)
    names = [name for name in params.corruptions if not chosen or name in chosen]
    layout = DatasetPaths(root, dataset)
    findings = Findings()
    if not check_stored and not samples:
        raise SettingsError("--no-stored with --recompute 0 leaves nothing to check.")
    clips = manifest.read_rows(layout.clips, schemas.CLIPS)
    ours: dict[PublishedCell, dict[str, Row]] = {}
    if check_stored:
        ours = _check_stored(clips, names, params, layout, findings)
    for cell, rows in theirs.items():
        if check_stored and (not chosen or cell[0] in (*chosen, "clean")):
            findings.add(published.compare(cell, rows, ours.get(cell, {})))
            findings.count("clips compared with published ones", len(rows))
    if not check_stored:
        findings.add(published.compare_sources(theirs, clips))
        findings.count("sources compared with published ones", len(clips) if theirs else 0)
    if samples:
        _check_samples(samples, sample_seed, names, params, layout, theirs or ours, findings)
    return findings


def _check_stored(
    clips: Sequence[Row],
    names: Sequence[str],
    params: Params,
    layout: DatasetPaths,
    findings: Findings,
) -> dict[PublishedCell, dict[str, Row]]:
    """Check grid and shards; gives the rows of every cell."""
    clean = manifest.read_rows(layout.manifest("clean"), schemas.CELLS)
    findings.add(stored.check_clips(clips, clean))
    split = params.corrupt.split
    paired = [row for row in clean if row["split"] == split]
    ours: dict[PublishedCell, dict[str, Row]] = {("clean", 0): {row["key"]: row for row in clean}}
    folders: list[tuple[Path, str, list[Row]]] = [
        (layout.clean_folder(name), "clean", [row for row in clean if row["split"] == name])
        for name in sorted({row["split"] for row in clips})
    ]
    for name in names:
        try:
            rows = manifest.read_rows(layout.manifest(name), schemas.CELLS)
        except StageError as error:
            findings.add([Discrepancy(name, "no manifest", layout.manifest(name).name, str(error))])
            continue
        findings.add(stored.check_cells(rows, paired, params.severities, name))
        for severity in params.severities:
            cell = [row for row in rows if row["severity"] == severity]
            ours[name, severity] = {row["key"]: row for row in cell}
            folders.append((layout.cell_folder(name, severity), cell_name(name, severity), cell))
    shards = []
    for folder, cell_title, rows in folders:
        found, problems = stored.find_shards(layout, folder, cell_title, rows)
        shards.extend(found)
        findings.add(problems)
    for problems in run_tasks(
        stored.check_shard,
        shards,
        params.machine,
        f"verify {layout.dataset}",
        lambda shard: shard.num_clips,
    ):
        findings.add(problems)
    findings.count("shards read", len(shards))
    findings.count("clips in them", sum(shard.num_clips for shard in shards))
    return ours


def _check_samples(
    number: int,
    seed: int,
    names: Sequence[str],
    params: Params,
    layout: DatasetPaths,
    expected: dict[PublishedCell, dict[str, Row]],
    findings: Findings,
) -> None:
    """Make some shards again, of the cells whose rows are known."""
    if not expected:
        expected = _manifests(names, params, layout)
    tasks = decode.plan_shards(layout.dataset, params, layout)
    every = []
    for corruption, severity in expected:
        if corruption not in (*names, "clean"):
            continue
        settings = recompute.settings_of(params, layout.dataset, severity, layout.root)
        for task in tasks:
            split, index = task.shard.parent.name, shard_index(task.shard)
            clean = severity == 0
            if not clean and split != params.corrupt.split:
                continue
            keys = [row["key"] for row in task.rows]
            rows = expected[corruption, severity]
            every.append(
                Sample(
                    decode=task,
                    corruption=corruption,
                    severity=severity,
                    shard=task.shard if clean else layout.cell_shard(corruption, severity, index),
                    expected={key: rows[key] for key in keys if key in rows},
                    params=settings,
                    dataset=layout.dataset,
                    root=layout.root,
                )
            )
    chosen = recompute.draw(every, number, seed)
    for problems in run_tasks(
        recompute.check_sample,
        chosen,
        params.machine,
        f"verify {layout.dataset}: make again",
        lambda sample: len(sample.expected),
    ):
        findings.add(problems)
    findings.count("shards made again", len(chosen))
    findings.count("clips made again", sum(len(sample.expected) for sample in chosen))


def _manifests(
    names: Sequence[str], params: Params, layout: DatasetPaths
) -> dict[PublishedCell, dict[str, Row]]:
    """Rows of every cell as the manifests here say."""
    cells: dict[PublishedCell, dict[str, Row]] = {}
    for name in ("clean", *names):
        for row in manifest.read_rows(layout.manifest(name), schemas.CELLS):
            if name == "clean" or row["severity"] in params.severities:
                cells.setdefault((name, row["severity"]), {})[row["key"]] = row
    return cells

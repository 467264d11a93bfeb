"""Verification of a dataset against its manifests, its sources and published manifests.

Three independent checks. Stored shards are read completely and compared with their manifests. A
random sample of shards is recomputed from the source videos. Published manifests are compared with
the local ones: equal hashes prove that the datasets are equal.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from ...errors import SettingsError, StageError
from ...execution.pool import run_tasks
from ...messages import did_you_mean
from ...params import Params
from ...stages import decode
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import CellRow, ClipRow
from ...storage.shards import shard_index
from . import croissant, published, recompute, stored
from .evaluated import verify_evaluated
from .findings import Discrepancy, Findings, cell_name
from .published import PublishedCell
from .recompute import RecomputeTask


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
            f"--corruption {unknown[0]!r}"
            f"{did_you_mean(unknown[0], params.corruptions)} is "
            f"not in the list `corruptions` of params.yaml: "
            f"{', '.join(params.corruptions)}."
        )
    manifests, shards = croissant.expand(against)
    reference = published.read_published(manifests, dataset)
    names = [name for name in params.corruptions if not chosen or name in chosen]
    paths = DatasetPaths(root, dataset)
    findings = Findings()
    if not check_stored and not samples:
        raise SettingsError("--no-stored with --recompute 0 leaves nothing to check.")
    if params.evaluate.reads == "videos":
        if against:
            raise SettingsError("--against: published manifests need evaluate.reads: shards.")
        return verify_evaluated(names, params, paths, samples=samples, seed=sample_seed)
    clips = manifest.read_rows(paths.clips, schemas.CLIPS)
    local: dict[PublishedCell, dict[str, CellRow]] = {}
    if check_stored:
        local = _check_stored(clips, names, params, paths, findings)
        for cell, rows in reference.items():
            if not chosen or cell[0] in (*chosen, "clean"):
                findings.add(published.compare(cell, rows, local.get(cell, {})))
                findings.count("clips compared with published ones", len(rows))
        if shards:
            _compare_shards(shards, chosen, params, paths, findings)
    else:
        findings.add(published.compare_sources(reference, clips))
        findings.count("sources compared with published ones", len(clips) if reference else 0)
    if samples:
        _recompute(samples, sample_seed, names, params, paths, reference or local, findings)
    return findings


def _compare_shards(
    shards: Mapping[str, str],
    chosen: Sequence[str],
    params: Params,
    paths: DatasetPaths,
    findings: Findings,
) -> None:
    """Compare the hashes of the local shards of the chosen corruptions with published ones."""
    folders = [paths.relative(paths.data / "corrupted" / name) for name in chosen]
    folders += [paths.relative(paths.data / "clean")] if chosen else [paths.relative(paths.data)]
    checks = [
        croissant.ShardCheck(name, paths.root / name, digest)
        for name, digest in shards.items()
        if any(PurePosixPath(name).is_relative_to(folder) for folder in folders)
    ]
    for problems in run_tasks(
        croissant.check_shard_hash, checks, params.machine, f"verify {paths.dataset}: hashes"
    ):
        findings.add(problems)
    findings.count("shards compared with published ones", len(checks))


def _check_stored(
    clips: Sequence[ClipRow],
    names: Sequence[str],
    params: Params,
    paths: DatasetPaths,
    findings: Findings,
) -> dict[PublishedCell, dict[str, CellRow]]:
    """Check manifests and shards; return the rows of every cell."""
    clean = manifest.read_rows(paths.manifest("clean"), schemas.CELLS)
    findings.add(stored.check_clips(clips, clean))
    split = params.corrupt.split
    paired = [row for row in clean if row["split"] == split]
    local: dict[PublishedCell, dict[str, CellRow]] = {
        ("clean", 0): {row["key"]: row for row in clean}
    }
    folders: list[tuple[Path, str, list[CellRow]]] = [
        (paths.clean_folder(name), "clean", [row for row in clean if row["split"] == name])
        for name in sorted({row["split"] for row in clips})
    ]
    for name in names:
        try:
            rows = manifest.read_rows(paths.manifest(name), schemas.CELLS)
        except StageError as error:
            findings.add([Discrepancy(name, "no manifest", paths.manifest(name).name, str(error))])
            continue
        findings.add(stored.check_cells(rows, paired, params.severities, name))
        for severity in params.severities:
            cell = [row for row in rows if row["severity"] == severity]
            local[name, severity] = {row["key"]: row for row in cell}
            folders.append((paths.cell_folder(name, severity), cell_name(name, severity), cell))
    shards = []
    for folder, cell_title, rows in folders:
        found, problems = stored.find_shards(paths, folder, cell_title, rows)
        shards.extend(found)
        findings.add(problems)
    for problems in run_tasks(
        stored.check_shard,
        shards,
        params.machine,
        f"verify {paths.dataset}",
        lambda shard: shard.num_clips,
    ):
        findings.add(problems)
    findings.count("shards read", len(shards))
    findings.count("clips in them", sum(shard.num_clips for shard in shards))
    return local


def _recompute(
    number: int,
    seed: int,
    names: Sequence[str],
    params: Params,
    paths: DatasetPaths,
    expected: dict[PublishedCell, dict[str, CellRow]],
    findings: Findings,
) -> None:
    """Recompute a random sample of the shards whose expected rows are known."""
    if not expected:
        expected = _manifests(names, params, paths)
    tasks = decode.plan_shards(params, paths)
    candidates = []
    for corruption, severity in expected:
        if corruption not in (*names, "clean"):
            continue
        settings = recompute.recompute_params(params, paths.dataset, severity, paths.root)
        for task in tasks:
            split, index = task.shard.parent.name, shard_index(task.shard)
            clean = severity == 0
            if not clean and split != params.corrupt.split:
                continue
            keys = [row["key"] for row in task.rows]
            rows = expected[corruption, severity]
            candidates.append(
                RecomputeTask(
                    decode=task,
                    corruption=corruption,
                    severity=severity,
                    shard=task.shard if clean else paths.cell_shard(corruption, severity, index),
                    expected={key: rows[key] for key in keys if key in rows},
                    params=settings,
                    dataset=paths.dataset,
                    root=paths.root,
                )
            )
    chosen = recompute.draw(candidates, number, seed)
    for problems in run_tasks(
        recompute.recompute_shard,
        chosen,
        params.machine,
        f"verify {paths.dataset}: recompute",
        lambda task: len(task.expected),
    ):
        findings.add(problems)
    findings.count("shards recomputed", len(chosen))
    findings.count("clips recomputed", sum(len(task.expected) for task in chosen))


def _manifests(
    names: Sequence[str], params: Params, paths: DatasetPaths
) -> dict[PublishedCell, dict[str, CellRow]]:
    """Read the rows of every cell from the local manifests."""
    cells: dict[PublishedCell, dict[str, CellRow]] = {}
    for name in ("clean", *names):
        for row in manifest.read_rows(paths.manifest(name), schemas.CELLS):
            if name == "clean" or row["severity"] in params.severities:
                cells.setdefault((name, row["severity"]), {})[row["key"]] = row
    return cells

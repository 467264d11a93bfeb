"""Joining of parts: one file of predictions per model, and a record of their inputs."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...io.atomic import write_text
from ...io.hashing import sha256_file
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths


def join_parts(params: Params, paths: DatasetPaths, parts: Mapping[str, Sequence[Path]]) -> None:
    """Write the predictions of each model from its parts; delete what belongs to no part.

    Parts of other models, cells and of the other way of reading are deleted. The rows are in the
    order of cells, then of clips, for any division of the work.
    """
    predictions = [paths.predictions / f"{name}.parquet" for name in parts]
    for name, path in zip(parts, predictions, strict=True):
        manifest.join_ordered(path, parts[name], schemas.PREDICTIONS, cells_of(params))
    kept = {path for some in parts.values() for path in some}
    manifests: list[Path]
    if params.evaluate.reads == "videos":
        corruptions = (schemas.CLEAN, *params.corruptions)
        manifests = [paths.evaluated(corruption) for corruption in corruptions]
        for corruption, path in zip(corruptions, manifests, strict=True):
            records = sorted(paths.unit_clips(corruption, 0).parent.glob("*.parquet"))
            indices = {part.stem for part in kept if part.parent.name == corruption}
            records = [record for record in records if record.stem in indices]
            kept |= set(records)
            manifest.join_ordered(path, records, schemas.EVALUATED, cells_of(params))
    else:
        manifests = [paths.manifest(name) for name in (schemas.CLEAN, *params.corruptions)]
    folder = paths.data / "evaluate"
    for part in (*parts, ".clips"):  # parts of models that are not evaluated now are kept
        _remove_others(folder / part, kept)
    _remove_others(paths.predictions, {*predictions, *manifests})
    hashes = {
        path.relative_to(paths.root).as_posix(): sha256_file(path)
        for path in (paths.clips, *manifests, *predictions)
        if path.is_file()
    }
    write_text(paths.evaluation, json.dumps(hashes, indent=2, sort_keys=True) + "\n")


def cells_of(params: Params) -> list[tuple[str, int]]:
    """Return the clean set and the cells of the grid, in the order of the predictions."""
    grid = [(name, severity) for name in params.corruptions for severity in params.severities]
    return [(schemas.CLEAN, 0), *grid]


def _remove_others(folder: Path, kept: Iterable[Path]) -> None:
    """Delete the files below a folder that are not kept, and folders without kept files."""
    kept = set(kept)
    needed = {parent for path in kept for parent in path.parents}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path in needed:
            _remove_others(path, kept)
        elif path.is_dir():
            shutil.rmtree(path)
        elif path not in kept:
            path.unlink()
    if folder.is_dir() and folder not in needed:
        folder.rmdir()

"""Croissant 1.1: links to the shards, the manifests, a JSON-LD description and a dataset card."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from ....io.hashing import sha256_file
from ....metadata.croissant import FILE_NAME, croissant
from ....metadata.dataset_card import card
from ....metadata.dataset_facts import Described, ShardFile, manifest_files, read_facts
from .. import done_marks
from ..selection import CLEAN
from ..task import Export, ExportTask, File
from . import webdataset

FOLDER = "croissant"
UNIT: Literal["shard"] = "shard"
ABOUT: Literal["needed", "used"] = "needed"

FILES = """\
`croissant.json` describes every file with its SHA-256. `manifests/` has a table of the clips, of
the clean set and of every corruption. Below the name of each split are the shards: tar files in the
WebDataset convention, one folder per corruption and severity."""


def write_shard(task: ExportTask) -> list[File]:
    """Link or copy the shard, and record its hash."""
    (file,) = webdataset.write_shard(task)
    return [replace(file, sha256=sha256_file(task.folder / file.name))]


def index(export: Export) -> dict[str, str | Path]:
    """Return the description, the dataset card and the manifests."""
    assert export.about is not None  # noqa: S101 - it is needed
    corruptions = list(dict.fromkeys(cell.corruption for cell in export.cells))
    corrupted = [name for name in corruptions if name != CLEAN]
    severities = sorted({cell.severity for cell in export.cells} - {0})
    facts = read_facts(
        export.paths,
        export.params,
        export.classes,
        corrupted,
        severities,
        sum(1 for cell in export.cells for _ in cell.clips),
    )
    manifests = manifest_files(export.paths, corrupted, folder="manifests")
    described = Described(export.about, facts, tuple(manifests), tuple(_shards(export)))
    configs = {one.stem: [("all", one.url)] for one in manifests}
    texts: dict[str, str | Path] = {
        f"{FOLDER}/{FILE_NAME}": croissant(described),
        f"{FOLDER}/README.md": card(export.about, facts, configs, FILES),
    }
    return texts | {f"{FOLDER}/{one.url}": one.path for one in manifests}


def _shards(export: Export) -> list[ShardFile]:
    return [
        ShardFile(
            name=export.paths.relative(shard.path),
            url=f"{cell.folder}/{file.name}",
            size=file.size,
            sha256=file.sha256,
            corruption=cell.corruption,
            severity=cell.severity,
            recipe=shard.recipe,
        )
        for cell in export.cells
        for shard in cell.shards
        for file in done_marks.read(export.mark(FOLDER, cell, shard))
    ]

"""Publishing: gathers what another user needs to rebuild and prove a dataset, without its clips."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from ...datasets.class_list import read_classes
from ...errors import SettingsError, StageError
from ...execution.pool import run_tasks
from ...execution.ticks import clip_done
from ...io.atomic import copy_file, write_text
from ...io.hashing import sha256_file
from ...io.outputs import check_separate
from ...io.text import read_yaml
from ...metadata.about import about_path, read_about
from ...metadata.croissant import FILE_NAME, croissant
from ...metadata.dataset_card import card
from ...metadata.dataset_facts import Described, ShardFile, manifest_files, read_facts
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .instructions import FILES, instructions
from .publication import CHECKSUMS, REBUILT, SHARDS, VERSIONS, as_checksums

STAGES = ("recipes", "filter", "decode", "corrupt")
"""Stages of dvc.lock that make a dataset."""


@dataclass(frozen=True)
class HashTask:
    """A shard to hash, and the number of its clips."""

    shard: ShardFile
    path: Path
    clips: int


def publish(dataset: str, params: Params, root: Path, folder: Path) -> list[Path]:
    """Write a publication of a dataset into a folder and return the paths of its files.

    Raises
    ------
    SettingsError
        If the folder holds other files, or statements about the dataset are missing.
    StageError
        If a manifest or a shard is missing.

    """
    params.check_dataset(dataset)
    check_separate(folder, [root / "data", root / "manifests"])
    if folder.exists() and not (folder / CHECKSUMS).is_file() and any(folder.iterdir()):
        raise SettingsError(f"{folder}: not empty, and not a publication; choose another folder.")
    about = read_about(root, dataset)
    paths = DatasetPaths(root, dataset)
    classes = read_classes(root / params.filter.sources[dataset].classes)
    tasks = list(_shards(paths, params.corruptions))
    missing = [task.shard.name for task in tasks if not task.path.is_file()]
    if missing:
        raise StageError(f"{root / missing[0]}: no such shard; run the stage that writes it.")
    shards = run_tasks(_hashed, tasks, params.machine, f"publish {dataset}", lambda one: one.clips)
    manifests = manifest_files(paths, params.corruptions, folder=f"manifests/{dataset}")
    facts = read_facts(
        paths,
        params,
        classes,
        params.corruptions,
        params.severities,
        sum(task.clips for task in tasks),
    )
    described = Described(about, facts, tuple(manifests), tuple(shards))
    public = public_params(params, dataset)
    texts = {
        "params.yaml": yaml.safe_dump(public.model_dump(mode="json"), sort_keys=False),
        FILE_NAME: croissant(described),
        "README.md": card(about, facts, {one.stem: [("all", one.url)] for one in manifests}, FILES),
        "REBUILD.md": instructions(described),
        VERSIONS: json.dumps(asdict(facts.software), indent=2) + "\n",
        SHARDS: as_checksums({one.name: one.sha256 for one in described.shards}),
        **_lock(root, dataset),
    }
    copies = {one.url: one.path for one in manifests}
    copies[str(public.filter.sources[dataset].classes)] = (
        root / params.filter.sources[dataset].classes
    )
    copies[about_path(Path(), dataset).as_posix()] = about_path(root, dataset)
    for name, text in texts.items():
        write_text(folder / name, text)
    for name, path in copies.items():
        copy_file(path, folder / name)
    names = [*texts, *copies]
    hashes = {name: sha256_file(folder / name) for name in names}
    write_text(folder / CHECKSUMS, as_checksums(hashes))
    return [folder / name for name in (*names, CHECKSUMS)]


def public_params(params: Params, dataset: str) -> Params:
    """Return the parameters that make a dataset, without other datasets, models and machines."""
    source = params.filter.sources[dataset].model_copy(
        update={
            "videos": Path("data") / dataset / "videos",
            "annotations": Path("data") / dataset / "annotations",
            "classes": Path("manifests/classes") / f"{dataset}.csv",
        }
    )
    filter_ = params.filter.model_copy(update={"sources": {dataset: source}})
    pictures = {dataset: params.decode.pictures[dataset]}
    levels = {dataset: params.corrupt.levels[dataset]}
    machine = {"workers": 0, "backend": "loky", "address": None, "device": "auto"}
    return params.model_copy(
        update={
            "datasets": (dataset,),
            "models": {dataset: {}},
            "filter": filter_,
            "decode": params.decode.model_copy(update={"pictures": pictures}),
            "corrupt": params.corrupt.model_copy(update={"levels": levels}),
            "train": {dataset: {}},
            "evaluate": params.evaluate.model_copy(update={"reads": "shards"}),
            "report": params.report.model_copy(update={"reference_model": None}),
            "machine": params.machine.model_copy(update=machine),
        }
    )


def _shards(paths: DatasetPaths, corruptions: Sequence[str]) -> Iterator[HashTask]:
    for name in (schemas.CLEAN, *corruptions):
        found: dict[str, list[Any]] = {}
        for row in manifest.read_rows(
            paths.manifest(name), schemas.CELLS, ["shard", "severity", "status", "recipe_hash"]
        ):
            if row["status"] == "ok":
                found.setdefault(row["shard"], []).append(row)
        for shard, rows in found.items():
            file = ShardFile(
                name=shard,
                url=f"{REBUILT}/{shard}",
                size=0,
                sha256="",
                corruption=name,
                severity=rows[0]["severity"],
                recipe=rows[0]["recipe_hash"],
            )
            yield HashTask(file, paths.root / shard, len(rows))


def _hashed(task: HashTask) -> ShardFile:
    """Return a shard with its size and hash."""
    values = asdict(task.shard) | {
        "size": task.path.stat().st_size,
        "sha256": sha256_file(task.path),
    }
    clip_done(task.clips)
    return ShardFile(**values)


def _lock(root: Path, dataset: str) -> dict[str, str]:
    """Return DVC's record of the stages of a dataset, if DVC ran them."""
    path = root / "dvc.lock"
    if not path.is_file():
        return {}
    lock = read_yaml(path, "run dvc repro again, which writes it")
    stages = {
        name: value
        for name, value in lock["stages"].items()
        if name.partition("@")[0] in STAGES and _is_of(name.partition("@")[2], dataset)
    }
    return {path.name: yaml.safe_dump(lock | {"stages": stages}, sort_keys=False)}


def _is_of(item: str, dataset: str) -> bool:
    """Return True if an item of a stage is of a dataset: `demo`, `demo-fog`, or none at all."""
    return item in ("", dataset) or item.startswith(f"{dataset}-")

"""Clip accounting and the settings of every cell."""

import json
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from .... import __version__
from ....params import Params
from ....provenance import library_versions
from ....storage import manifest, schemas
from ....storage.paths import DatasetPaths
from .imported_cells import imported_cells

COLUMNS = [
    "key", "split", "corruption", "family", "severity", "dialect", "params", "seed", "status",
    "reason", "shard", "offset", "size", "sha256", "height", "width", "fps_num", "fps_den",
    "num_frames", "damaged_frames", "repeated_frames", "psnr", "recipe_hash", "encoder",
    "tool_version",
]  # fmt: skip
"""Columns of the cell manifests that the report reads."""

MOST_REASONS = 12
"""Number of reasons that are listed; the others are summed."""


@dataclass(frozen=True)
class CellAccount:
    """Summary of one cell of the grid, from its manifest."""

    corruption: str
    family: str
    severity: int
    level: str
    """Parameter of the severity, in the unit that the corruption documents."""
    psnr: float | None
    """Mean over clips in dB against the clean clip; None where frames cannot be paired."""
    damaged: float | None
    """Mean number of damaged frames per clip; None for corruptions without a lossy channel."""
    clips: int
    failed: int
    shards: int
    recipe: str
    """Hash of the recipe hashes of the cell's shards."""
    encoder: str


def read_cells(paths: DatasetPaths, corruption: str, params: Params) -> pa.Table:
    """Read the rows of one corruption, or of the clean set, in the evaluated split.

    Rows of clips that were evaluated from videos have no shard, and lack its columns. A dataset
    that only has imported predictions has no manifest; see imported_cells.py.
    """
    stored = paths.manifest(corruption)
    if params.evaluate.reads == "videos":
        stored = paths.evaluated(corruption)
    if not stored.is_file() and not params.models[paths.dataset]:
        return imported_cells(paths, corruption, params).select(COLUMNS)
    if params.evaluate.reads == "videos":
        known = [name for name in COLUMNS if name in schemas.EVALUATED.names]
        table = manifest.read(paths.evaluated(corruption), schemas.EVALUATED, known)
        for field in schemas.CELLS:
            if field.name in COLUMNS and field.name not in known:
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        table = table.select(COLUMNS)
    else:
        table = manifest.read(paths.manifest(corruption), schemas.CELLS, COLUMNS)
    return table.filter(pc.equal(table["split"], params.evaluate.split))


def describe(table: pa.Table) -> list[CellAccount]:
    """Return the cells of a corruption's manifest, by severity."""
    cells = []
    for severity in sorted(pc.unique(table["severity"]).to_pylist()):
        rows = table.filter(pc.equal(table["severity"], severity))
        recipes = sorted(pc.unique(rows["recipe_hash"]).drop_null().to_pylist())
        encoders = sorted(pc.unique(rows["encoder"]).drop_null().to_pylist())
        damaged = pc.mean(rows["damaged_frames"]).as_py()
        cells.append(
            CellAccount(
                corruption=rows["corruption"][0].as_py(),
                family=rows["family"][0].as_py(),
                severity=severity,
                level=_level(rows["params"][0].as_py()),
                psnr=pc.mean(rows["psnr"]).as_py(),
                damaged=damaged,
                clips=rows.num_rows,
                failed=pc.sum(pc.not_equal(rows["status"], "ok")).as_py(),
                shards=len(recipes),
                recipe=digest(recipes),
                encoder=_encoder(encoders),
            )
        )
    return cells


def digest(parts: list[str]) -> str:
    """Return a short hash of several hashes."""
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _level(params: str | None) -> str:
    level = json.loads(params or "{}").get("level")
    if isinstance(level, list):
        return ", ".join(f"{value:g}" for value in level)
    return "" if level is None else str(level)


def _encoder(encoders: list[str]) -> str:
    if len(encoders) < 2:
        return "".join(encoders)
    return f"{encoders[0]} (and {len(encoders) - 1} others with other rates or sources)"


def clip_accounting(paths: DatasetPaths) -> list[dict[str, Any]]:
    """Count listed, found and usable clips of each split, with the reasons for the others."""
    table = manifest.read(paths.clips, schemas.CLIPS, ["split", "status", "reason"])
    groups = table.group_by(["split", "status", "reason"]).aggregate([([], "count_all")])
    splits: dict[str, dict[str, Any]] = {}
    for row in groups.to_pylist():
        split = splits.setdefault(row["split"], {"statuses": Counter(), "reasons": Counter()})
        split["statuses"][row["status"]] += row["count_all"]
        if row["status"] != "ok":
            split["reasons"][row["reason"] or row["status"]] += row["count_all"]
    return [
        {
            "split": name,
            "listed": split["statuses"].total(),
            "found": split["statuses"].total() - split["statuses"]["missing"],
            "usable": split["statuses"]["ok"],
            "reasons": most(split["reasons"]),
        }
        for name, split in sorted(splits.items())
    ]


def failures(table: pa.Table) -> Counter[str]:
    """Count the clips that could not be produced in a corruption's cells, by reason."""
    failed = table.filter(pc.not_equal(table["status"], "ok"))
    return Counter(reason or "failed" for reason in failed["reason"].to_pylist())


def most(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the most frequent reasons, ties in alphabetical order, and the sum of the others."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    rest = sum(count for _, count in ordered[MOST_REASONS:])
    return ordered[:MOST_REASONS] + ([("other reasons", rest)] if rest else [])


def libraries() -> dict[str, str]:
    """Return the versions of the pipeline and of the libraries it computes with."""
    others = {name: version(name) for name in ("pyarrow", "torch")}
    return {"pipeline": __version__, **library_versions(), **others}


def parameters(params: Params, dataset: str) -> str:
    """Return the parameters that a dataset's numbers depend on as YAML; paths by file name."""
    values = params.model_dump(mode="python")
    del values["machine"], values["datasets"]
    if dataset != "demo":
        del values["synthesize"]
    for section, key in (
        ("models", None), ("train", None), ("filter", "sources"),
        ("decode", "pictures"), ("corrupt", "levels"),
    ):  # fmt: skip
        some = values if key is None else values[section]
        name = section if key is None else key
        some[name] = {dataset: some[name].get(dataset, {})}
    return str(yaml.safe_dump(_plain(values), sort_keys=False, width=88))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.name if isinstance(value, Path) else value

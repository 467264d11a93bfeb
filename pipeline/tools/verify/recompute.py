"""Recomputation of shards from the source videos, compared with stored or published rows."""

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corruptions.registry import load

from ...errors import StageError
from ...io.hashing import sha256_file
from ...params import Params
from ...stages import corrupt, decode
from ...storage import manifest, parts, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import CellRow
from .findings import Discrepancy, cell_name
from .published import difference


@dataclass(frozen=True)
class RecomputeTask:
    """One shard to recompute."""

    decode: decode.DecodeTask
    """Task that decodes its clean clips from the sources."""
    corruption: str
    severity: int
    shard: Path
    """Path of the shard in the project, which may not be stored."""
    expected: Mapping[str, CellRow]
    """Expected rows of the clips, by key."""
    params: Params
    dataset: str
    root: Path

    @property
    def cell(self) -> str:
        """Name of the cell."""
        return cell_name(self.corruption, self.severity)


def draw(tasks: Sequence[RecomputeTask], number: int, seed: int) -> list[RecomputeTask]:
    """Draw `number` of the shards, all equally likely."""
    chosen = random.Random(seed).sample(range(len(tasks)), min(number, len(tasks)))
    return [tasks[index] for index in sorted(chosen)]


def recompute_shard(task: RecomputeTask) -> list[Discrepancy]:
    """Recompute one shard from its sources in a temporary folder and compare its rows and file."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        try:
            shard = _write_shard(task, DatasetPaths(Path(folder), task.dataset))
        except StageError as error:
            return [Discrepancy(task.cell, "cannot be recomputed", task.shard.name, str(error))]
        rows = manifest.read_rows(parts.part_path(shard), schemas.CELLS)
        problems = [
            Discrepancy(task.cell, f"recomputed: {kind}", row["key"], detail)
            for row in rows
            if row["key"] in task.expected
            for kind, detail in difference(task.expected[row["key"]], row)
        ]
        for key in sorted(task.expected.keys() - {row["key"] for row in rows}):
            problems.append(Discrepancy(task.cell, "recomputed: missing clip", key))
        same_recipe = rows and all(
            task.expected.get(row["key"], {}).get("recipe_hash") == row["recipe_hash"]
            for row in rows
        )
        stored = not problems and same_recipe and task.shard.is_file()
        if stored and sha256_file(shard) != sha256_file(task.shard):
            problems.append(Discrepancy(task.cell, "recomputed: different file", task.shard.name))
        return problems


def _write_shard(task: RecomputeTask, temporary: DatasetPaths) -> Path:
    """Write the shard below another folder; its rows name the same paths as in the project."""
    project = DatasetPaths(task.root, task.dataset)
    clean = temporary.root / project.relative(task.decode.shard)
    decode.decode_shard(replace(task.decode, shard=clean))
    if task.severity == 0:
        return clean
    chosen = load(task.corruption, task.params.dialect)
    tasks, shards = corrupt.plan_shards(task.params, temporary, chosen)
    for one in tasks:
        corrupt.corrupt_shard(one)
    return shards[0]


def recompute_params(params: Params, dataset: str, severity: int, root: Path) -> Params:
    """Return the parameters of a run of one severity in another folder, with the same videos."""
    source = params.filter.sources[dataset]
    sources = params.filter.sources | {
        dataset: source.model_copy(update={"videos": (root / source.videos).resolve()})
    }
    return params.model_copy(
        update={
            "severities": (severity,),
            "filter": params.filter.model_copy(update={"sources": sources}),
        }
    )

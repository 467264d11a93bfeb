"""Shards made again from the source videos, to compare with what is stored or published."""

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
from ...storage.schemas import Row
from .findings import Discrepancy, cell_name
from .published import difference


@dataclass(frozen=True)
class Sample:
    """One shard that is made again."""

    decode: decode.DecodeTask
    """How its clean clips are made from the sources."""
    corruption: str
    severity: int
    shard: Path
    """Where the shard lies in the project, stored or not."""
    expected: Mapping[str, Row]
    """What the clips must be, by key."""
    params: Params
    dataset: str
    root: Path

    @property
    def cell(self) -> str:
        return cell_name(self.corruption, self.severity)


def draw(samples: Sequence[Sample], number: int, seed: int) -> list[Sample]:
    """`number` of the shards, each as likely as any other."""
    chosen = random.Random(seed).sample(range(len(samples)), min(number, len(samples)))
    return [samples[index] for index in sorted(chosen)]


def check_sample(sample: Sample) -> list[Discrepancy]:
    """Make one shard again from its sources in a folder of its own, and compare."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        try:
            shard = _make(sample, DatasetPaths(Path(folder), sample.dataset))
        except StageError as error:
            return [Discrepancy(sample.cell, "cannot be made again", sample.shard.name, str(error))]
        rows = manifest.read_rows(parts.part_path(shard), schemas.CELLS)
        problems = [
            Discrepancy(sample.cell, f"made again: {kind}", row["key"], detail)
            for row in rows
            if row["key"] in sample.expected
            for kind, detail in difference(sample.expected[row["key"]], row)
        ]
        for key in sorted(sample.expected.keys() - {row["key"] for row in rows}):
            problems.append(Discrepancy(sample.cell, "made again: missing clip", key))
        same_recipe = rows and all(
            sample.expected.get(row["key"], {}).get("recipe_hash") == row["recipe_hash"]
            for row in rows
        )
        stored = not problems and same_recipe and sample.shard.is_file()
        if stored and sha256_file(shard) != sha256_file(sample.shard):
            problems.append(Discrepancy(sample.cell, "made again: another file", sample.shard.name))
        return problems


def _make(sample: Sample, temporary: DatasetPaths) -> Path:
    """The shard, made in another folder; its rows name the same paths as in the project."""
    real = DatasetPaths(sample.root, sample.dataset)
    clean = temporary.root / real.relative(sample.decode.shard)
    decode.decode_shard(replace(sample.decode, shard=clean))
    if sample.severity == 0:
        return clean
    chosen = load(sample.corruption, sample.params.dialect)
    tasks, shards = corrupt.plan_shards(sample.dataset, chosen, sample.params, temporary)
    for task in tasks:
        corrupt.corrupt_shard(task)
    return shards[0]


def settings_of(params: Params, dataset: str, severity: int, root: Path) -> Params:
    """Parameters of a run of one severity in another folder: the videos stay where they are."""
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

"""Trial: the stages themselves on one clip in a folder of its own, and what that costs.

Nothing is written into the project: the folder has parameters that point to the project's videos
and a `clips.parquet` of the one clip. Costs are CPU seconds, those of ffmpeg included, so that
other programs on the machine matter little.
"""

import resource
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...params import Params
from ...stages.corrupt import corrupt
from ...stages.decode import decode
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.schemas import Row
from ...storage.shards import walk

CLEAN = "clean"
SHARD_END = tarfile.BLOCKSIZE * 2
"""Bytes that end a shard; then zeros follow up to a whole record of `tarfile.RECORDSIZE`."""

ROUNDS, SHARDS = 2, 4
"""How the overhead is measured: best of so many runs, with one shard and with so many more."""


@dataclass(frozen=True)
class Cost:
    """What one stage did for one clip."""

    seconds: float
    """CPU time."""
    bytes: int
    """In the shards of all severities, without their ends."""


def cpu_seconds() -> float:
    """CPU time of this process and of the processes that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_bytes() -> tuple[int, int]:
    """Peak memory so far: of this process, and of the largest process that it waited for."""
    own, child = (
        resource.getrusage(who).ru_maxrss * 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own, child


def trial_params(dataset: str, params: Params, root: Path, split: str) -> Params:
    """Parameters for a folder elsewhere: one clip a shard, one worker, nothing fails a stage."""
    source = params.filter.sources[dataset]
    source = source.model_copy(
        update={"videos": (root / source.videos).resolve(), "classes": (root / source.classes)}
    )
    picture = params.decode.pictures[dataset].model_copy(update={"clips_per_shard": 1})
    changes = {
        "filter": {"sources": {dataset: source}},
        "decode": {"pictures": {dataset: picture}, "allowed_failures": 1.0},
        "corrupt": {"split": split, "allowed_failures": 1.0},
        "evaluate": {"split": split},
        "machine": {"workers": 1},
    }
    return params.model_copy(
        update={
            section: getattr(params, section).model_copy(update=values)
            for section, values in changes.items()
        }
    )


@dataclass(frozen=True)
class Trial:
    """What the stages cost on a sample."""

    costs: tuple[dict[str, Cost], ...]
    """Clip by clip, by stage (`clean` is the decode stage)."""
    per_shard: dict[str, float]
    """CPU seconds of each stage for a shard, whatever is in it."""
    clean: tuple[Row, ...]
    """Rows of the clean clips; their shards have absolute paths."""
    failed: int
    """Clips and cells that could not be made."""


def try_sample(
    rows: Sequence[Row],
    corruptions: Sequence[str],
    params: Params,
    folder: Path,
    advance: Callable[[], None],
) -> Trial:
    """Costs of each clip of a sample; calls `advance` once a clip.

    The first clip runs twice: tables, caches and imports are no clip's cost.
    """
    start, per_shard = _overhead(rows[0], corruptions, params, folder / "overhead")
    _try_stages(rows[:1], corruptions, params, folder / "warm")
    costs, clean, failed = [], [], 0
    for row in rows:
        own = folder / row["key"]
        found = _try_stages([row], corruptions, params, own)
        costs.append(
            {
                name: Cost(max(0.0, cost.seconds - start[name]), cost.bytes)
                for name, cost in found.items()
            }
        )
        layout = DatasetPaths(own, row["dataset"])
        for name in found:
            made = manifest.read_rows(layout.manifest(name), schemas.CELLS)
            failed += sum(one["status"] != "ok" for one in made)
            if name == CLEAN:
                clean += [one | {"shard": str(own / one["shard"])} for one in made if one["shard"]]
        advance()
    return Trial(tuple(costs), per_shard, tuple(clean), failed)


def _try_stages(
    rows: Sequence[Row], corruptions: Sequence[str], params: Params, folder: Path
) -> dict[str, Cost]:
    """Costs of the stages on some clips.

    Clean shards stay in `folder`, corrupted ones go as soon as they are measured, manifests stay.
    """
    dataset, split = rows[0]["dataset"], params.corrupt.split
    layout = DatasetPaths(folder, dataset)
    manifest.write(layout.clips, rows, schemas.CLIPS)
    costs = {CLEAN: _cost(partial(decode, dataset, params, folder), layout.clean_folder(split))}
    for name in corruptions:
        made = layout.data / "corrupted" / name
        costs[name] = _cost(partial(corrupt, dataset, name, params, folder), made)
        shutil.rmtree(made)
    return costs


def _cost(stage: Callable[[], object], made: Path) -> Cost:
    start = cpu_seconds()
    stage()
    seconds = cpu_seconds() - start
    return Cost(seconds, sum(_sizes(made)))


def _sizes(folder: Path) -> Iterator[int]:
    """Bytes of every member of the shards below a folder, header and filling included."""
    for shard in folder.rglob("*.tar"):
        for _, data in walk(shard):
            blocks = 1 + -(-len(data) // tarfile.BLOCKSIZE)
            yield blocks * tarfile.BLOCKSIZE


def _overhead(
    clip: Row, corruptions: Sequence[str], params: Params, folder: Path
) -> tuple[dict[str, float], dict[str, float]]:
    """CPU seconds of each stage that are no clip's: of a run with one shard, and of a shard.

    Measured on shards of which every clip is missing.
    """
    absent = clip | {"status": "missing", "reason": "no file"}
    best: dict[int, dict[str, float]] = {1: {}, 1 + SHARDS: {}}
    for _ in range(ROUNDS):
        for count, known in best.items():
            rows = [absent | {"key": f"{clip['key']}-{number}"} for number in range(count)]
            for name, cost in _try_stages(rows, corruptions, params, folder).items():
                known[name] = min(cost.seconds, known.get(name, cost.seconds))
            shutil.rmtree(folder)
    one, many = best[1], best[1 + SHARDS]
    return one, {name: max(0.0, many[name] - one[name]) / SHARDS for name in one}

"""Trial: the stages run on single clips in a temporary folder, and their measured cost.

Nothing is written into the project: the temporary folder has parameters that point to the project's
videos and a `clips.parquet` of one clip. Costs are CPU seconds, ffmpeg included, which depend
little on other programs on the machine.
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
from ...storage.rows import CellRow, ClipRow
from ...storage.shards import walk

CLEAN = "clean"
SHARD_END = tarfile.BLOCKSIZE * 2
"""Bytes that end a shard, which is then padded with zeros to a multiple of tarfile.RECORDSIZE."""

ROUNDS, SHARDS = 4, 4
"""The overhead is measured in ROUNDS rounds, with one shard and with SHARDS more."""

LEAST_SECONDS, MOST_RUNS = 0.3, 10
"""A stage is repeated on a clip until it took that long, so that cheap ones are measured well."""


@dataclass(frozen=True)
class Cost:
    """Cost of one stage for one clip."""

    seconds: float
    """CPU time."""
    bytes: int
    """Size in the shards of all severities, without the ends of the shards."""


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the child processes that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_bytes() -> tuple[int, int]:
    """Return the peak memory of this process and of its largest child process so far."""
    own, child = (
        resource.getrusage(who).ru_maxrss * 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own, child


def trial_params(dataset: str, params: Params, root: Path, split: str) -> Params:
    """Return parameters for a temporary folder: one clip per shard, one worker, any failures."""
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
    """Measured costs of the stages on a sample."""

    costs: tuple[dict[str, Cost], ...]
    """Per clip, by stage (`clean` is the decode stage)."""
    per_shard: dict[str, tuple[float, ...]]
    """Fixed CPU seconds of each stage per shard, one value per round."""
    clean: tuple[CellRow, ...]
    """Rows of the clean clips; their shards have absolute paths."""
    failed: int
    """Number of clips and cells that failed."""


def try_sample(
    rows: Sequence[ClipRow],
    corruptions: Sequence[str],
    params: Params,
    folder: Path,
    advance: Callable[[], None],
) -> Trial:
    """Measure the costs of each clip of a sample, calling `advance` once per clip.

    The first clip runs twice, since tables, caches and imports are not part of a clip's cost.
    """
    start, per_shard = _overhead(rows[0], corruptions, params, folder / "overhead")
    _try_stages(rows[:1], corruptions, params, folder / "warm")
    costs, clean, failed = [], [], 0
    for row in rows:
        own = folder / row["key"]
        found = _try_stages([row], corruptions, params, own, LEAST_SECONDS)
        costs.append(
            {
                name: Cost(max(0.0, cost.seconds - start[name]), cost.bytes)
                for name, cost in found.items()
            }
        )
        paths = DatasetPaths(own, row["dataset"])
        for name in found:
            made = manifest.read_rows(paths.manifest(name), schemas.CELLS)
            failed += sum(one["status"] != "ok" for one in made)
            if name == CLEAN:
                clean += [one | {"shard": str(own / one["shard"])} for one in made if one["shard"]]
        advance()
    return Trial(tuple(costs), per_shard, tuple(clean), failed)


def _try_stages(
    rows: Sequence[ClipRow],
    corruptions: Sequence[str],
    params: Params,
    folder: Path,
    least_seconds: float = 0.0,
) -> dict[str, Cost]:
    """Measure the costs of the stages on some clips, in one run or until `least_seconds`.

    Clean shards and manifests stay in `folder`; corrupted shards are deleted once measured.
    """
    dataset, split = rows[0]["dataset"], params.corrupt.split
    paths = DatasetPaths(folder, dataset)
    manifest.write(paths.clips, rows, schemas.CLIPS)
    stage = partial(decode, params, folder, dataset)
    costs = {CLEAN: _cost(stage, paths.clean_folder(split), least_seconds)}
    for name in corruptions:
        made = paths.data / "corrupted" / name
        stage = partial(corrupt, params, folder, dataset, name)
        costs[name] = _cost(stage, made, least_seconds)
        shutil.rmtree(made)
    return costs


def _cost(stage: Callable[[], object], made: Path, least_seconds: float) -> Cost:
    """Return the mean cost of runs of a stage, each from nothing."""
    taken: list[float] = []
    while True:
        start = cpu_seconds()
        stage()
        taken.append(cpu_seconds() - start)
        if sum(taken) >= least_seconds or len(taken) == MOST_RUNS:
            return Cost(sum(taken) / len(taken), sum(sizes_below(made)))
        shutil.rmtree(made)


def sizes_below(folder: Path) -> Iterator[int]:
    """Yield the bytes of every member of the shards below a folder, header and padding included."""
    for shard in folder.rglob("*.tar"):
        for _, data in walk(shard):
            blocks = 1 + -(-len(data) // tarfile.BLOCKSIZE)
            yield blocks * tarfile.BLOCKSIZE


def _overhead(
    clip: ClipRow, corruptions: Sequence[str], params: Params, folder: Path
) -> tuple[dict[str, float], dict[str, tuple[float, ...]]]:
    """Return the fixed CPU time per stage: per run with one shard, and per shard in each round.

    Measured on shards whose clips are all missing.
    """
    absent = clip | {"status": "missing", "reason": "no file"}
    found: dict[int, list[dict[str, float]]] = {1: [], 1 + SHARDS: []}
    for _ in range(ROUNDS):
        for count, rounds in found.items():
            rows = [absent | {"key": f"{clip['key']}-{number}"} for number in range(count)]
            costs = _try_stages(rows, corruptions, params, folder)
            rounds.append({name: cost.seconds for name, cost in costs.items()})
            shutil.rmtree(folder)
    one, many = found.values()
    start = {name: sum(costs[name] for costs in one) / ROUNDS for name in one[0]}
    per_shard = {
        name: tuple((b[name] - a[name]) / SHARDS for a, b in zip(one, many, strict=True))
        for name in start
    }
    return start, per_shard

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

ROUNDS, SHARDS = 2, 4
"""The overhead is the best of ROUNDS runs, with one shard and with SHARDS more."""


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
    per_shard: dict[str, float]
    """Fixed CPU seconds of each stage per shard."""
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
        found = _try_stages([row], corruptions, params, own)
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
    rows: Sequence[ClipRow], corruptions: Sequence[str], params: Params, folder: Path
) -> dict[str, Cost]:
    """Measure the costs of the stages on some clips.

    Clean shards and manifests stay in `folder`; corrupted shards are deleted once measured.
    """
    dataset, split = rows[0]["dataset"], params.corrupt.split
    paths = DatasetPaths(folder, dataset)
    manifest.write(paths.clips, rows, schemas.CLIPS)
    costs = {CLEAN: _cost(partial(decode, params, folder, dataset), paths.clean_folder(split))}
    for name in corruptions:
        made = paths.data / "corrupted" / name
        costs[name] = _cost(partial(corrupt, params, folder, dataset, name), made)
        shutil.rmtree(made)
    return costs


def _cost(stage: Callable[[], object], made: Path) -> Cost:
    start = cpu_seconds()
    stage()
    seconds = cpu_seconds() - start
    return Cost(seconds, sum(_sizes(made)))


def _sizes(folder: Path) -> Iterator[int]:
    """Yield the bytes of every member of the shards below a folder, header and padding included."""
    for shard in folder.rglob("*.tar"):
        for _, data in walk(shard):
            blocks = 1 + -(-len(data) // tarfile.BLOCKSIZE)
            yield blocks * tarfile.BLOCKSIZE


def _overhead(
    clip: ClipRow, corruptions: Sequence[str], params: Params, folder: Path
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the fixed CPU time per stage: per run with one shard, and per shard.

    Measured on shards whose clips are all missing.
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

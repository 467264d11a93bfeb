"""Units of an evaluation from videos: the clips of the shards that the decode stage would write."""

from dataclasses import dataclass

from ...errors import StageError
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import ClipRow


@dataclass(frozen=True)
class Unit:
    """Usable clips of one clean shard."""

    index: int
    """Number of the shard in its split."""
    rows: tuple[ClipRow, ...]


def read_units(params: Params, paths: DatasetPaths) -> list[Unit]:
    """Return the units of the evaluated split that have usable clips."""
    split = params.evaluate.split
    size = params.decode.pictures[paths.dataset].clips_per_shard
    listed = [
        row for row in manifest.read_rows(paths.clips, schemas.CLIPS) if row["split"] == split
    ]
    units = []
    for index, start in enumerate(range(0, len(listed), size)):
        rows = tuple(row for row in listed[start : start + size] if row["status"] == "ok")
        if rows:
            units.append(Unit(index, rows))
    if not units:
        raise StageError(
            f"{paths.clips}: no usable clip of split {split!r}; choose another evaluate.split, or "
            "run the filter stage on complete videos."
        )
    return units

"""Examples of the torch datasets: the frames of one clip in one cell, computed or from shards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

import corruptions
from corruptions.registry import SEVERITIES
from corruptions.types import Clip, ClipRandom

from ..errors import ClipError, SettingsError, StageError
from ..messages import did_you_mean
from ..params import Params, load
from ..storage import manifest, schemas
from ..storage.clip_reader import StoredClip, read_clip
from ..storage.paths import DatasetPaths
from ..storage.rows import CellRow, ClipRow
from .cell_frames import CellFrames
from .frame_rules import FrameChoice, FrameRule, Indices, Rules, rules_of
from .stream_order import CellName

CLEAN = (schemas.CLEAN, 0)
"""The uncorrupted cell."""

COLUMNS = [
    "key", "split", "severity", "status", "reason", "shard", "offset", "size", "sha256",
    "num_frames", "width", "height",
]  # fmt: skip
"""Columns of stored clips; all cells together have many rows."""

Transform = Callable[[torch.Tensor], Any]
"""Function from a clip (T, H, W, 3), uint8 RGB, to the input of the model."""

SourceRow = ClipRow | CellRow


@dataclass(frozen=True)
class ExampleMaker:
    """Examples of any cell of one dataset; picklable, for the workers of a DataLoader."""

    dataset: str
    params: Params
    root: Path
    rules: Rules
    cropped: bool
    from_shards: bool
    seed: int
    """Seed of random frames."""
    _known: dict[str, dict[tuple[int, str], StoredClip | ClipError]] = field(
        default_factory=dict, compare=False
    )
    """Stored clips by corruption, then severity and key; read when first needed."""

    @classmethod
    def open(
        cls,
        dataset: str,
        params: Path | str,
        num_frames: int | None,
        frames: FrameChoice | None,
        *,
        cropped: bool,
        stored: bool,
        seed: int | None = None,
    ) -> Self:
        """Return the maker for a dataset of a params.yaml; None as `seed` takes the seed there."""
        params = Path(params)
        values = load(params)
        values.check_dataset(dataset)
        if stored and not cropped:
            raise SettingsError(
                "cropped: False with stored = True, but shards hold cropped pictures; leave one of "
                "them out."
            )
        return cls(
            dataset=dataset,
            params=values,
            root=params.resolve().parent,
            rules=rules_of(frames, num_frames),
            cropped=cropped,
            from_shards=stored,
            seed=values.seed if seed is None else seed,
        )

    def rows(self, split: str | None) -> list[SourceRow]:
        """Return the usable clips of a split, from the clean shards or else from clips.parquet."""
        wanted = self.params.corrupt.split if split is None else split
        paths = DatasetPaths(self.root, self.dataset)
        path, found = paths.manifest(schemas.CLEAN), list[SourceRow]()
        if path.is_file():
            found += manifest.read_rows(path, schemas.CELLS)
        else:
            path = paths.clips
            found += manifest.read_rows(path, schemas.CLIPS)
        rows = [row for row in found if row["split"] == wanted and row["status"] == "ok"]
        if not rows:
            raise StageError(
                f"{path}: no usable clip of split {wanted!r}; choose another split, or run the "
                "filter stage on complete videos."
            )
        side = self.params.decode.pictures[self.dataset].crop
        if self.cropped and any(
            (row["height"], row["width"]) != (side, side) for row in rows if "shard" in row
        ):
            raise SettingsError(
                f"{path}: clips of split {wanted!r} are whole pictures, which cannot be corrupted; "
                f"set decode.pictures.{self.dataset}.training to crop and run the decode stage "
                "again, or choose cropped = False."
            )
        return rows

    def example(
        self,
        row: SourceRow,
        cell: CellName,
        transform: Transform | None,
        *,
        cell_start: bool,
        epoch: int = 0,
    ) -> dict[str, Any]:
        """Return one clip as a dictionary."""
        wanted = _Wanted(self, row["key"], cell, epoch)
        frames = (
            self._stored(row, cell, wanted) if self.from_shards else self._made(row, cell, wanted)
        )
        views = wanted.views(torch.from_numpy(frames))
        if transform is not None and isinstance(views, dict):
            views = {name: transform(view) for name, view in views.items()}
        elif transform is not None:
            views = transform(views)
        return {
            "clip": views,
            "label": row["label_id"],
            "key": row["key"],
            "corruption": cell[0],
            "severity": cell[1],
            "cell_start": cell_start,
        }

    def recipe(self, cell: CellName, rows: Sequence[SourceRow]) -> dict[str, Any]:
        """Return what determines the clips of a cell."""
        values = self.params
        return {
            "dataset": self.dataset,
            "corruption": cell[0],
            "severity": cell[1],
            "frames": repr(self.rules),
            "cropped": self.cropped,
            "seed": self.seed,
            "dialect": values.dialect,
            "stored_frames": values.corrupt.frames,
            "picture": values.decode.pictures[self.dataset].model_dump(exclude={"clips_per_shard"}),
            "payload": values.payload.model_dump(),
            "clips": [[row["key"], row["source_sha256"]] for row in rows],
        }

    def _made(self, row: SourceRow, cell: CellName, wanted: "_Wanted") -> Clip:
        """Return frames as a reader of the cell's shard sees them, computed."""
        maker = CellFrames(self.dataset, self.params, self.root, cropped=self.cropped)
        clean = maker.clean(row)
        if cell == CLEAN:
            return clean[wanted.take(len(clean))]
        (made,) = maker.take_corrupted(row, clean, cell[0], [cell[1]], wanted.take)
        return made.read()

    def _stored(self, row: SourceRow, cell: CellName, wanted: "_Wanted") -> Clip:
        """Return frames from the cell's shard."""
        corruption, severity = cell
        if corruption not in self._known:
            self._known[corruption] = self._read_stored(corruption)
        found = self._known[corruption].get((severity, row["key"]))
        if found is None:
            path = DatasetPaths(self.root, self.dataset).manifest(corruption)
            raise StageError(
                f"{path}: clip {row['key']} is not in it at severity {severity}; run the corrupt "
                "stage, or leave out stored = True to compute the clips."
            )
        if isinstance(found, ClipError):
            raise found
        check = self.params.machine.check_payloads
        return read_clip(found, wanted.take(found.num_frames), check=check)

    def _read_stored(self, corruption: str) -> dict[tuple[int, str], StoredClip | ClipError]:
        path = DatasetPaths(self.root, self.dataset).manifest(corruption)
        if not path.is_file():
            raise StageError(
                f"{path}: no such file; run the stage that writes it, or leave out stored = True "
                "to compute the clips."
            )
        rows: list[CellRow] = list(manifest.read_rows(path, schemas.CELLS, COLUMNS))
        return {
            (row["severity"], row["key"]): StoredClip.of(row, self.root)
            if row["status"] == "ok"
            else ClipError(row["reason"])
            for row in rows
        }


class _Wanted:
    """Frames that an example holds, by the rules of its maker."""

    def __init__(self, maker: ExampleMaker, key: str, cell: CellName, epoch: int) -> None:
        self._maker = maker
        self._names = (maker.dataset, key, "frames", f"{cell[0]} {cell[1]} epoch {epoch}")
        self._shapes: dict[str, tuple[int, ...]] = {}
        """Shapes of the indices of each view, after `take`."""

    def take(self, num_frames: int) -> Indices:
        """Return the frames of all views, one after the other, of a clip of `num_frames` frames."""
        rules = self._maker.rules
        views = rules if isinstance(rules, Mapping) else {"": rules}
        found = {name: self._indices(name, rule, num_frames) for name, rule in views.items()}
        self._shapes = {name: indices.shape for name, indices in found.items()}
        return np.concatenate([indices.ravel() for indices in found.values()])

    def views(self, frames: torch.Tensor) -> Any:
        """Return the taken frames as one clip (T, H, W, 3), or as the views by name."""
        counts = [int(np.prod(shape)) for shape in self._shapes.values()]
        parts = torch.split(frames, counts)
        found = {
            name: part.reshape(*shape, *part.shape[1:])
            for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }
        return found if isinstance(self._maker.rules, Mapping) else found[""]

    def _indices(self, name: str, rule: FrameRule, num_frames: int) -> Indices:
        dataset, key, corruption, cell = self._names
        bits = ClipRandom(self._maker.seed, dataset, key, corruption, f"{cell} {name}").clip()
        return rule.indices(num_frames, self._maker.params.dialect, bits)


def checked(cell: CellName) -> CellName:
    """Return the cell; raise SettingsError if it does not exist."""
    corruption, severity = cell
    if cell == CLEAN:
        return cell
    if corruption not in corruptions.names() or severity not in SEVERITIES:
        raise SettingsError(
            f"unknown cell {cell!r}{did_you_mean(corruption, corruptions.names())}; severities are "
            f"1 to 5, the clean set is {CLEAN!r}, and corruptions are "
            f"{', '.join(corruptions.names())}."
        )
    return cell

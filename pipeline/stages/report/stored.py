"""Stored clips behind a dataset's results: account of every cell, failures, clips to show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...params import Params
from ...storage.paths import DatasetPaths
from ...storage.rows import CellRow
from .evaluated import Evaluated
from .page import accounting, clips
from .page.accounting import CellAccount
from .page.clips import ViewerClip
from .page.flips import Flip, choose_flips, played


@dataclass(frozen=True)
class StoredClips:
    """Contents of a dataset's manifests that the page and the figures show."""

    cells: Sequence[CellAccount]
    failures: Counter[str]
    """Number of clips that could not be produced, by reason."""
    shown: Sequence[ViewerClip]
    """Example clips; empty if their shards are not on this machine."""
    flips: Sequence[Flip]
    """Clips that are right when clean and wrong under corruption."""
    flip_rows: Mapping[str, Mapping[tuple[str, int], CellRow]]
    """Rows of the clips in `flips` that can be played, by key, then corruption and severity."""


def read_stored(results: Evaluated, params: Params, root: Path) -> StoredClips:
    """Read the manifests of the clean set and of every corruption, each once."""
    paths = DatasetPaths(root, results.dataset)
    chosen = clips.choose_clips(results)
    flips = choose_flips(results)
    flipped = {results.keys[flip.clip] for flip in played(flips)}
    keys = sorted({results.keys[index] for index in chosen} | flipped)
    cells: list[CellAccount] = []
    rows: list[CellRow] = []
    failures: Counter[str] = Counter()
    for corruption in ("clean", *params.corruptions):
        table = accounting.read_cells(paths, corruption, params)
        cells += accounting.describe(table)
        rows += clips.rows_of(table, keys)
        failures += accounting.failures(table)
    shown = clips.gather(results, chosen, rows)
    here = clips.are_here(shown, root)
    flip_rows: dict[str, dict[tuple[str, int], CellRow]] = {}
    for row in rows:
        if here and row["key"] in flipped and (root / row["shard"]).is_file():
            flip_rows.setdefault(row["key"], {})[row["corruption"], row["severity"]] = row
    return StoredClips(cells, failures, shown if here else [], flips, flip_rows)

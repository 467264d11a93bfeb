"""Stored clips behind a dataset's results: account of every cell, failures, clips to show."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...params import Params
from ...storage.paths import DatasetPaths
from ...storage.schemas import CellRow
from .evaluated import Evaluated
from .page import accounting, clips
from .page.accounting import CellAccount
from .page.clips import ViewerClip


@dataclass(frozen=True)
class StoredClips:
    """Contents of a dataset's manifests that the page and the figures show."""

    cells: Sequence[CellAccount]
    failures: Counter[str]
    """Number of clips that could not be produced, by reason."""
    shown: Sequence[ViewerClip]
    """Example clips; empty if their shards are not on this machine."""


def read_stored(results: Evaluated, params: Params, root: Path) -> StoredClips:
    """Read the manifests of the clean set and of every corruption, each once."""
    paths = DatasetPaths(root, results.dataset)
    chosen = clips.choose_clips(results)
    keys = [results.keys[index] for index in chosen]
    cells: list[CellAccount] = []
    rows: list[CellRow] = []
    failures: Counter[str] = Counter()
    for corruption in ("clean", *params.corruptions):
        table = accounting.read_cells(paths, corruption, params)
        cells += accounting.describe(table)
        rows += clips.rows_of(table, keys)
        failures += accounting.failures(table)
    shown = clips.gather(results, chosen, rows)
    return StoredClips(cells, failures, shown if clips.are_here(shown, root) else [])

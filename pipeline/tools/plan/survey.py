"""Survey: number and sizes of the clips of a dataset.

The filter stage records all of it. If it has not run, the listed clips are read from the
annotations, the available ones from the video folder, and the sizes from a sample of the videos.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from ...datasets.probe import ProbeTask, probe_clips
from ...execution.pool import run_tasks
from ...params import Params
from ...stages.filter import find_clips
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import ClipRow
from .estimate import Population, Sizes, choose_sample

PROBED = 200
"""Videos per split that are opened if the filter stage has not run."""


@dataclass(frozen=True)
class Survey:
    """Clips of one split."""

    clips: pa.Table
    """Rows as in `clips.parquet`: of all listed clips, or of those that were opened."""
    listed: int
    found: int
    """Number of clips that `clips` represents: all listed ones, or those with a video."""

    @property
    def sizes(self) -> Sizes:
        """Sizes of `clips`, for the cost model."""
        columns = {
            name: self.clips[name].to_numpy().astype(np.float64)
            for name in ("num_frames", "width", "height")
        }
        frames = columns["num_frames"]
        megapixels = frames * columns["width"] * columns["height"] / 1e6
        sizes = np.stack([np.ones_like(frames), frames, megapixels], axis=1)
        return np.where((self.clips["status"].to_numpy() == "ok")[:, None], sizes, 0.0)

    @property
    def population(self) -> Population:
        """Clips over which totals are estimated."""
        return Population(self.sizes, self.found)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[list[ClipRow], Sizes]:
        """Draw `count` usable clips of all sizes; return their rows and sizes."""
        chosen = choose_sample(self.sizes, count, rng)
        return self.clips.take(chosen).to_pylist(), self.sizes[chosen]


def survey(
    dataset: str, params: Params, root: Path, rng: np.random.Generator
) -> tuple[dict[str, Survey], bool]:
    """Return the splits of a dataset, and True if their sizes come from the filter stage."""
    path = DatasetPaths(root, dataset).clips
    if not path.is_file():
        return _probe(dataset, params, root, rng), False
    table = manifest.read(path, schemas.CLIPS)
    splits = table["split"].to_numpy()
    parts = {name: table.filter(pa.array(splits == name)) for name in np.unique(splits)}
    return {name: Survey(part, len(part), len(part)) for name, part in parts.items()}, True


def _probe(dataset: str, params: Params, root: Path, rng: np.random.Generator) -> dict[str, Survey]:
    """Open a sample of the available videos."""
    (listed,) = find_clips(params, root, dataset, clips=None)
    surveys = {}
    for split in sorted({one.clip.split for one in listed.found}):
        own = [one for one in listed.found if one.clip.split == split]
        found = [one for one in own if one.file is not None]
        chosen = sorted(rng.permutation(len(found))[:PROBED])
        tasks = [ProbeTask((found[index],), listed.limits) for index in chosen]
        rows = [
            row
            for some in run_tasks(probe_clips, tasks, params.machine, f"probe {dataset} {split}")
            for row in some
        ]
        table = pa.Table.from_pylist(rows, schema=schemas.CLIPS.arrow)
        surveys[split] = Survey(table, len(own), len(found))
    return surveys

"""Cells of a dataset that only other programs evaluated: which clips have an answer in which."""

import pyarrow as pa
import pyarrow.compute as pc

from corruptions.registry import families

from ....params import Params
from ....storage import manifest, schemas
from ....storage.paths import DatasetPaths
from ....storage.rows import CellRow

REASON = "no imported answer"


def imported_cells(paths: DatasetPaths, corruption: str, params: Params) -> pa.Table:
    """Return rows as of a manifest of a corruption: a clip is ok if any model has an answer.

    How the clips were made is not known: no level, encoder or recipe is stated.
    """
    listed = manifest.read(paths.clips, schemas.CLIPS, ["key", "split"])
    keys = listed.filter(pc.equal(listed["split"], params.evaluate.split))["key"].to_pylist()
    answered: set[tuple[int, str]] = set()
    for model in paths.imported_models():
        table = manifest.read(
            paths.predictions_of(model), schemas.PREDICTIONS, ["key", "corruption", "severity"]
        )
        own = table.filter(pc.equal(table["corruption"], corruption))
        answered.update(zip(own["severity"].to_pylist(), own["key"].to_pylist(), strict=True))
    rows: list[CellRow] = [
        {
            "key": key,
            "split": params.evaluate.split,
            "corruption": corruption,
            "family": families().get(corruption, schemas.CLEAN),
            "severity": severity,
            "params": "{}",
            "status": "ok" if (severity, key) in answered else "missing",
            "reason": "" if (severity, key) in answered else REASON,
        }
        for severity in ((0,) if corruption == schemas.CLEAN else params.severities)
        for key in keys
    ]
    return pa.Table.from_pylist(rows, schemas.CELLS.arrow)

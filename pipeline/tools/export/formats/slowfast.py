"""PySlowFast's Kinetics dataset: one folder per cell with val.csv, test.csv or train.csv."""

from ..lists import lines
from ..task import Export
from ..videos import FOLDER as FOLDER
from ..videos import UNIT as UNIT
from ..videos import path
from ..videos import write_shard as write_shard


def index(export: Export) -> dict[str, str]:
    """Return lists of `path label`, split by a space; DATA.PATH_PREFIX is the export's folder.

    PySlowFast trains on train.csv and evaluates on val.csv or test.csv of DATA.PATH_TO_DATA_DIR.
    """
    texts = {}
    for cell in export.cells:
        text = lines(cell, lambda cell, clip: f"{path(cell, clip)} {clip.label}")
        for name in ("train",) if cell.split == "train" else ("val", "test"):
            texts[f"slowfast/{cell.name}/{name}.csv"] = text
    return texts

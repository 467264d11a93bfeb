"""Write frame_hashes.json: the frames of every cell of the reference clip.

    python -m tests.corruptions.make_hashes [NAME ...]

Without names, all corruptions. Only what a change of definition is meant to change may change here.
"""

import json
import sys
from pathlib import Path

from corruptions import SEVERITIES, corrupt, names
from corruptions.original import THROUGH_LOADER
from corruptions.types import Dialect
from tests.corruptions.reference_clip import FPS, KEY, frame_hashes, reference_clip

FILE = Path(__file__).with_name("frame_hashes.json")


def cells_of(name: str) -> dict[str, list[str]]:
    """Frame hashes of a corruption's cells, by "dialect-severity"."""
    clip = reference_clip()
    dialects: tuple[Dialect, ...] = ("ours", "original") if name in THROUGH_LOADER else ("ours",)
    return {
        f"{dialect}-{severity}": frame_hashes(
            corrupt(clip, name, severity, key=KEY, fps=FPS, dialect=dialect)
        )
        for dialect in dialects
        for severity in SEVERITIES
        if not (name == "rain" and dialect == "original" and severity == 5)  # drops too long
    }


def read() -> dict[str, dict[str, list[str]]]:
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def write(hashes: dict[str, dict[str, list[str]]]) -> None:
    """One line a cell, so that a changed cell is a changed line."""
    blocks = []
    for name in sorted(hashes):
        cells = [f'    "{cell}": {json.dumps(frames)}' for cell, frames in hashes[name].items()]
        blocks.append(f'  "{name}": {{\n' + ",\n".join(cells) + "\n  }")
    FILE.write_text("{\n" + ",\n".join(blocks) + "\n}\n")


if __name__ == "__main__":
    hashes = {name: cells for name, cells in read().items() if name in names()}
    for name in sys.argv[1:] or names():
        hashes[name] = cells_of(name)
        sys.stdout.write(f"{name}\n")
    write(hashes)

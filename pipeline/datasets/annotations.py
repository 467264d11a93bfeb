"""Official annotation files: the CSVs of Kinetics, the JSONs of Something-Something-V2.

Every listed clip of the kept classes is read. An error in a file stops the run with the file, the
line and a hint: a wrong list would make every result wrong.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ..class_names import plain
from ..errors import SettingsError
from ..io.text import read_json
from ..messages import quoted
from ..settings import SourceSettings
from .class_list import HINT, no_twins, read_classes, read_csv

KINETICS_COLUMNS = ("label", "youtube_id", "time_start", "time_end", "split")
KINETICS_ID = re.compile(r"[A-Za-z0-9_-]{11}")
SSV2_ID = re.compile(r"[0-9]{1,12}")
LABEL_INDEX = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class ListedClip:
    """One clip that the annotations list, of a class that is kept."""

    key: str
    """Unique name in [A-Za-z0-9_-]+; a WebDataset key."""
    video_id: str
    """YouTube id or SSV2 number, with which the name of the file begins."""
    split: str
    label_id: int
    label_name: str
    source_label_id: int | None
    """Index in the full class list of the dataset (400 or 174)."""
    time_start: int | None = None
    time_end: int | None = None


def read_annotations(source: SourceSettings) -> list[ListedClip]:
    """Return every listed clip of the kept classes, sorted by split and key.

    Raises
    ------
    SettingsError
        If a file is missing or malformed, or the class list names a class that no file names.

    """
    classes = read_classes(source.classes)
    read = {"kinetics": _read_kinetics, "ssv2": _read_ssv2}[source.format]
    clips, seen = read(source, {plain(name): index for index, name in enumerate(classes)}, classes)
    absent = [name for name in classes if plain(name) not in seen]
    if absent:
        raise SettingsError(
            f"{source.classes}: classes that no file in {source.annotations} names: "
            f"{', '.join(repr(name) for name in absent[:5])}"
            f"{f' and {len(absent) - 5} more' if len(absent) > 5 else ''}; "
            "check that class list and annotations belong together."
        )
    no_twins(source.annotations, "clip", [clip.key for clip in clips])
    return sorted(clips, key=lambda clip: (clip.split, clip.key))


def _read_kinetics(
    source: SourceSettings, ids: dict[str, int], classes: list[str]
) -> tuple[list[ListedClip], set[str]]:
    rows = [
        (split, source.annotations / name, number, row)
        for split, name in source.splits.items()
        for number, row in enumerate(read_csv(source.annotations / name, KINETICS_COLUMNS), 2)
    ]
    # The official index is the position in the sorted list of names as they are written.
    written = {plain(row["label"]): row["label"].replace("_", " ") for _, _, _, row in rows}
    source_ids = {
        name: index for index, name in enumerate(sorted(written, key=written.__getitem__))
    }
    seen = set(written)
    clips = []
    for split, path, number, row in rows:
        label = plain(row["label"])
        if label not in ids:
            continue
        video_id = row["youtube_id"]
        if not KINETICS_ID.fullmatch(video_id):
            raise SettingsError(
                f"{path}, line {number}: youtube_id is {quoted(video_id)}; it must be 11 "
                "characters of A-Z a-z 0-9 _ -."
            )
        start, end = (_seconds(path, number, row, key) for key in ("time_start", "time_end"))
        clips.append(
            ListedClip(
                key=f"{video_id}_{start:06d}_{end:06d}",
                video_id=video_id,
                split=split,
                label_id=ids[label],
                label_name=classes[ids[label]],
                source_label_id=source_ids[label],
                time_start=start,
                time_end=end,
            )
        )
    return clips, seen


def _seconds(path: Path, number: int, row: dict[str, str], key: str) -> int:
    try:
        value = float(row[key])
    except ValueError:
        value = -1
    if not 0 <= value < 1_000_000:
        raise SettingsError(
            f"{path}, line {number}: {key} is {quoted(row[key])}; it must be seconds in 0..999999."
        )
    return int(value)


def _read_ssv2(
    source: SourceSettings, ids: dict[str, int], classes: list[str]
) -> tuple[list[ListedClip], set[str]]:
    source_ids = {} if source.labels is None else _read_labels(source.annotations / source.labels)
    clips, seen = [], set(source_ids)
    for split, name in source.splits.items():
        path = source.annotations / name
        rows = read_json(path, HINT)
        if not isinstance(rows, list):
            raise SettingsError(f"{path}: must be a list of clips.")
        for number, row in enumerate(rows):
            if not isinstance(row, dict) or not {"id", "template"} <= set(row):
                raise SettingsError(f"{path}, entry {number}: must have `id` and `template`.")
            template, video_id = row["template"], row["id"]
            if not isinstance(template, str):
                raise SettingsError(
                    f"{path}, entry {number}: template is {quoted(template)}, not text."
                )
            label = plain(template)
            seen.add(label)
            if label not in ids:
                continue
            if type(video_id) is int:
                video_id = str(video_id)
            if not isinstance(video_id, str) or not SSV2_ID.fullmatch(video_id):
                raise SettingsError(
                    f"{path}, entry {number}: id is {quoted(video_id)}, not a number of up to 12 "
                    "digits."
                )
            clips.append(
                ListedClip(
                    key=video_id,
                    video_id=video_id,
                    split=split,
                    label_id=ids[label],
                    label_name=classes[ids[label]],
                    source_label_id=source_ids.get(label),
                )
            )
    return clips, seen


def _read_labels(path: Path) -> dict[str, int]:
    """Return the index in the full class list of every template."""
    labels = read_json(path, HINT)
    if not isinstance(labels, dict):
        raise SettingsError(f"{path}: must be an object that maps templates to indices.")
    for label, index in labels.items():
        if isinstance(index, bool) or not LABEL_INDEX.fullmatch(str(index)):
            raise SettingsError(
                f"{path}: the index of {quoted(label)} is {quoted(index)}, not a number of up to 6 "
                "digits."
            )
    return {plain(label): int(index) for label, index in labels.items()}

"""Official annotation files: the CSVs of Kinetics, the JSONs of Something-Something-V2.

Every listed clip of the kept classes is read. An error in a file stops the run with the file, the
line and a hint: a wrong list would make every result wrong. The other formats are in
official_lists.py and video_lists.py.
"""

import re
from functools import partial
from pathlib import Path

from ..class_names import plain
from ..errors import SettingsError
from ..io.text import read_json
from ..messages import quoted
from ..settings import SourceSettings
from .annotation_files import find_file, read_clips
from .class_list import HINT, no_twins, read_classes, read_csv
from .listed_clip import Entry, ListedClip
from .official_lists import read_diving48, read_hmdb51, read_ucf101
from .video_lists import read_folders, read_list

KINETICS_COLUMNS = ("label", "youtube_id", "time_start", "time_end", "split")
KINETICS_ID = re.compile(r"[A-Za-z0-9_-]{11}")
SSV2_ID = re.compile(r"[0-9]{1,12}")
LABEL_INDEX = re.compile(r"[0-9]{1,6}")


def read_annotations(source: SourceSettings) -> list[ListedClip]:
    """Return every listed clip of the kept classes, sorted by split and key.

    Raises
    ------
    SettingsError
        If a file is missing or malformed, or the class list names a class that no file names.

    """
    classes = read_classes(source.classes)
    entries, seen = read_entries(source, classes)
    ids = {plain(name): index for index, name in enumerate(classes)}
    absent = [name for name in classes if plain(name) not in seen]
    clips = [
        entry.make(index, classes[index])
        for entry in entries
        if (index := ids.get(plain(entry.label))) is not None
    ]
    if absent and source.format != "list":  # a list names no class that the class list lacks
        raise SettingsError(
            f"{source.classes}: classes that no file in {source.annotations} names: "
            f"{', '.join(repr(name) for name in absent[:5])}"
            f"{f' and {len(absent) - 5} more' if len(absent) > 5 else ''}; "
            "check that class list and annotations belong together."
        )
    no_twins(source.annotations, "clip", [clip.key for clip in clips])
    return sorted(clips, key=lambda clip: (clip.split, clip.key))


def read_entries(source: SourceSettings, classes: list[str] | None) -> tuple[list[Entry], set[str]]:
    """Return every line of the annotations, and all classes that they name, as `plain` has them.

    `classes` are those of the class list; None if there is none yet.
    """
    if source.format == "ssv2":
        return _read_ssv2(source)
    read = {
        "kinetics": _read_kinetics,
        "list": read_list,
        "folders": read_folders,
        "ucf101": read_ucf101,
        "hmdb51": read_hmdb51,
        "diving48": read_diving48,
    }[source.format]
    entries = read(source, classes)
    return entries, {plain(entry.label) for entry in entries}


def _read_kinetics(source: SourceSettings, _: list[str] | None) -> list[Entry]:
    rows = []
    for split, name in source.splits.items():
        path = find_file(source.annotations, name, source.format)
        rows += [
            (split, path, number, row)
            for number, row in enumerate(read_csv(path, KINETICS_COLUMNS), 2)
        ]
    # The official index is the position in the sorted list of names as they are written.
    written = {plain(row["label"]): row["label"].replace("_", " ") for _, _, _, row in rows}
    source_ids = {
        name: index for index, name in enumerate(sorted(written, key=written.__getitem__))
    }
    entries = []
    for split, path, number, row in rows:
        source_id = source_ids[plain(row["label"])]
        make = partial(_kinetics_clip, split, path, number, row, source_id)
        entries.append(Entry(row["label"], make, source_id))
    return entries


def _kinetics_clip(
    split: str,
    path: Path,
    number: int,
    row: dict[str, str],
    source_id: int,
    label_id: int,
    name: str,
) -> ListedClip:
    video_id = row["youtube_id"]
    if not KINETICS_ID.fullmatch(video_id):
        raise SettingsError(
            f"{path}, line {number}: youtube_id is {quoted(video_id)}; it must be 11 "
            "characters of A-Z a-z 0-9 _ -."
        )
    start, end = (_seconds(path, number, row, key) for key in ("time_start", "time_end"))
    return ListedClip(
        key=f"{video_id}_{start:06d}_{end:06d}",
        video_id=video_id,
        split=split,
        label_id=label_id,
        label_name=name,
        source_label_id=source_id,
        time_start=start,
        time_end=end,
    )


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


def _read_ssv2(source: SourceSettings) -> tuple[list[Entry], set[str]]:
    source_ids = {}
    if source.labels is not None:
        source_ids = _read_labels(find_file(source.annotations, source.labels, source.format))
    entries, seen = [], set(source_ids)
    for split, name in source.splits.items():
        path = find_file(source.annotations, name, source.format)
        for where, row in read_clips(path, "id", "template"):
            template = row["template"]
            if not isinstance(template, str):
                raise SettingsError(f"{where}: template is {quoted(template)}, not text.")
            seen.add(plain(template))
            source_id = source_ids.get(plain(template))
            make = partial(_ssv2_clip, split, where, row["id"], source_id)
            entries.append(Entry(template, make, source_id))
    return entries, seen


def _ssv2_clip(
    split: str, where: str, video_id: object, source_id: int | None, label_id: int, name: str
) -> ListedClip:
    if type(video_id) is int:
        video_id = str(video_id)
    if not isinstance(video_id, str) or not SSV2_ID.fullmatch(video_id):
        raise SettingsError(f"{where}: id is {quoted(video_id)}, not a number of up to 12 digits.")
    return ListedClip(
        key=video_id,
        video_id=video_id,
        split=split,
        label_id=label_id,
        label_name=name,
        source_label_id=source_id,
    )


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

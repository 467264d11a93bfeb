"""Official annotation files of UCF101, HMDB51 and Diving48."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from ..errors import SettingsError
from ..io.text import read_json, read_text
from ..messages import quoted
from ..settings import SourceSettings
from .annotation_files import find_file, read_clips
from .class_list import HINT
from .clip_keys import key_of
from .listed_clip import Entry, ListedClip

UCF101_LINE = re.compile(r"([^/\s]+)/([^/\s]+)\.avi(?:\s+([0-9]{1,4}))?")
UCF101_CLASS = re.compile(r"([0-9]{1,4})\s+(\S+)")
UCF101_LABELS = "classInd.txt"

HMDB51_FILE = re.compile(r"(.+)_test_(split[0-9]+)")
HMDB51_LINE = re.compile(r"(.+)\.avi\s+([012])")
HMDB51_TRAIN, HMDB51_TEST = "1", "2"

DIVING48_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
DIVING48_LABELS = "Diving48_vocab.json"


def read_ucf101(source: SourceSettings, _: list[str] | None) -> list[Entry]:
    """Return the clips of split lists such as `trainlist01.txt`: `Class/v_Class_g01_c01.avi 1`.

    The number of the class is that of `classInd.txt`, from 1.
    """
    numbers = _ucf101_numbers(source)
    entries = []
    for split, name in source.splits.items():
        path = find_file(source.annotations, name, source.format)
        for where, line in _lines(path):
            match = UCF101_LINE.fullmatch(line)
            if match is None:
                raise SettingsError(
                    f"{where}: is {quoted(line)}; it must be `<class>/<video>.avi`, and in lists "
                    "for training the number of the class."
                )
            label, stem, number = match.groups()
            if label not in numbers or (number and int(number) != numbers[label]):
                raise SettingsError(
                    f"{where}: class {quoted(label)} with number {number or 'none'} does not agree "
                    f"with {source.labels or UCF101_LABELS}; get both files from one archive."
                )
            make = partial(_clip, stem, split, numbers[label], None)
            entries.append(Entry(label, make, numbers[label]))
    return entries


def _ucf101_numbers(source: SourceSettings) -> dict[str, int]:
    path = find_file(source.annotations, source.labels or UCF101_LABELS, source.format)
    numbers = {}
    for where, line in _lines(path):
        match = UCF101_CLASS.fullmatch(line)
        if match is None:
            raise SettingsError(f"{where}: is {quoted(line)}; it must be `<number> <class>`.")
        numbers[match[2]] = int(match[1])
    return numbers


def read_hmdb51(source: SourceSettings, _: list[str] | None) -> list[Entry]:
    """Return the clips of the files `<class>_test_split1.txt`: `<video>.avi 1`.

    The value of a split is `split1`, `split2` or `split3`; the split `train` has the videos with
    1, every other one those with 2; those with 0 are in neither. The number of the class is its
    place in alphabetical order, from 0.
    """
    entries = []
    for split, name in source.splits.items():
        wanted = HMDB51_TRAIN if split == "train" else HMDB51_TEST
        for number, (label, path) in enumerate(_hmdb51_files(source.annotations, name)):
            for where, line in _lines(path):
                match = HMDB51_LINE.fullmatch(line)
                if match is None:
                    raise SettingsError(
                        f"{where}: is {quoted(line)}; it must be `<video>.avi` and 0, 1 or 2."
                    )
                if match[2] == wanted:
                    # Names of videos are unique in a class only.
                    key = key_of(f"{label}/{match[1]}")
                    make = partial(_clip, match[1], split, number, key)
                    entries.append(Entry(label, make, number))
    return entries


def _hmdb51_files(folder: Path, name: str) -> list[tuple[str, Path]]:
    """Return the classes and files of one of the official splits, sorted by class."""
    found: dict[str, list[Path]] = {}
    for path in (*folder.glob("*.txt"), *folder.glob("*/*.txt")):
        match = HMDB51_FILE.fullmatch(path.stem)
        if match is not None and match[2] == name:
            found.setdefault(match[1], []).append(path)
    several = [paths for paths in found.values() if len(paths) > 1]
    if several:
        raise SettingsError(
            f"{folder}: several files of one class and split (got "
            f"{', '.join(sorted(map(str, several[0])))}); keep one."
        )
    if not found:
        raise SettingsError(
            f"{folder}: no file `<class>_test_{name}.txt`; put the official files there, and name "
            "split1, split2 or split3 in params.yaml: filter.sources, splits."
        )
    return [(label, paths[0]) for label, paths in sorted(found.items())]


def read_diving48(source: SourceSettings, _: list[str] | None) -> list[Entry]:
    """Return the clips of files such as `Diving48_V2_test.json`: `vid_name` and `label`.

    The name of a class is its four parts in `Diving48_vocab.json`, separated by spaces. The videos
    are cut, so that `start_frame` and `end_frame` are not used.
    """
    names = _diving48_names(source)
    entries = []
    for split, name in source.splits.items():
        path = find_file(source.annotations, name, source.format)
        for where, row in read_clips(path, "vid_name", "label"):
            label, video = row["label"], row["vid_name"]
            if type(label) is not int or not 0 <= label < len(names):
                raise SettingsError(
                    f"{where}: label is {quoted(label)}, not in "
                    f"0..{len(names) - 1}, the classes of {source.labels or DIVING48_LABELS}."
                )
            if not isinstance(video, str) or not DIVING48_ID.fullmatch(video):
                raise SettingsError(
                    f"{where}: vid_name is {quoted(video)}; it must be 1 to 60 "
                    "characters of A-Z a-z 0-9 _ -."
                )
            entries.append(Entry(names[label], partial(_clip, video, split, label, None), label))
    return entries


def _diving48_names(source: SourceSettings) -> list[str]:
    path = find_file(source.annotations, source.labels or DIVING48_LABELS, source.format)
    rows = read_json(path, HINT)
    good = isinstance(rows, list) and all(
        isinstance(row, list) and row and all(isinstance(part, str) for part in row) for row in rows
    )
    if not good:
        raise SettingsError(f"{path}: must be a list of classes, each a list of words.")
    return [" ".join(row) for row in rows]


def _clip(
    stem: str, split: str, number: int, key: str | None, label_id: int, name: str
) -> ListedClip:
    return ListedClip(
        key=key or key_of(PurePosixPath(stem).as_posix()),
        video_id=stem,
        split=split,
        label_id=label_id,
        label_name=name,
        source_label_id=number,
    )


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the lines of a file that are not empty, with their place for messages."""
    for number, line in enumerate(read_text(path, HINT).splitlines(), 1):
        if line.strip():
            yield f"{path}, line {number}", line.strip()

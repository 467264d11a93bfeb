"""Lists and folders of videos of any dataset: a CSV of paths, or one folder per class."""

import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from ..class_names import plain
from ..errors import SettingsError
from ..messages import did_you_mean, quoted
from ..settings import SourceSettings
from .annotation_files import find_file
from .class_list import read_csv
from .clip_keys import KEY, key_of
from .file_names import EXTENSIONS
from .listed_clip import Entry, ListedClip
from .video_files import walk_files

COLUMNS = ("path", "label", "split")
MAX_SECONDS = 1_000_000


def read_list(source: SourceSettings, classes: list[str] | None) -> list[Entry]:
    """Return the clips of CSV files with the columns path, label, split[, key, start, end].

    `label` is a name of the class list, or a class_id. A class that the list lacks is an error.
    """
    entries = []
    names = {plain(name): name for name in classes or ()}
    for split, name in source.splits.items():
        path = find_file(source.annotations, name, source.format)
        rows = list(enumerate(read_csv(path, COLUMNS), 2))
        own = [(number, row) for number, row in rows if row["split"] == split]
        if not own:
            splits = sorted({row["split"] for _, row in rows})
            raise SettingsError(
                f"{path}: no line of split {split!r} (got the splits {', '.join(splits) or 'none'})"
                "; correct the file or params.yaml: filter.sources, splits."
            )
        for number, row in own:
            where = f"{path}, line {number}"
            if absent := sorted(column for column, value in row.items() if value is None):
                raise SettingsError(
                    f"{where}: lacks the fields {', '.join(absent)}; separate empty ones by commas."
                )
            label = row["label"]
            if classes is not None:
                label = _label(where, label, names, classes)
            make = partial(_listed, where, row, split)
            entries.append(Entry(label, make))
    return entries


def _label(where: str, label: str, names: dict[str, str], classes: list[str]) -> str:
    known = names.get(plain(label))
    if known is not None:
        return known
    if re.fullmatch("[0-9]{1,6}", label) and int(label) < len(classes):
        return classes[int(label)]
    raise SettingsError(
        f"{where}: label is {quoted(label)}, which the class list lacks"
        f"{did_you_mean(label, classes)}; give a class_name or class_id of it."
    )


def _listed(where: str, row: dict[str, str], split: str, label_id: int, name: str) -> ListedClip:
    file = row["path"]
    path = PurePosixPath(file)
    if not file or "\0" in file or path.is_absolute() or ".." in path.parts:
        raise SettingsError(
            f"{where}: path is {quoted(file)}; it must be relative to filter.sources.*.videos and "
            "stay inside it."
        )
    start, end = (_seconds(where, row, bound) for bound in ("start", "end"))
    if start is not None and end is not None and end <= start:
        raise SettingsError(f"{where}: end is {end:g}, not after start, {start:g}.")
    key = row.get("key") or key_of(path.with_suffix("").as_posix(), start, end)
    if not KEY.fullmatch(key):
        raise SettingsError(
            f"{where}: key is {quoted(key)}; it must be 1 to 200 characters of A-Z a-z 0-9 _ -."
        )
    return ListedClip(
        key=key,
        video_id=path.stem,
        split=split,
        label_id=label_id,
        label_name=name,
        source_label_id=None,
        file=path.as_posix(),
        start=start,
        end=end,
    )


def _seconds(where: str, row: dict[str, str], column: str) -> float | None:
    text = row.get(column) or ""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < MAX_SECONDS:
        raise SettingsError(
            f"{where}: {column} is {quoted(text)}; it must be seconds in 0..{MAX_SECONDS - 1}, or "
            "empty."
        )
    return value


def read_folders(source: SourceSettings, _: list[str] | None) -> list[Entry]:
    """Return the videos of class folders, `videos/<split's folder>/<class>/...`.

    Folders of classes that the class list lacks are left out.
    """
    return [
        Entry(folder.name, partial(_in_folder, file, split))
        for split, name in source.splits.items()
        for folder, file in _videos(source.videos, source.videos / name)
    ]


def _videos(videos: Path, root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the class folder and the path below `videos` of every video, sorted."""
    if not root.is_dir():
        raise SettingsError(
            f"{root}: no such folder; correct params.yaml: filter.sources, videos and splits (the "
            "folder of class folders of each split, `.` if they are directly in `videos`)."
        )
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        for place, names in sorted(walk_files(folder)):
            for name in sorted(names):
                path = Path(place, name)
                if path.suffix.lower() in EXTENSIONS:
                    yield folder, path.relative_to(videos).as_posix()


def _in_folder(file: str, split: str, label_id: int, name: str) -> ListedClip:
    path = PurePosixPath(file)
    return ListedClip(
        key=key_of(path.with_suffix("").as_posix()),
        video_id=path.stem,
        split=split,
        label_id=label_id,
        label_name=name,
        source_label_id=None,
        file=file,
    )

"""Class list of a dataset: all classes that its annotations name."""

import csv
import io
from pathlib import Path

from ..class_names import plain
from ..datasets.annotations import read_entries
from ..errors import SettingsError
from ..io.atomic import write_text
from ..params import Params


def write_class_list(params: Params, root: Path, dataset: str, *, force: bool = False) -> Path:
    """Write `filter.sources.<dataset>.classes` with all classes, and return its path.

    Classes are in the order of their numbers in the dataset's own list, or else of their names. A
    class that is not wanted can be deleted; ids must then be counted again.

    Raises
    ------
    SettingsError
        If there is such a file, or the annotations cannot be read.

    """
    params.check_dataset(dataset)
    source = params.filter.sources[dataset].below(root)
    if source.classes.exists() and not force:
        raise SettingsError(f"{source.classes}: exists; replace it with --force.")
    entries, _ = read_entries(source, None)
    if not entries:
        raise SettingsError(f"{source.annotations}: names no class.")
    found = {plain(one.label): (one.source_label_id, one.label) for one in reversed(entries)}
    numbered = all(number is not None for number, _ in found.values())
    ordered = sorted(found.values(), key=lambda one: (one[0] or 0 if numbered else 0, one[1]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("class_id", "class_name"))
    writer.writerows((index, name) for index, (_, name) in enumerate(ordered))
    write_text(source.classes, text.getvalue())
    return source.classes

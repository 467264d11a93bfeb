"""Answers of another program, read from Parquet, CSV or JSON Lines.

Files have one row per clip and cell: `key`, `corruption`, `severity` and the answer. JSON Lines may
also be the samples that lmms-eval logs.
"""

from pathlib import Path

from ...errors import SettingsError
from ...messages import did_you_mean
from .answers import PLACE, Answer, table_answer
from .rows import csv_rows, json_rows, parquet_rows
from .samples import are_samples, sample_answers


def read_answers(path: Path, tasks: Path | None = None) -> list[Answer]:
    """Return the answers of a file.

    `prediction` is the answer. Without such a column `logits` are, and without these `label` is;
    beside them `label` is the class of the clip. `tasks` is the folder of the exported tasks, for
    samples of lmms-eval.

    Raises
    ------
    SettingsError
        If the file cannot be read, or lacks a column or a value.

    """
    readers = {".parquet": parquet_rows, ".csv": csv_rows, ".jsonl": json_rows}
    if path.suffix.lower() not in readers:
        raise SettingsError(
            f"{path}: unknown format (got {path.suffix!r}); give Parquet, CSV or JSON Lines "
            f"({', '.join(readers)})."
        )
    rows = list(readers[path.suffix.lower()](path))
    if not rows:
        raise SettingsError(f"{path}: has no row.")
    if are_samples(rows):
        return sample_answers(path, rows, tasks)
    columns = set[str]().union(*(row for _, row in rows))
    missing = [name for name in PLACE if name not in columns]
    answer = next((name for name in ("prediction", "logits", "label") if name in columns), None)
    if missing or answer is None:
        raise SettingsError(
            f"{path}: columns are missing (got {', '.join(sorted(columns))}); needed are "
            f"{', '.join(PLACE)} and one of prediction, logits and label."
            f"{did_you_mean(missing[0], columns) if missing else ''}"
        )
    return [table_answer(where, row, answer) for where, row in rows]

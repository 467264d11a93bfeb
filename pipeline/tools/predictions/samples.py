"""Samples that lmms-eval logs for the tasks of `export lmms_eval`.

A sample has the number of its document, and the exported JSON Lines have the documents, which name
the clips. Earlier versions log the document as `doc`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import SettingsError
from ...messages import quoted
from .answers import PLACE, Answer, or_none, place_of
from .rows import json_rows

FILE = re.compile(r".*_samples_(.+)")
"""Stem of a file of samples; the group is the task."""

Row = tuple[str, Mapping[str, Any]]


def are_samples(rows: Sequence[Row]) -> bool:
    """Return True for samples of lmms-eval, False for a table of answers."""
    return all("filtered_resps" in row and {"doc", "doc_id"} & set(row) for _, row in rows)


def sample_answers(path: Path, rows: Sequence[Row], tasks: Path | None) -> list[Answer]:
    """Return the answers of a file of samples.

    `tasks` is the folder of the exported tasks; None is enough for samples with documents.
    """
    if all("doc" in row for _, row in rows):
        return [_answer(where, row, row["doc"]) for where, row in rows]
    documents = _documents(path, tasks)
    return [_answer(where, row, _document(where, row, documents)) for where, row in rows]


def _documents(path: Path, tasks: Path | None) -> list[Mapping[str, Any]]:
    match = FILE.fullmatch(path.stem)
    if match is None or tasks is None:
        raise SettingsError(
            f"{path}: samples of lmms-eval do not name their clips; keep the name of the file "
            "(<date>_samples_<task>.jsonl) and give the exported folder lmms_eval with --tasks."
        )
    found = sorted(tasks.rglob(f"{match[1]}.jsonl"))
    if len(found) != 1:
        raise SettingsError(
            f"{tasks}: {len(found)} files {match[1]}.jsonl; give the folder lmms_eval of one "
            "export, whose task these samples are of."
        )
    return [row for _, row in json_rows(found[0])]


def _document(
    where: str, row: Mapping[str, Any], documents: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return the document of a sample, which must be the one that was asked about."""
    number = row["doc_id"]
    known = type(number) is int and 0 <= number < len(documents)
    document = documents[number] if known else {}
    same = row.get("target") == document.get("answer")
    same = same and str(document.get("question")) in str(row.get("input", document.get("question")))
    if not known or not same:
        raise SettingsError(
            f"{where}: document {quoted(number)} of the exported task has another question or "
            "answer; give the export with which lmms-eval ran."
        )
    return document


def _answer(where: str, row: Mapping[str, Any], document: object) -> Answer:
    if not isinstance(document, Mapping) or not {*PLACE, "label"} <= set(document):
        raise SettingsError(
            f"{where}: its document lacks {', '.join((*PLACE, 'label'))}; import samples of tasks "
            "that `export lmms_eval` wrote, or give a table with these columns."
        )
    key, corruption, severity = place_of(where, document)
    answer = row["filtered_resps"]
    while isinstance(answer, list):
        answer = answer[0] if answer else None
    return Answer(
        where=where,
        key=key,
        corruption=corruption,
        severity=severity,
        prediction=or_none(answer),
        label=document["label"],
        choices=tuple(map(str, document.get("choices") or ())),
        is_free_text=True,
    )

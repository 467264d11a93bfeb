"""Import of predictions: answers of another program become rows of the leaderboard.

The answers must fit the grid of params.yaml and the listed clips: what does not fit is one error,
and nothing is written. Clips without an answer in a cell count as missing there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...datasets.class_list import read_classes
from ...errors import SettingsError
from ...io.hashing import sha256_file
from ...messages import did_you_mean, quoted
from ...params import Params
from ...provenance import recipe_hash
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import PredictionRow
from .answers import Answer
from .classes import ClassReader
from .read import read_answers
from .scored import scored_columns

NOT_STATED = "protocol not stated"
"""Protocol of answers whose user does not state how the model saw the clips."""

Cell = tuple[str, int]


@dataclass(frozen=True)
class Imported:
    """Result of an import."""

    path: Path
    answers: int
    cells: int
    """Cells of the grid, the clean set included."""
    listed: int
    """Listed clips of the evaluated split."""
    everywhere: int
    """Clips with an answer in every cell."""
    unknown: int
    """Answers that are not a class, which are wrong."""
    has_scores: bool
    has_confidence: bool

    def sentences(self) -> list[str]:
        """Return what was imported, and which metrics are not available."""
        found = [
            f"{self.answers:,} answers in {self.cells} cells; {self.everywhere:,} of "
            f"{self.listed:,} listed clips have one in every cell."
        ]
        if self.unknown:
            found.append(f"{self.unknown:,} answers are not a class and count as wrong.")
        if not self.has_scores:
            missing = "top-5, NLL and Brier score"
            if not self.has_confidence:
                missing += ", calibration and selective prediction"
            needed = "logits" if self.has_confidence else "logits (or confidence for the last two)"
            found.append(f"Not available: {missing}; they need {needed}.")
        return found


def import_predictions(
    files: Sequence[Path],
    params: Params,
    root: Path,
    dataset: str,
    model: str,
    *,
    tasks: Path | None = None,
    protocol: str = NOT_STATED,
    force: bool = False,
) -> Imported:
    """Write the answers of some files as the predictions of a model.

    Parameters
    ----------
    files
        Parquet, CSV or JSON Lines; together they are one model's answers.
    params, root
        Parameters and folder of the project.
    dataset
        Name of the dataset in params.yaml.
    model
        Name of the model for the leaderboard.
    tasks
        Folder of the tasks that `export lmms_eval` wrote, for samples of lmms-eval.
    protocol
        How the model saw the clips; `benchmark` states 32 uniform frames and one centre crop.
    force
        Replace earlier predictions of this model.

    Raises
    ------
    SettingsError
        If an answer does not fit the listed clips, the classes or the grid.
    StageError
        If the filter stage has not run.

    """
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    target = paths.imported / f"{model}.parquet"
    _check_name(model, target, params, dataset, force)
    classes = ClassReader(tuple(read_classes(root / params.filter.sources[dataset].classes)))
    clips = {
        row["key"]: row["label_id"]
        for row in manifest.read_rows(paths.clips, schemas.CLIPS, ["key", "split", "label_id"])
        if row["split"] == params.evaluate.split
    }
    answers = [answer for path in files for answer in read_answers(path, tasks)]
    grid = [(schemas.CLEAN, 0)]
    grid += [(name, severity) for name in params.corruptions for severity in params.severities]
    common = params.evaluate.accounting == "common"
    _check_grid(answers, clips, grid, paths, common=common)
    placed = {(one.corruption, one.severity, one.key): one for one in answers}
    _check_labels(answers, clips, classes)
    _check_complete(answers, "confidence", lambda one: one.confidence is not None)
    _check_complete(answers, "logits", lambda one: one.logits is not None)
    ordered = [placed[place] for cell in grid for key in clips if (place := (*cell, key)) in placed]
    predicted = [classes.predicted(one) for one in ordered]
    labels = [clips[one.key] for one in ordered]
    _check_not_the_truth(ordered, predicted, labels)
    identity = {"stage": "imported", "files": [sha256_file(path) for path in files]}
    every: PredictionRow = {
        "dataset": dataset,
        "model": model,
        "protocol": protocol,
        "status": "ok",
        "recipe_hash": recipe_hash(identity | {"model": model, "protocol": protocol}),
    }
    columns = scored_columns(ordered, predicted, labels)
    rows: list[PredictionRow] = [
        {
            **every,
            "key": one.key,
            "corruption": one.corruption,
            "severity": one.severity,
            "label_id": label,
            **scores,
        }
        for one, label, scores in zip(ordered, labels, columns, strict=True)
    ]
    manifest.write(target, rows, schemas.PREDICTIONS)
    counts = {key: 0 for key in clips}
    for one in ordered:
        counts[one.key] += 1
    return Imported(
        path=target,
        answers=len(ordered),
        cells=len(grid),
        listed=len(clips),
        everywhere=sum(count == len(grid) for count in counts.values()),
        unknown=sum(one is None for one in predicted),
        has_scores=ordered[0].logits is not None,
        has_confidence=ordered[0].confidence is not None,
    )


def _check_name(model: str, target: Path, params: Params, dataset: str, force: bool) -> None:
    if not model or not all(one.isascii() and (one.isalnum() or one in "_-") for one in model):
        raise SettingsError(
            f"--model: unusable name (got {model!r}); use A-Z a-z 0-9 _ - for the leaderboard."
        )
    if model in params.models.get(dataset, {}):
        raise SettingsError(
            f"--model: is a model of params.yaml, models.{dataset} (got {model!r}); choose another "
            "name."
        )
    if target.is_file() and not force:
        raise SettingsError(f"{target}: exists; replace it with --force or choose another --model.")


def _check_grid(
    answers: Sequence[Answer],
    clips: dict[str, int],
    grid: Sequence[Cell],
    paths: DatasetPaths,
    *,
    common: bool,
) -> None:
    """Raise SettingsError for answers outside the grid, duplicated ones and cells without any.

    For `common` accounting also if no clip has an answer in every cell.
    """
    cells = set(grid)
    _refuse(
        [one for one in answers if (one.corruption, one.severity) not in cells],
        lambda one: f"{one.corruption} {one.severity}",
        "cells that params.yaml does not list",
        "add them to corruptions and severities there, or leave these rows out"
        f"{did_you_mean(_odd(answers, cells), {name for name, _ in grid})}",
    )
    _refuse(
        [one for one in answers if one.key not in clips],
        lambda one: one.key,
        f"clips that {paths.clips} does not list in the evaluated split",
        "keys are those of its column `key`",
    )
    seen: set[tuple[str, int, str]] = set()
    twins = []
    for one in answers:
        place = (one.corruption, one.severity, one.key)
        if place in seen:
            twins.append(one)
        seen.add(place)
    _refuse(
        twins,
        lambda one: f"{one.key} in {one.corruption} {one.severity}",
        "duplicated answers",
        "give one per clip and cell, and the answers of one model at a time",
    )
    keys: dict[Cell, set[str]] = {cell: set() for cell in grid}
    for one in answers:
        keys[one.corruption, one.severity].add(one.key)
    empty = [f"{name} {severity}" for (name, severity), some in keys.items() if not some]
    if empty:
        shown = f"{', '.join(empty[:5])}{', ...' if len(empty) > 5 else ''}"
        raise SettingsError(
            f"{_file(answers)}: {len(empty)} of {len(grid)} cells have no answer (got none for "
            f"{shown}); import all files of the model at once, or name its corruptions and "
            "severities in params.yaml."
        )
    if common and not set.intersection(*keys.values()):
        raise SettingsError(
            f"{_file(answers)}: no clip has an answer in every cell; the cells must be answered "
            "for the same clips."
        )


def _file(answers: Sequence[Answer]) -> str:
    """Return the file of the first answer."""
    return answers[0].where.rpartition(", ")[0]


def _odd(answers: Sequence[Answer], cells: set[Cell]) -> str:
    names = (one.corruption for one in answers if (one.corruption, one.severity) not in cells)
    return next(names, "")


def _refuse(wrong: Sequence[Answer], shown: Callable[[Answer], str], what: str, hint: str) -> None:
    if wrong:
        raise SettingsError(
            f"{wrong[0].where}: {len(wrong)} rows are of {what} (got {quoted(shown(wrong[0]))}); "
            f"{hint}."
        )


def _check_labels(answers: Sequence[Answer], clips: dict[str, int], classes: ClassReader) -> None:
    """Raise SettingsError if a file states another class of a clip than the annotations."""
    for one in answers:
        if one.label is not None:
            stated = classes.index(one.label)
            if stated != clips[one.key]:
                raise SettingsError(
                    f"{one.where}: label of {one.key} is {quoted(one.label)}, not the class of "
                    f"this clip, {classes.names[clips[one.key]]!r}; the file is of other "
                    "annotations or another class list."
                )


def _check_complete(answers: Sequence[Answer], name: str, has: Callable[[Answer], bool]) -> None:
    """Raise SettingsError if some answers have a value that others lack."""
    lacking = [one for one in answers if not has(one)]
    if lacking and len(lacking) < len(answers):
        raise SettingsError(
            f"{lacking[0].where}: {len(lacking)} of {len(answers)} rows have no {name}; give it in "
            "every row, or leave the column out."
        )


def _check_not_the_truth(
    answers: Sequence[Answer], predicted: Sequence[int | None], labels: Sequence[int]
) -> None:
    """Refuse a column `label` that holds the classes of the clips where answers are expected."""
    only_labels = all(one.is_from_label for one in answers)
    if only_labels and list(predicted) == list(labels):
        raise SettingsError(
            f"{_file(answers)}: label is the class of every clip in every cell; name "
            "the column with the model's answers `prediction`."
        )

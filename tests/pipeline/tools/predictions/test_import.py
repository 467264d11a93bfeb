"""Answers of other programs become rows of the leaderboard; what does not fit is one error."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import SettingsError
from pipeline.params import Params
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from pipeline.tools.predictions.imported import Imported, import_predictions
from tests.support.evaluated import GRID, RIGHT, write_tables
from tests.support.project import CLASSES, write_params

Row = dict[str, Any]


def answers(wrong: bool = True) -> list[Row]:
    """The answers of tests/support/evaluated.py: 5 clips in 5 cells, clip 4 not in fog 5."""
    return [
        {
            "key": f"clip{n}",
            "corruption": corruption,
            "severity": severity,
            "label": CLASSES[n % 2],
            "prediction": CLASSES[n % 2 if right[n] == "1" or not wrong else 1 - n % 2],
        }
        for (corruption, severity), right in RIGHT.items()
        for n in range(5)
        if (corruption, severity, n) != ("fog", 5, 4)
    ]


def with_logits(row: Row) -> Row:
    best = CLASSES.index(row["prediction"])
    return row | {"logits": [2.0 if one == best else 0.5 for one in range(2)]}


def write(path: Path, rows: list[Row]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.fixture
def params(tmp_path: Path) -> Params:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    return params


def run(root: Path, params: Params, rows: list[Row], name: str = "x.csv", **more: Any) -> Imported:
    return import_predictions(
        [write(root / name, rows)], params, root, "demo", more.pop("model", "theirs"), **more
    )


def values(root: Path, model: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "report/metrics.json").read_text())["demo"][model]
    return found


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.jsonl"])
def test_every_format_gives_the_same_predictions(tmp_path: Path, params: Params, name: str) -> None:
    found = run(tmp_path, params, [with_logits(row) for row in answers()], name)
    assert (found.answers, found.cells, found.listed, found.everywhere) == (24, 5, 6, 4)
    rows = manifest.read_rows(found.path, schemas.PREDICTIONS)
    first = rows[0]
    assert (first["key"], first["corruption"], first["severity"]) == ("clip0", "clean", 0)
    assert (first["top5"], first["correct1"], first["correct5"]) == ([0, 1], True, True)
    probability = float(np.exp(2) / (np.exp(2) + np.exp(0.5)))
    assert first["confidence"] == pytest.approx(probability)
    assert first["nll"] == pytest.approx(-np.log(probability))


def test_the_report_ranks_imported_answers_like_its_own(tmp_path: Path, params: Params) -> None:
    found = run(tmp_path, params, answers(), protocol="benchmark")
    assert not found.has_scores
    report(params, tmp_path)
    ours, theirs = (values(tmp_path, model) for model in ("tiny_r2plus1d", "theirs"))
    for name in ("clean_top1", "mpc", "mpc_ci95", "rpc", "rpc_ci95", "cells", "num_clips"):
        assert theirs[name] == ours[name], name
    assert (theirs["num_clips"], theirs["num_clips_listed"]) == (4, 6)
    lines = list(csv.DictReader((tmp_path / "report/leaderboard.csv").open()))
    assert {(row["model"], row["mpc"], row["source"]) for row in lines} == {
        ("tiny_r2plus1d", f"{ours['mpc']:.4f}", "this run"),
        ("theirs", f"{ours['mpc']:.4f}", "imported predictions"),
    }
    page = (tmp_path / "report/index.html").read_text()
    assert '<th scope="row">theirs</th>' in page


def test_what_answers_do_not_hold_is_not_available(tmp_path: Path, params: Params) -> None:
    run(tmp_path, params, answers())
    sure = [row | {"confidence": 0.75} for row in answers()]
    assert run(tmp_path, params, sure, model="sure").has_confidence
    run(tmp_path, params, [with_logits(row) for row in answers()], "x.jsonl", model="full")
    report(params, tmp_path)
    plain, sure_of_it, full = (values(tmp_path, model) for model in ("theirs", "sure", "full"))
    assert plain["clean_top5"] is None
    assert full["clean_top5"] == 100
    scores = {name: {"ece", "nll", "brier", "aurc"} & {
        key for key, value in one["measures"].items() if value is not None
    } for name, one in (("plain", plain), ("sure", sure_of_it), ("full", full))}  # fmt: skip
    assert scores == {
        "plain": set(),
        "sure": {"ece", "aurc"},
        "full": {"ece", "nll", "brier", "aurc"},
    }
    for one in (plain, sure_of_it, full):
        assert one["measures"]["flip_rate"] is not None
    assert plain["protocol"] == "protocol not stated"
    page = (tmp_path / "report/index.html").read_text()
    assert "sees the clips in another way (protocol not stated)" in page


def test_a_dataset_without_models_of_its_own_is_reported(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID, train={"demo": {}})
    params = params.model_copy(update={"models": {**params.models, "demo": {}}})
    write_tables(tmp_path, params)
    for name in ("clean", "fog", "rain", "predictions/tiny_r2plus1d"):
        (tmp_path / f"manifests/demo/{name}.parquet").unlink()
    run(tmp_path, params, answers(), protocol="benchmark")
    report(params, tmp_path)
    assert values(tmp_path, "theirs")["num_clips"] == 4
    page = (tmp_path / "report/index.html").read_text()
    assert "no imported answer" in page


def samples(kind: str, wrong: str) -> list[Row]:
    """Samples as lmms-eval logs them for the tasks of `export lmms_eval`."""
    choices = list(CLASSES[::-1])
    rows = []
    for number, row in enumerate(answers()):
        letter = "AB"[choices.index(row["prediction"])]
        answer = letter if kind == "choice" else row["prediction"]
        document = {name: row[name] for name in ("key", "corruption", "severity", "label")}
        document |= {"question": "?", "answer": "?", "choices": choices if kind == "choice" else []}
        rows.append(
            {
                "doc_id": number,
                "doc": document,
                "target": "?",
                "resps": [[answer]],
                "filtered_resps": [wrong if number == 3 else answer],
                "exact_match": 1.0,
            }
        )
    return rows


@pytest.mark.parametrize(("kind", "wrong"), [("choice", "[invalid]"), ("label", "I cannot say")])
def test_samples_of_lmms_eval_are_answers(
    tmp_path: Path, params: Params, kind: str, wrong: str
) -> None:
    found = run(tmp_path, params, samples(kind, wrong), "x.jsonl")
    assert (found.answers, found.unknown) == (24, 1)
    assert "1 answers are not a class and count as wrong." in found.sentences()
    rows = manifest.read_rows(found.path, schemas.PREDICTIONS)
    expected = [RIGHT[row["corruption"], row["severity"]][int(row["key"][4:])] for row in rows]
    assert [row["correct1"] for row in rows] == [
        one == "1" and index != 3 for index, one in enumerate(expected)
    ]


def write_samples(folder: Path, kind: str) -> list[Path]:
    """Write tasks as `export lmms_eval` and samples as lmms-eval 0.7 does: without documents."""
    (folder / "lmms_eval/val").mkdir(parents=True)
    found: dict[str, list[Row]] = {}
    for row in samples(kind, "?"):
        document = row["doc"]
        name = f"demo_{document['corruption']}-{document['severity']}_{kind}"
        found.setdefault(name, []).append(row)
    files = []
    for name, rows in found.items():
        documents = [row["doc"] | {"answer": row["target"]} for row in rows]
        write(folder / f"lmms_eval/val/{name}.jsonl", documents)
        logged = [
            {
                "doc_id": number,
                "target": row["target"],
                "filtered_resps": row["filtered_resps"][0],
                "input": f"<video> {row['doc']['question']}",
                "doc_hash": "0",
            }
            for number, row in reversed(list(enumerate(rows)))
        ]
        files.append(write(folder / f"20261128_062120_samples_{name}.jsonl", logged))
    return files


@pytest.mark.parametrize("kind", ["choice", "label"])
def test_samples_without_documents_are_those_of_the_exported_tasks(
    tmp_path: Path, params: Params, kind: str
) -> None:
    files = write_samples(tmp_path, kind)
    tasks = tmp_path / "lmms_eval"
    found = import_predictions(files, params, tmp_path, "demo", "theirs", tasks=tasks)
    rows = manifest.read_rows(found.path, schemas.PREDICTIONS)
    expected = [RIGHT[row["corruption"], row["severity"]][int(row["key"][4:])] for row in rows]
    assert [row["correct1"] for row in rows] == [
        one == "1" and index != 3 for index, one in enumerate(expected)
    ]


def test_samples_of_another_export_are_refused(tmp_path: Path, params: Params) -> None:
    files = write_samples(tmp_path, "choice")
    tasks = tmp_path / "lmms_eval"
    with pytest.raises(SettingsError, match="do not name their clips; .*--tasks"):
        import_predictions(files, params, tmp_path, "demo", "theirs")
    path = tasks / "val/demo_fog-1_choice.jsonl"
    documents = [json.loads(line) for line in path.read_text().splitlines()]
    write(path, [one | {"question": "another"} for one in documents])
    with pytest.raises(SettingsError, match="document 4 of the exported task has another question"):
        import_predictions(files, params, tmp_path, "demo", "theirs", tasks=tasks)
    write(path, documents[:2])
    with pytest.raises(SettingsError, match="document 4 of the exported task"):
        import_predictions(files, params, tmp_path, "demo", "theirs", tasks=tasks)
    path.unlink()
    with pytest.raises(SettingsError, match="0 files demo_fog-1_choice.jsonl"):
        import_predictions(files, params, tmp_path, "demo", "theirs", tasks=tasks)


def changed(number: int, **columns: Any) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        return [row | columns if index == number else row for index, row in enumerate(rows)]

    return change


def without(*names: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [
        {key: value for key, value in row.items() if key not in names} for row in rows
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed(2, corruption="fogg"), r"x.csv, line 4: 1 rows are of cells .*'fogg 0'.*'fog'"),
        (changed(7, severity=3), "line 9: 1 rows are of cells that params.yaml does not list"),
        (changed(2, severity="high"), "line 4: severity is 'high'; it must be a whole number"),
        (
            changed(2, key="clip9"),
            r"1 rows are of clips that .*clips.parquet does not list",
        ),
        (changed(2, key="other"), r"line 4: 1 rows are of clips .* \(got 'other'\)"),
        (changed(2, key="clip1"), r"duplicated answers \(got 'clip1 in clean 0'\)"),
        (changed(2, prediction="jumping"), "line 4: prediction is 'jumping', not a class"),
        (changed(2, prediction=2), "line 4: prediction is '2', not a class"),
        (changed(2, label=CLASSES[1]), "label of clip2 is 'moving right', not the class of this"),
        (without("key"), "columns are missing .*needed are key, corruption, severity"),
        (without("label", "prediction"), "one of prediction, logits and label"),
        (lambda rows: rows[:-5], "1 of 5 cells have no answer .*none for rain 5"),
        (lambda rows: rows[4:], "no clip has an answer in every cell"),
        (lambda rows: rows[:0], "has no row"),
        (changed(2, key=""), "line 4: key or corruption is empty"),
    ],
)
def test_what_does_not_fit_the_grid_is_one_error_and_nothing_is_written(
    tmp_path: Path, params: Params, change: Callable[[list[Row]], list[Row]], words: str
) -> None:
    rows = change(answers())
    path = write(tmp_path / "x.csv", rows or answers())
    if not rows:
        path.write_text("key,corruption,severity,prediction\n")
    with pytest.raises(SettingsError, match=words):
        import_predictions([path], params, tmp_path, "demo", "theirs")
    assert not (tmp_path / "manifests/results").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed(2, confidence=1.5), "line 3: confidence is 1.5; it must be in 0..1"),
        (changed(2, confidence=0.5), "23 of 24 rows have no confidence"),
        (changed(2, logits=[1.0]), r"line 3: wrong number of logits \(got 1\); there are 2"),
        (changed(2, logits=[0.0, 1.0]), "but the logits are largest for 'moving right'"),
        (changed(2, logits=[0.0, float("nan")]), "line 3: logits are .*finite numbers"),
    ],
)
def test_wrong_scores_are_refused(
    tmp_path: Path, params: Params, change: Callable[[list[Row]], list[Row]], words: str
) -> None:
    rows = answers() if "confidence" in words else [with_logits(row) for row in answers()]
    with pytest.raises(SettingsError, match=words):
        run(tmp_path, params, change(rows), "x.jsonl")


def test_strict_accounting_needs_no_clip_in_every_cell(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID, evaluate={"accounting": "strict"})
    write_tables(tmp_path, params)
    found = run(tmp_path, params, answers()[4:])
    assert (found.answers, found.everywhere) == (20, 0)


def test_the_classes_of_the_clips_are_not_taken_for_answers(tmp_path: Path, params: Params) -> None:
    with pytest.raises(SettingsError, match="label is the class of every clip in every cell"):
        run(tmp_path, params, without("prediction")(answers()))
    real = [row | {"label": row["prediction"]} for row in answers()]
    assert run(tmp_path, params, without("prediction")(real)).answers == 24


def test_names_are_unique_and_replaced_only_with_force(tmp_path: Path, params: Params) -> None:
    run(tmp_path, params, answers())
    with pytest.raises(SettingsError, match="exists; replace it with --force"):
        run(tmp_path, params, answers())
    run(tmp_path, params, answers(), force=True)
    with pytest.raises(SettingsError, match="is a model of params.yaml, models.demo"):
        run(tmp_path, params, answers(), model="tiny_r2plus1d")
    with pytest.raises(SettingsError, match=r"unusable name \(got 'a/b'\)"):
        run(tmp_path, params, answers(), model="a/b")
    path = tmp_path / "manifests/results/predictions/demo/theirs.parquet"
    path.rename(path.with_stem("tiny_r2plus1d"))
    with pytest.raises(SettingsError, match="also a model of params.yaml"):
        report(params, tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.xlsx", "", r"unknown format \(got '.xlsx'\)"),
        ("x.parquet", "text", "cannot be read as Parquet"),
        ("x.jsonl", "{", "line 1: invalid JSON"),
        ("x.jsonl", "[1]", "line 1: is .*; it must be an object"),
        (
            "x.jsonl",
            '{"doc": {"key": "a"}, "filtered_resps": ["A"]}',
            "its document lacks key, corrup",
        ),
    ],
)
def test_files_that_are_no_answers(
    tmp_path: Path, params: Params, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=words):
        import_predictions([tmp_path / name], params, tmp_path, "demo", "theirs")

"""Leaderboard: order, formats, and rows without intervals."""

import csv
import io
from typing import Any

import pytest

from pipeline.stages.report import leaderboard
from pipeline.stages.report.result import Adaptation, Metric, Result

OURS: dict[str, Any] = {
    "clean_top1": 75.0,
    "clean_top5": 100.0,
    "mpc": 37.5,
    "mpc_ci95": [20.0, 55.0],
    "rpc": None,
    "rpc_ci95": [None, None],
    "set": "custom",
    "rank_ci95": [1, 2],
    "num_clips": 4,
    "num_clips_listed": 6,
    "accounting": "common",
}


def rows() -> list[leaderboard.Row]:
    values = {"demo": {"ours": OURS, "better": OURS | {"mpc": 40.0}}, "another": {"ours": OURS}}
    return leaderboard.ranked(leaderboard.our_rows(values))


def test_best_mpc_first_within_a_dataset() -> None:
    assert [(row["dataset"], row["model"]) for row in rows()] == [
        ("another", "ours"),
        ("demo", "better"),
        ("demo", "ours"),
    ]


def test_csv_has_four_decimals_and_empty_cells_for_missing_numbers() -> None:
    _, _, last = csv.DictReader(io.StringIO(leaderboard.as_csv(rows())))
    assert (last["mpc"], last["mpc_low"], last["mpc_high"]) == ("37.5000", "20.0000", "55.0000")
    assert (last["rpc"], last["mce"], last["source"]) == ("", "", "this run")


def test_markdown_marks_missing_numbers() -> None:
    line = leaderboard.as_markdown(rows()).splitlines()[-1]
    assert line == "| demo | ours | 75.0 | 37.5 (20.0–55.0) | - | 4 | custom | this run |"


@pytest.mark.parametrize(("number", "title"), [(0, "another"), (1, "demo")])
def test_one_table_per_dataset(number: int, title: str) -> None:
    table = leaderboard.as_tables(rows())[number]
    assert table.title == f"Robustness on {title}"
    assert table.caption == "top-1 in %; N clips of 6 listed, common accounting"


def adapted() -> list[leaderboard.Row]:
    """The rows above with two results of models that adapt, better than all others."""
    results = [
        Result(
            schema_version=2,
            dataset="demo",
            model="ours",
            source="them",
            clean_top1=90,
            num_clips=4,
            accounting="common",
            cells={"fog": {"1": mpc}},
            adaptation=Adaptation(method="<b>Tent|</b>", batch_size=16, reset=reset),
            metrics={"mpc": Metric(value=mpc, ci95=(mpc - 5, mpc + 5))},
        )
        for mpc, reset in ((70, "cell"), (80, "never"))
    ]
    return leaderboard.ranked([*rows(), *leaderboard.added_rows(results)])


def test_models_that_adapt_are_ranked_apart() -> None:
    found = [(row["model"], row["mpc"]) for row in adapted() if row["dataset"] == "demo"]
    method = "ours + <b>Tent|</b>"
    assert found == [("better", 40.0), ("ours", 37.5), (method, 80.0), (method, 70.0)]
    titles = [table.title for table in leaderboard.as_tables(adapted())]
    assert titles[1:] == ["Robustness on demo", f"{titles[1]}, adapted to the corrupted clips"]
    table = csv.DictReader(io.StringIO(leaderboard.as_csv(adapted())))
    sentences = [row["adaptation"] for row in table]
    assert sentences[-2:] == [
        f"<b>Tent|</b>, batch size 16, reset: {reset}" for reset in ("never", "cell")
    ]
    assert set(sentences[:-2]) == {""}
    assert "adaptation" not in leaderboard.as_csv(rows())


def test_markdown_lists_models_that_adapt_in_a_table_of_their_own() -> None:
    text = leaderboard.as_markdown(adapted())
    plain, apart = text.split("Models that adapt to the corrupted clips, ranked apart:")
    assert "Tent" not in plain
    assert "80.0 (75.0–85.0)" in apart
    assert "<b>" not in text
    assert r"Tent\|" in apart
    assert "reset: never" in apart

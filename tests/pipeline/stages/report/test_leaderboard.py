"""Leaderboard: order, formats, and rows without intervals."""

import csv
import io
from typing import Any

import pytest

from pipeline.stages.report import leaderboard

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

"""Text of other people is shown as it is, in every format, and never interpreted."""

import csv
import io
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.table import Table

from pipeline.cli import app as application
from pipeline.cli.tables import clip_table
from pipeline.cli.terminal import open_console
from pipeline.io.escaping import for_csv, for_markdown, for_terminal
from pipeline.stages.report.leaderboard import as_tables
from pipeline.stages.report.report import report
from pipeline.stages.report.submissions import add_result
from pipeline.tools.verify.findings import Discrepancy, Findings
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params

HOSTILE = {
    "html": "<script>alert(1)</script>",
    "entity": "&lt;b&gt;",
    "pipe": "a | b | c",
    "link": "[free money](https://example.org/x)",
    "bare link": "see https://example.org/x",
    "image": "![x](https://example.org/track.png)",
    "formula": '=cmd|"/c calc"!A1',
    "plus": "+1+1",
    "at": "@SUM(A1)",
    "minus": "-1+1",
    "escape code": "\x1b[2J\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "c1": "\x9b31m",
    "line ends": "a\n| fake | row |\r\nb",
    "direction": "\u202egnp.exe",
    "code": "`x` *b* _i_ ~s~ $m$",
    "backslash": "\\| \\[",
    "markup of rich": "[red]x[/red] [link=https://example.org]y[/link]",
    "surrogate": "\udcff",
}

STORED = [text for text in HOSTILE.values() if text != HOSTILE["surrogate"]]
"""Without text that is not UTF-8, which no JSON or Parquet file holds."""

hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def controls(text: str) -> list[str]:
    """Control codes, but for line ends and tabs."""
    return re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


def rendered(show: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    show()
    captured = capsys.readouterr()
    return captured.out + captured.err


@hostile
def test_the_terminal_gets_no_control_code(text: str) -> None:
    assert controls(for_terminal(text)) == []
    assert for_terminal("Größe 東京 🎬") == "Größe 東京 🎬"


@hostile
def test_a_spreadsheet_finds_no_formula(text: str) -> None:
    stored = io.StringIO()
    csv.writer(stored).writerow([for_csv(text).encode(errors="replace").decode(), "x"])
    ((cell, other),) = csv.reader(io.StringIO(stored.getvalue()))
    assert other == "x"
    assert cell[0] not in "=+-@\t\r"


@hostile
def test_markdown_has_one_cell_with_the_text(text: str) -> None:
    cell = for_markdown(text)
    assert "\n" not in cell
    assert "<" not in cell
    assert re.search(r"(?<!\\)(\\\\)*[|`\[\]*_]", cell) is None
    assert not re.search(r"https?:", cell)


@hostile
def test_messages_tables_and_logs_on_the_terminal(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = Findings()
    findings.add([Discrepancy("fog 3", "wrong hash", "clip", text)])
    rows = [{"dataset": "demo", "split": "val", "status": "broken", "reason": text}]
    shown: list[Table] = [findings.table()]
    if text in STORED:
        shown.append(clip_table(rows))
    for table in shown:
        output = rendered(lambda table=table: open_console().print(table), capsys)
        assert controls(output) == []
    assert controls(rendered(lambda: application._say(text), capsys)) == []
    handler = application.RichHandler(console=open_console(stderr=True), show_path=False)
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s", (text,), None)
    assert controls(rendered(lambda: handler.emit(record), capsys)) == []


def test_names_of_files_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of downloads end in `[id].mp4`, which other consoles take for a style."""
    for name in ("foggy [dqw4w9wgxcq].mp4", "a:cat:.mp4", "[/x].mp4", "\\[red]"):
        assert rendered(lambda name=name: open_console().print(name), capsys) == f"{name}\n"


@hostile
def test_text_in_a_terminal_table_is_not_markup(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = Findings()
    findings.add([Discrepancy("fog 3", "kind", "clip", text)])
    output = rendered(lambda: open_console().print(findings.table()), capsys)
    letters = re.sub(r"[^a-z]", "", text)
    assert letters in re.sub(r"[^a-z]", "", output)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report with one external result per hostile text."""
    root = tmp_path_factory.mktemp("reported")
    params = write_params(root, **GRID)
    write_tables(root, params)
    for number, text in enumerate(STORED):
        submitted = {
            "schema_version": 1,
            "dataset": "demo",
            "model": f"theirs{number}",
            "source": text,
            "clean_top1": 80.0,
            "num_clips": 6,
            "accounting": "common",
            "cells": {"fog": dict.fromkeys("12345", 50.0), "rain": dict.fromkeys("12345", 60.0)},
        }
        (root / "theirs.json").write_text(json.dumps(submitted))
        add_result(root / "theirs.json", root)
    report(params, root)
    return root / "report"


def test_the_csv_of_the_report_has_no_formula(reported: Path) -> None:
    text = (reported / "leaderboard.csv").read_text()
    assert controls(text) == []
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 1 + len(STORED)
    assert not [row for row in rows if row["source"].startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_markdown_of_the_report_has_a_line_per_model(reported: Path) -> None:
    text = (reported / "leaderboard.md").read_text()
    assert controls(text) == []
    assert "<" not in text
    assert len(text.splitlines()) == 3 + len(STORED)
    for line in text.splitlines():
        assert len(re.findall(r"(?<!\\)\|", line.replace("\\\\", ""))) == 9


def test_the_page_of_the_report_has_no_element_of_theirs(reported: Path) -> None:
    page = (reported / "index.html").read_text()
    assert "theirs0" in page
    assert "<script>alert" not in page
    assert '<a href="https://example.org' not in page


def test_a_long_name_cuts_no_number_of_the_leaderboard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    row = {
        "dataset": "mini_kinetics", "model": "a_model_with_a_very_long_name_of_its_own",
        "clean_top1": 100.0, "mpc": 100.0, "mpc_low": 99.9, "mpc_high": 100.0, "rpc": 100.0,
        "rpc_low": 100.0, "rpc_high": 100.1, "num_clips": 10000, "set": "paper12",
        "source": "this run", "accounting": "common",
    }  # fmt: skip
    (table,) = as_tables([row])
    lines = rendered(lambda: open_console().print(table), capsys).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("100.0 (99.9–100.0)" in line and "100.0 (100.0–100.1)" in line for line in lines)
    assert any("10000" in line for line in lines)

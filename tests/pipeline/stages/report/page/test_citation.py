"""LaTeX table and BibTeX entry: content, escapes, and balanced braces."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.params import Params
from pipeline.stages.report.evaluated import Evaluated, read_evaluated
from pipeline.stages.report.page.citation import bibtex, latex, latex_table
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params

ROW: dict[str, Any] = {
    "model": "tiny_r2plus1d",
    "clean_top1": 75.0,
    "mpc": 37.5,
    "mpc_low": 20.0,
    "mpc_high": 55.04,
    "rpc": None,
    "rank_best": 1,
    "rank_worst": 3,
}


@pytest.fixture
def run(tmp_path: Path) -> tuple[Evaluated, Params]:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params, scores=True)
    return read_evaluated("demo", params, DatasetPaths(tmp_path, "demo")), params


def test_letters_that_latex_interprets_are_escaped() -> None:
    assert latex(r"50 % of a_b & {c}^\d") == (
        r"50 \% of a\_b \& \{c\}\textasciicircum{}\textbackslash{}d"
    )


def test_table_rows(run: tuple[Evaluated, Params]) -> None:
    results, params = run
    external = {"model": "their & net", "clean_top1": 80.0, "mpc": 60.0, "rpc": 75.0, "file": "a"}
    same_name = ROW | {"file": "b", "rank_best": None, "rank_worst": None}
    text = latex_table(results, [ROW, external, same_name], "custom", params)
    lines = text.splitlines()
    assert r"    tiny\_r2plus1d & 75.0 & 37.5 & 20.0--55.0 & -- & 1--3 & 50.0 & 47.5 \\" in lines
    assert r"    their \& net & 80.0 & 60.0 & -- & 75.0 & -- & -- & -- \\" in lines
    # A result of another source has its own interval, and no metric of the model of its name.
    assert r"    tiny\_r2plus1d & 75.0 & 37.5 & 20.0--55.0 & -- & -- & -- & -- \\" in lines
    assert [line.strip() for line in lines if "rule" in line] == [
        r"\toprule", r"\midrule", r"\bottomrule"
    ]  # fmt: skip
    assert r"N = 4 clips (common accounting)" in text
    columns = {line.count("&") - line.count(r"\&") for line in lines if line.endswith(r"\\")}
    assert columns == {7}
    assert r"\begin{tabular}{lrrrrrrr}" in text


def test_a_range_is_stated_where_models_differ_in_clips(run: tuple[Evaluated, Params]) -> None:
    results, params = run
    (name, one), *_ = results.summaries.items()
    fewer = replace(one, num_clips=3)
    two = replace(results, summaries={name: one, "other": fewer})
    assert "N = 3 to 4 clips" in latex_table(two, [ROW], "custom", params)
    assert "N = 3 to 4 of 6 listed clips" in bibtex(two, "custom", params, "0" * 16)


def test_bibtex_states_what_a_number_needs(run: tuple[Evaluated, Params]) -> None:
    results, params = run
    text = bibtex(results, "custom", params, "0123456789abcdef")
    assert text.startswith("@misc{video-corruptions-demo-01234567,")
    for words in (
        "Corruption set custom, severities 1, 5, dialect ours, seed 0",
        "N = 4 of 6 listed clips (common accounting)",
        "32 frames, uniform, short side 48, centre crop 40",
        "recipes 0123456789abcdef",
        "video-corruptions, version",
        "key = {video-corruptions},",  # an entry without author is sorted by it
    ):
        assert words in text
    assert text.count("{") == text.count("}")

"""The page's HTML: tables and values, read without a browser."""

import json
import re
from pathlib import Path
from typing import Any

from pipeline.stages.report.report import report
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


def page_values(root: Path) -> dict[str, Any]:
    """Values of the demo for the page's scripts."""
    text = (root / "report/index.html").read_text()
    found = re.search(r'id="values">(.*?)</script>', text)
    assert found
    values: dict[str, Any] = json.loads(found[1])["demo"]
    return values


def test_the_page_accounts_for_every_clip(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    assert "1 x no file" in text
    assert "4 of 6 listed clips" in text
    assert "1 x broken &lt;i&gt;after&lt;/i&gt; 3 frames" in text
    assert page_values(tmp_path)["clips"] == []  # the shards are not here


def test_published_rows_are_in_the_tables(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    (tmp_path / "manifests/leaderboards.csv").write_text(
        "dataset,approach,backbone,input_length,sampling,clean_top1,mpc,rpc,source,set\n"
        "demo,A & B,ResNet-50,32,uniform,70.5,57.7,81.8,published leaderboard,not known\n"
        "other,C,ResNet-50,32,uniform,73.0,59.2,81.1,published leaderboard,not known\n"
    )
    report(params, tmp_path)
    text = (tmp_path / "report/index.html").read_text()
    ours, others = text.split("<h2>Published results</h2>")
    assert '<tr class="published"><th scope="row">A &amp; B</th>' in ours
    assert "not known" in ours
    assert '<th scope="row">C</th>' in others
    assert '<th scope="row">C</th>' not in ours

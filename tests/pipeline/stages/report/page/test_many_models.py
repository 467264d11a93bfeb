"""The page of 14 models in a real browser: styles, chance, columns, print and saved files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page, ViewportSize

from pipeline.params import load
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from tests.support.browser import open_page
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params

MODELS = (
    *(f"model{number}" for number in range(1, 13)),
    "videomae_vit_large_patch16_224_kinetics400",
    "org--checkpoint-of-a-hub_ema_fp16",
)
A4 = ViewportSize(width=703, height=1017)
"""A4 within the margins of the page's print styles, in CSS pixels."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 14 models; the first one is always right, so that it is never near chance."""
    root = tmp_path_factory.mktemp("many")
    models = {name: {"model": "tiny_r2plus1d", "weights": "w.pt"} for name in MODELS}
    write_params(root, **GRID)
    values = yaml.safe_load((root / "params.yaml").read_text())
    values["models"]["demo"] = models
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    params = load(root / "params.yaml")
    for name in MODELS:
        write_tables(root, params, name, scores=True)
    path = root / f"manifests/demo/predictions/{MODELS[0]}.parquet"
    rows = [row | {"correct1": True} for row in manifest.read_rows(path, schemas.PREDICTIONS)]
    manifest.write(path, rows, schemas.PREDICTIONS)
    report(params, root)
    return root


@pytest.fixture(scope="module")
def page(browser: Browser, project: Path) -> Iterator[Page]:
    """The page, opened once; no test leaves it changed."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield (page := open_page(context, project))
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


def page_values(page: Page) -> dict[str, Any]:
    """Return the dataset's values for the scripts."""
    found: dict[str, Any] = json.loads(page.locator("#values").text_content() or "")["demo"]
    return found


def drawn(page: Page, chart: int, mark: str, element: str) -> list[dict[str, Any]]:
    """Return what is drawn in a chart of accuracy over severity: one entry per element."""
    plot = page.locator("#demo-curves .plot").nth(chart)
    found: list[dict[str, Any]] = plot.evaluate(
        """(plot, marks) => [...plot.querySelectorAll(marks)].map((one) => ({
            label: one.getAttribute("aria-label"), shape: one.getAttribute("d"),
            colour: one.getAttribute("stroke"), fill: one.getAttribute("fill"),
            dash: one.getAttribute("stroke-dasharray"), place: one.getAttribute("transform"),
        }))""",
        f".mark-{mark}.role-mark {element}",
    )
    return found


def test_lines_of_14_models_differ_with_and_without_colour(page: Page) -> None:
    models = page_values(page)["models"]
    lines = drawn(page, 1, "line", "path")
    first: dict[str, dict[str, Any]] = {}
    for point in drawn(page, 1, "symbol", "path"):
        first.setdefault(point["label"].split(",")[0], point)
    assert set(first) == set(models) == set(MODELS)
    marks = [first[name] for name in models]
    assert len({(line["colour"], line["dash"]) for line in lines}) == len(MODELS)
    colours = {line["colour"]: line["dash"] for line in lines[:8]}
    assert len(colours) == 8
    dashes = [line["dash"] for line in lines]
    assert len({(mark["shape"], dash) for mark, dash in zip(marks, dashes, strict=True)}) == 14
    signs = page.locator("#demo-curves [data-sign] svg").evaluate_all(
        "(all) => all.map((one) => one.innerHTML)"
    )
    assert len(set(signs)) == len(MODELS)


def test_chance_is_a_line_and_points_near_it_are_hollow(page: Page) -> None:
    values = page_values(page)
    card = page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--card').trim()"
    )
    assert values["chance"] == 50
    for chart, corruption in enumerate(values["corruptions"], 1):
        (chance,) = drawn(page, chart, "rule", "line")
        assert chance["place"].endswith(",75)")  # in the middle of 150 pixels
        assert chance["dash"] == "1,3"
        near = {}
        for model, one in values["models"].items():
            number = values["corruptions"].index(corruption)
            lows = [one["clean_ci95"][0], *(low for low, _ in one["cells_ci95"][number])]
            near[model] = [low <= 50 for low in lows]
        points = drawn(page, chart, "symbol", "path")
        for model in MODELS:
            mine = [point for point in points if point["label"].startswith(f"{model},")]
            assert [point["fill"] == card for point in mine] == near[model]
            assert [point["label"].endswith("near chance") for point in mine] == near[model]
        assert not any(near[MODELS[0]])
        assert any(near[MODELS[1]])
    marked = page.locator("#demo-leaderboard tbody tr", has_text="near chance")
    assert marked.count() == 13


def test_main_columns_fit_and_the_others_are_one_press_away(page: Page) -> None:
    table = page.locator("#demo-leaderboard-table")
    heading = table.get_by_text("corruption set", exact=True)
    fits = "(table) => table.scrollWidth <= table.parentElement.clientWidth"
    shown = "(table) => [...table.tHead.rows[0].cells].filter((one) => one.offsetWidth).length"
    assert table.evaluate(fits)
    assert table.evaluate(shown) == 9
    assert not heading.is_visible()
    button = page.locator("#demo-leaderboard").get_by_role("button", name="All columns")
    for pressed, columns in (("true", 12), ("false", 9)):
        button.press("Enter")
        assert button.get_attribute("aria-pressed") == pressed
        assert table.evaluate(shown) == columns
        assert heading.is_visible() == (pressed == "true")


def test_names_break_between_words_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    table = page.locator("#demo-leaderboard-table")
    assert table.evaluate("(table) => table.scrollWidth <= table.parentElement.clientWidth")
    broken = """(table) => {
        const texts = document.createTreeWalker(table, NodeFilter.SHOW_TEXT), found = [];
        while (texts.nextNode()) {
            const range = document.createRange();
            range.selectNodeContents(texts.currentNode);
            const tops = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
            if (tops.size > 1 && !/\\s/.test(texts.currentNode.data.trim()))
                found.push(texts.currentNode.data);
        }
        return found;
    }"""
    assert table.evaluate(broken) == []
    long = table.get_by_role("rowheader", name=MODELS[12])
    assert long.evaluate("(one) => one.textContent.trim()").startswith(MODELS[12])
    assert long.evaluate("(one) => one.clientHeight > 40")  # it does break
    page.set_viewport_size({"width": 1200, "height": 900})


def test_print_on_a4_cuts_nothing(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size(A4)
    cut = """(width) => [...document.querySelectorAll("main *")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width && getComputedStyle(one).position !== "absolute"
            && (box.right > width + 1 || box.left < -1);
    }).map((one) => one.outerHTML.slice(0, 200))"""
    assert page.evaluate(cut, A4["width"]) == []
    plots = page.locator(".plot")
    assert plots.count() == page.locator(".plot > svg:visible").count()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1200, "height": 900})


def test_all_figures_are_printed_before_they_were_in_view(browser: Browser, project: Path) -> None:
    """Idle time never comes here, so that only printing draws what is not in view."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.add_init_script("window.requestIdleCallback = () => {};")
    page = open_page(context, project, "html[data-ready]")
    missing = "[...document.querySelectorAll('.plot')].filter((one) => !one.firstChild).length"
    assert not page.locator("#demo-flips select").count()
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF")
    assert page.locator("#demo-flips select").count() == 2
    assert page.locator(".plot").count() == 3 + 14 + 1 + 1 + 3 + 1 + 1 + 1
    assert page.evaluate(missing) == 0
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


@pytest.mark.parametrize("section", ["curves", "calibration"])
def test_titles_of_saved_charts_are_clear_of_legends(page: Page, section: str) -> None:
    figure = page.locator(f"#demo-{section} .chart").last
    with page.expect_download() as download:
        figure.get_by_role("button", name="as SVG").click()
    texts = page.evaluate(
        """(svg) => {
            const box = document.createElement("div");
            box.innerHTML = svg;
            document.body.append(box);
            const find = (role) => [...box.querySelectorAll(`.${role}`)].map((one) => {
                const { left, right, top, bottom } = one.getBoundingClientRect();
                return { left, right, top, bottom, text: one.textContent };
            });
            const { left, right } = box.querySelector("svg").getBoundingClientRect();
            const found = [find("role-title"), find("role-legend"), left, right];
            box.remove();
            return found;
        }""",
        download.value.path().read_text(),
    )
    (title,), legends, left, right = texts
    assert title["text"] == figure.locator("figcaption span").first.inner_text()
    assert legends
    for legend in legends:
        assert legend["top"] >= title["bottom"] or legend["bottom"] <= title["top"]
        assert legend["left"] >= left
        assert legend["right"] <= right
    if section == "curves":
        assert all(any(name in legend["text"] for legend in legends) for name in MODELS)


def test_intervals_have_one_scale_in_one_place(page: Page) -> None:
    ranges = page.locator("#demo-leaderboard-table tbody td:nth-child(5) .range")
    boxes = [(box["x"], box["width"]) for one in ranges.all() if (box := one.bounding_box())]
    assert len(boxes) == len(MODELS)
    assert len(set(boxes)) == 1

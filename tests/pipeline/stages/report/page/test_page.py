"""The report's page in a real browser: headless Chromium opens it from the disk."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from pipeline import models
from pipeline.params import load
from pipeline.stages.corrupt import corrupt
from pipeline.stages.decode import decode
from pipeline.stages.evaluate.evaluate import evaluate
from pipeline.stages.filter import filter_clips
from pipeline.stages.report.evaluated import read_evaluated
from pipeline.stages.report.page import clips
from pipeline.stages.report.report import report
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.support.browser import open_page, wait_until
from tests.support.project import CLASSES, REPOSITORY, make_project, tree
from tests.support.videos import H264, make_video, moving_clip

MODELS = ("tiny_r2plus1d", "tiny_frame2d")
CORRUPTIONS = ["contrast", "frame_rate", "packet_loss"]
SEVERITIES = [1, 3, 5]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of the whole pipeline: real clips, two models with random weights."""
    root = tmp_path_factory.mktemp("page")
    params = make_project(
        root,
        corruptions=CORRUPTIONS,
        severities=SEVERITIES,
        decode={"pictures": {"demo": {"short_side": 120, "crop": 112}}},
        report={"bootstrap_resamples": 300},
        models={"demo": {name: {"weights": f"{name}.pt"} for name in MODELS}},
    )
    for number, path in enumerate(sorted((root / "data/demo/videos").glob("*val*"))):
        make_video(path, *H264, clip=moving_clip(40, seed=number))
    shutil.copy(REPOSITORY / "manifests/leaderboards.csv", root / "manifests/leaderboards.csv")
    for seed, name in enumerate(MODELS):
        torch.manual_seed(seed)
        torch.save(models.load(name).build(len(CLASSES)).state_dict(), root / f"{name}.pt")
    filter_clips(params, root, "demo")
    decode(params, root, "demo")
    for name in CORRUPTIONS:
        corrupt(params, root, "demo", name)
    evaluate(params, root, "demo")
    swap_answers(root, "contrast", 5)
    report(params, root)
    return root


def swap_answers(root: Path, corruption: str, severity: int) -> None:
    """Swap the two classes that the first model predicts in one cell: random weights never flip."""
    path = root / f"manifests/demo/predictions/{MODELS[0]}.parquet"
    rows = manifest.read_rows(path, schemas.PREDICTIONS)
    for row in rows:
        if (row["corruption"], row["severity"]) == (corruption, severity):
            row |= {"top5": row["top5"][::-1], "correct1": not row["correct1"]}
    manifest.write(path, rows, schemas.PREDICTIONS)


@pytest.fixture
def page(context: BrowserContext, project: Path) -> Iterator[Page]:
    """The open page; afterwards, no request to a network and no message on the console."""
    yield (page := open_page(context, project))
    assert page.complaints == []  # type: ignore[attr-defined]


def test_every_part_is_there(page: Page) -> None:
    assert page.locator("#demo-curves .plot svg").count() == 1 + len(CORRUPTIONS)
    assert page.locator(".heat svg").count() == len(MODELS)
    assert page.locator(".pair svg").count() == 1
    assert page.locator(".classes svg").count() == 1
    assert page.locator(".classmap svg").count() == 1
    assert page.locator(".scatter svg").count() == 1
    assert page.locator(".calibration svg").count() == 1 + len(SEVERITIES) + 1
    assert "ECE, clean" in measures(page, "calibration")
    assert "flip rate" in measures(page, "stability")
    described = page.locator(".plot[role=graphics-document]")
    assert described.count() == page.locator(".plot").count()
    for chart in described.all():
        assert "table" in (chart.get_attribute("aria-label") or "")
    assert "points of mPC" in page.locator(".verdict").inner_text()
    published = page.locator("tr.published")
    assert published.count() == 14
    assert "not known" in published.first.inner_text()
    assert "val (evaluated)" in page.locator("#demo-clips").inner_text()
    assert "dialect ours, seed 0, N = 5" in page.locator("#demo-origin pre").first.inner_text()


def test_the_leaderboard_is_sorted_with_the_keyboard(page: Page) -> None:
    table = page.locator("#demo-leaderboard-table")

    def column(number: int) -> list[str]:
        return table.locator("tbody tr").evaluate_all(
            "(rows, n) => rows.map((row) => row.cells[n].textContent.trim())", number
        )

    for number, heading, numeric in ((0, "model", False), (3, "mPC", True)):
        button = table.get_by_role("button", name=heading, exact=True)
        for rising in (not numeric, numeric):
            button.focus()
            page.keyboard.press("Enter")
            found = column(number)
            wanted = sorted(found, key=float if numeric else str, reverse=not rising)
            assert found == wanted
            state = table.locator("th[aria-sort]")
            assert state.count() == 1
            assert state.get_attribute("aria-sort") == ("ascending" if rising else "descending")


def test_the_slider_changes_the_severity_and_the_video(page: Page) -> None:
    viewer = page.locator("#demo-videos")
    video = viewer.locator("video").nth(1)
    before = video.get_attribute("src")
    viewer.get_by_label("corruption").select_option("packet_loss")
    viewer.locator("input[type=range]").focus()
    page.keyboard.press("End")
    assert viewer.locator("output").inner_text() == "severity 5"
    assert viewer.locator("figcaption").nth(1).inner_text().startswith("packet loss, severity 5")
    assert video.get_attribute("src") != before
    wait_until(page, "[...document.querySelectorAll('.viewer video')].every((v) => v.videoWidth)")
    assert "packet loss 5" in viewer.locator("table").inner_text()
    page.keyboard.press("ArrowLeft")
    assert viewer.locator("output").inner_text() == "severity 3"


def test_both_videos_play_in_sync(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    slider = page.locator("#demo-videos input[type=range]")
    slider.focus()
    for key in ("Home", "ArrowRight", "End"):  # while they play
        page.keyboard.press(key)
    times = page.evaluate(
        """async () => {
            const [clean, other] = document.querySelectorAll("video"), times = [];
            while (times.length < 90) {
                await new Promise((done) => setTimeout(done, 20));
                if (!clean.seeking && !other.seeking && !other.ended)
                    times.push([clean.currentTime, other.currentTime]);
            }
            return times;
        }"""
    )
    assert max(clean for clean, _ in times) > 0.5
    assert max(other for _, other in times) > 0.5
    apart = sorted(abs(clean - other) for clean, other in times)
    assert apart[len(apart) // 2] < 0.05
    assert apart[int(0.9 * len(apart))] < 0.15
    page.get_by_role("button", name="Pause", exact=True).click()
    assert page.locator("video").evaluate_all("(all) => all.every((one) => one.paused)")


def test_every_clip_and_cell_can_be_shown(page: Page) -> None:
    values = json.loads(page.locator("#values").text_content() or "")["demo"]
    cells = {"clean/0", *(f"{name}/{level}" for name in CORRUPTIONS for level in SEVERITIES)}
    assert len(values["clips"]) == 3
    assert all(set(clip["videos"]) == cells for clip in values["clips"])
    sizes = page.evaluate(
        """(videos) => Promise.all(videos.map((id) => new Promise((done) => {
            const video = document.createElement("video");
            video.onloadeddata = () => done(video.videoWidth);
            video.onerror = () => done(video.error.message);
            video.src = `data:video/mp4;base64,${document.getElementById(id).textContent}`;
        })))""",
        list(values["clips"][1]["videos"].values()),
    )
    assert sizes == [112] * len(cells)


def test_tables_copy_as_csv(context: BrowserContext, page: Page, project: Path) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#demo-heat summary").first.click()
    page.locator("#demo-heat").get_by_role("button", name="Copy as CSV").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    rows = list(csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert rows[0] == ["corruption", "1", "3", "5", "mean"]
    best = page.locator("#demo-heat figcaption span").first.inner_text()
    cells = json.loads((project / "report/metrics.json").read_text())["demo"][best]["cells"]
    for name, *numbers in rows[1:]:
        assert [float(value) for value in numbers[:-1]] == pytest.approx(
            list(cells[name].values()), abs=1e-3
        )


def test_no_cell_of_a_copied_table_is_a_formula(context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#demo-heat summary").first.click()
    written = ['=cmd|"/c calc"!A1', "+1+1", "+0.2 (-0.1 to +0.5)"]
    page.evaluate(
        """(texts) => texts.forEach((text, number) => {
            const [table] = document.querySelectorAll("#demo-heat table");
            table.tBodies[0].rows[number].cells[0].textContent = text;
        })""",
        written,
    )
    page.locator("#demo-heat").get_by_role("button", name="Copy as CSV").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    rows = list(csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert [row[0] for row in rows[1:4]] == [f"'{written[0]}", f"'{written[1]}", written[2]]


def test_models_can_be_left_out_and_the_theme_chosen(page: Page) -> None:
    points = "#demo-curves svg path[aria-roledescription='point']"
    before = page.locator(points).count()
    page.get_by_role("checkbox", name=MODELS[0]).uncheck()
    wait_until(page, f'document.querySelectorAll("{points}").length === {before // len(MODELS)}')
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_label("Theme").select_option("dark")
    assert page.evaluate(paper) != light


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 900), ("light", 1600)])
def test_accessible_and_fits(
    browser: Browser, project: Path, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = open_page(context, project)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture = page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert len(picture) > 50_000
    found = Axe().run(page).response["violations"]
    assert found == [], [(one["id"], one["nodes"][0]["html"]) for one in found]
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


def measures(page: Page, group: str) -> str:
    section = page.locator("#demo-measures")
    section.locator("select").select_option(group)
    return section.locator("table").first.inner_text()


def test_classes_are_searched(page: Page) -> None:
    section = page.locator("#demo-classmap")
    assert section.locator("[role=status]").inner_text() == "2 of 2 classes shown."
    search = section.get_by_label("search classes")
    search.fill("RIGHT")
    section.get_by_text("1 of 2 classes shown.").wait_for()
    section.locator("summary").click()
    assert section.locator("tbody tr").all_inner_texts()[0].startswith("moving right")
    search.fill("nothing such")
    section.get_by_text("0 of 2 classes shown.").wait_for()
    assert section.locator("svg").count() == 0


def test_clips_that_flip_are_found_and_played(page: Page) -> None:
    section = page.locator("#demo-flips")
    values = json.loads(page.locator("#values").text_content() or "")["demo"]
    corruption = values["flips"][0]["corruption"]
    assert corruption == "contrast"
    section.get_by_label("corruption of the flip").select_option(corruption)
    count = sum(flip["corruption"] == corruption for flip in values["flips"])
    section.get_by_text(f"{count} listed clips found").wait_for()
    section.get_by_role("button", name="Play").first.focus()
    page.keyboard.press("Enter")
    player = section.locator(".player")
    assert player.locator("h4").inner_text().startswith(values["flips"][0]["label"])
    wait_until(
        page, "[...document.querySelectorAll('.flips video')].every((v) => v.videoWidth === 112)"
    )
    player.get_by_role("button", name="Play", exact=True).click()
    wait_until(
        page, "[...document.querySelectorAll('.flips video')].every((v) => v.currentTime > 0.1)"
    )
    section.get_by_label("search class or clip").fill("no such clip")
    section.get_by_text("0 listed clips found").wait_for()


@pytest.mark.parametrize(("button", "start"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_charts_are_saved(page: Page, button: str, start: bytes) -> None:
    with page.expect_download() as download:
        page.locator("#demo-measures").get_by_role("button", name=f"as {button}").click()
    path = download.value.path()
    assert download.value.suggested_filename == f"clean-accuracy-and-mpc.{button.lower()}"
    assert path.read_bytes().startswith(start)


def test_tables_are_saved_as_csv(page: Page) -> None:
    with page.expect_download() as download:
        page.locator("#demo-leaderboard").get_by_role("button", name="Save CSV").first.click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text())))
    assert rows[0][:4] == ["model", "clean top-1", "clean top-5", "mPC"]
    assert page.locator("#demo-leaderboard .tag").first.inner_text() == "near chance"
    assert {row[0] for row in rows[1:]} == set(MODELS)
    ranks = page.locator("#demo-leaderboard-table tbody tr td:nth-child(6)").all_text_contents()
    rank = rows[0].index("rank")
    assert [row[rank] for row in rows[1:]] == ranks[: len(MODELS)] == ["1 to 2", "1 to 2"]


def test_severities_that_are_not_reached_are_saved_as_such(page: Page) -> None:
    section = page.locator("#demo-measures .behind")
    section.get_by_text("Half severity by corruption").click()
    with page.expect_download() as download:
        section.get_by_role("button", name="Save CSV").click()
    rows = csv.reader(io.StringIO(download.value.path().read_text()))
    cells = [cell for row in rows for cell in row]
    assert "not reached" in cells
    assert not any(cell.startswith("1000000") for cell in cells)


def test_same_bytes_every_time(project: Path) -> None:
    before = tree(project / "report")
    assert {"index.html", "figures/demo-frames.png", "figures/demo-grid.png"} <= set(before)
    report(load(project / "params.yaml"), project)
    assert tree(project / "report") == before


def test_size(project: Path) -> None:
    assert (project / "report/index.html").stat().st_size < 15_000_000


def test_videos_stay_within_their_budget(project: Path) -> None:
    root, params = project, load(project / "params.yaml")
    results = read_evaluated("demo", params, DatasetPaths(root, "demo"))
    rows = [
        row
        for name in ("clean", *CORRUPTIONS)
        for row in manifest.read_rows(DatasetPaths(root, "demo").manifest(name), schemas.CELLS)
    ]
    shown = clips.gather(results, clips.choose_clips(results), rows)

    def made(budget: int) -> list[int]:
        return [
            sum(map(len, one.values())) for one in clips.videos(shown, root, budget, params.machine)
        ]

    best = made(10**9)
    assert len(best) == len(shown) == 3
    assert made(sum(best[:2])) == best[:2]
    coarser = made(sum(best[:2]) - 1)
    assert len(coarser) >= 2
    assert sum(coarser) < sum(best[:2])
    assert made(0) == []

"""The documentation site: built without warnings, complete, without broken links."""

import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import pytest
import typer
from playwright.sync_api import sync_playwright
from typer.core import TyperGroup

import corruptions
from corruptions.registry import TABLES
from docs.site import pages as made
from docs.site import strips, tables
from pipeline.__main__ import app
from pipeline.stages.report.submissions import Result
from tests.docs.links import Page, problems
from tests.support.project import REPOSITORY

DOCS = REPOSITORY / "docs"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def sources() -> list[Path]:
    """Return the Markdown pages of the site, without those generated from the code."""
    return sorted([*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")])


def test_every_link_anchor_and_picture_is_there(pages: dict[Path, Page]) -> None:
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert problems(pages) == []


def test_the_link_checker_finds_broken_links(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="#no">x</a><a href="b.html">x</a><img src="c.png">'
        '<a href="http://example.org">x</a><p id="yes"></p><a href="#yes">x</a>'
    )
    path = (tmp_path / "a.html").resolve()
    assert len(problems({path: Page(path)})) == 4


def test_every_page_can_be_reached_from_the_first(site: Path, pages: dict[Path, Page]) -> None:
    first = (site / "index.html").resolve()
    listed = {first} | {(site / link.split("#")[0]).resolve() for link in pages[first].links}
    for source in DOCS.rglob("*.md"):
        name = source.relative_to(DOCS).with_suffix(".html")
        assert (site / name).resolve() in listed, name


@pytest.mark.parametrize("name", corruptions.names())
def test_a_corruption_has_a_page_with_its_severities(
    name: str, site: Path, pages: dict[Path, Page]
) -> None:
    corruption = corruptions.load(name)
    page = pages[(site / f"corruptions/{name}.html").resolve()]
    cells = " | ".join(page.cells)
    for table in TABLES:
        for numbers in zip(*map(made.values, corruption.levels[table]), strict=True):
            assert " | ".join(numbers) in cells, (name, numbers)
    assert sum(link.startswith("../pictures/") for link in page.links) == 6
    text = page.path.read_text()
    assert all(f'id="{part}"' in text for part in ("definition", "dialects", "source"))
    formula = name == "local_packet_loss"  # whose definition is a procedure
    assert formula or "<math" in text


def test_the_gallery_moves_and_is_small(site: Path) -> None:
    """The largest cards, those of noise, stay below 100 kB at their full size."""
    for name in corruptions.names():
        animation = cv2.imreadanimation(str(site / f"pictures/{name}-moving.webp"))[1]
        if name != "h264_low_delay":  # nothing moves in what it leaves of these small pictures
            assert len(animation.frames) > 1, name
    sizes = []
    for name in ("shot_noise", "salt_noise", "flicker"):
        moving = strips.moving_card(corruptions.load(name), strips.draw_clip(224, numbered=False))
        file = site / f"pictures/{name}-full.webp"
        strips.write_moving(file, moving)
        sizes.append(file.stat().st_size)
        file.unlink()
    assert max(sizes) < 100_000, sizes


def test_the_gallery_is_filtered_by_family_and_set_without_a_network(site: Path) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto((site / "corruptions/index.html").as_uri())
        cards = page.locator("a.card:visible")
        assert cards.count() == len(corruptions.names())
        page.select_option("select[name=set]", "tad")
        assert cards.count() == len(corruptions.SETS["tad"])
        page.select_option("select[name=set]", "paper12")
        page.select_option("select[name=family]", "temporal")
        assert [card.get_attribute("href") for card in cards.all()] == [
            "frame_rate.html",
            "motion_blur.html",
        ]
        assert page.locator("output").inner_text() == f"2 of {len(corruptions.names())}"
        browser.close()


def test_every_parameter_is_explained() -> None:
    rows = [line.split(" | ") for line in tables.parameters().splitlines() if line[:3] == "| `"]
    assert len(rows) > 60
    for key, meaning, *_ in rows:
        assert meaning, f"pipeline/settings.py: {key} has no docstring"


def test_links_and_files_of_the_readme_exist() -> None:
    text = (REPOSITORY / "README.md").read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if not target.startswith("https://"):
            assert (REPOSITORY / target.split("#")[0]).exists(), target
    for target in re.findall(r"python -m (benchmarks\.\w+)", text):
        assert (REPOSITORY / f"{target.replace('.', '/')}.py").is_file(), target


def test_the_example_of_a_result_is_accepted() -> None:
    fences = FENCE.findall((DOCS / "results.md").read_text())
    (example,) = (code for language, code in fences if language == "json")
    assert Result.model_validate_json(example).set_name == "custom"


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every command of the project in a `sh` block of the documentation."""
    for path in [REPOSITORY / "README.md", *sources()]:
        for language, code in FENCE.findall(path.read_text()):
            if language != "sh":
                continue
            for line in code.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if "pipeline" in words and words[words.index("pipeline") - 1] == "-m":
                    yield path.name, words[words.index("pipeline") + 1 :]


def test_commands_in_the_documentation_are_understood() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    found = list(commands())
    assert len(found) >= 3
    for page, (name, *words) in found:
        assert name in group.commands, (page, name)
        end = next((at for at, word in enumerate(words) if word in ("|", ">", ";", "&&")), None)
        with suppress(typer.Exit):  # raised by `--list`
            group.commands[name].make_context(name, words[:end])


def test_pages_fit_a_phone_and_show_their_pictures(site: Path) -> None:
    program = shutil.which("chromium")
    assert program, "chromium: not found; `make test` installs it, or prints its name."
    shown = ["index", "corruptions/index", "corruptions/fog", "corruptions/jumble",
             "corruptions/rain", "reference/parameters", "reference/corruptions",
             *(str(source.relative_to(DOCS).with_suffix("")) for source in sources())]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 360, "height": 800})
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        for name in shown:
            page.goto((site / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
            page.evaluate(
                "document.querySelectorAll('img').forEach((one) => one.loading = 'eager')"
            )
            page.wait_for_function("[...document.images].every((one) => one.naturalWidth > 0)")
        browser.close()
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []

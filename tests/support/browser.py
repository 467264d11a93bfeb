"""A page of the report in a real browser: headless Chromium opens it from the disk."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser, and close it in the end."""
    program = shutil.which("chromium")
    assert program, "chromium: not found; `make test` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield browser
        browser.close()


def open_page(context: BrowserContext, project: Path, until: str = "html[data-drawn]") -> Page:
    """Open a project's report; `complaints` collects what the page must not do or say."""
    page = context.new_page()
    complaints: list[str] = []
    page.complaints = complaints  # type: ignore[attr-defined]
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: _note_request(request.url, complaints))
    page.goto((project / "report/index.html").as_uri())
    page.wait_for_selector(until)
    return page


def _note_request(url: str, complaints: list[str]) -> None:
    if not url.startswith(("file:", "blob:", "data:")):
        complaints.append(f"request: {url}")


def wait_until(page: Page, expression: str) -> None:
    """Wait until an expression is true; the page's policy forbids what `wait_for_function` does."""
    end = time.monotonic() + 60
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)

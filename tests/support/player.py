"""A real browser that plays video files: headless Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import sync_playwright

PAGE = """<video muted></video><script>
  window.play = (address) => new Promise((done) => {
    const video = document.querySelector("video");
    const state = (error) => done([error, video.videoWidth, video.videoHeight, video.duration]);
    video.onerror = () => state(video.error.message || "error " + video.error.code);
    video.onended = () => state("");
    video.onloadeddata = () => { video.playbackRate = 8; video.play(); };
    video.src = address;
  });
</script>"""


class Played(NamedTuple):
    """What a player says of a file that it has played to its end."""

    error: str
    width: int
    height: int
    seconds: float


class Player:
    """An open page that plays one file after the other."""

    def __init__(self, page: object) -> None:
        self._page = page

    def play(self, path: Path) -> Played:
        """Play a file to its end."""
        found = self._page.evaluate("address => window.play(address)", path.as_uri())  # type: ignore[attr-defined]
        return Played(*found)


@contextmanager
def open_player(folder: Path) -> Iterator[Player]:
    """Open a browser at a page in `folder`."""
    program = shutil.which("chromium")
    assert program, "chromium: not found; `make test` installs it, or prints its name."
    page_file = folder / "player.html"
    page_file.write_text(PAGE)
    arguments = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=arguments)
        page = browser.new_page()
        page.goto(page_file.as_uri())
        yield Player(page)
        browser.close()

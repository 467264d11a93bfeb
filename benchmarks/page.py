"""Time until the report's page can be used, and its size: 14 models x 2 datasets x 70 cells.

    python -m benchmarks.page [--models 14] [--clips 600] [--rounds 5] [--keep FOLDER]
    python -m benchmarks.page --page report/index.html

A page with all of its videos is made from synthetic inputs (`benchmarks.synthetic_run`), or given,
and opened from the disk in headless Chromium, in a new context in every round. It can be used when
its text is painted, its script has run and the charts and videos in view are there; other charts
follow in idle time, which this program holds back until then. Printed is the best round of: the
time by the clock, which needs an idle machine to mean anything, the CPU time of the page's main
thread, which needs none, and the CPU time until everything is drawn. Exits with 1 if a limit is
exceeded.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import options
from benchmarks.synthetic_run import ROOT, Size, write_run
from corruptions.sets import SETS

SMALLEST = {"clips": 40, "models": 2, "frames": 8, "corruptions": "contrast,h265_crf", "rounds": 1}
DATASETS = ("mini_kinetics", "mini_ssv2")
WIDTH, HEIGHT = 1200, 900
LIMITS = {
    "seconds to the first paint": 1.0,
    "seconds until usable": 1.0,
    "CPU seconds until usable": 1.0,
    "CPU seconds until all is drawn": 12.0,
    "page MB": 15.0,
}
"""Times are limits of one idle core of 2.5 GHz."""

HOLD_IDLE = """{
    const later = window.requestIdleCallback.bind(window), held = [];
    window.requestIdleCallback = (work) => held.push(work);
    window.releaseIdle = () => {
        window.requestIdleCallback = later;
        held.forEach((work) => later(work));
    };
}"""
USABLE = """() => {
    const inView = (one) => {
        const { top, bottom, height } = one.getBoundingClientRect();
        return height && top < innerHeight && bottom > 0;
    };
    const parts = [...document.querySelectorAll(".plot, .viewer-body")].filter(inView);
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return document.documentElement.dataset.ready && paint && parts.every((one) => one.firstChild)
        ? [paint.startTime, performance.now()] : null;
}"""
DRAWN = "() => document.documentElement.dataset.drawn"


def make_page(folder: Path, size: Size, corruptions: str) -> Path:
    """Run the report stage on synthetic inputs; return the page."""
    write_run(folder, size, corruptions)
    params = str(folder / "params.yaml")
    command = [sys.executable, "-m", "pipeline", "report", "--params", params]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - a list, no shell
    return folder / "report/index.html"


def measure(path: Path, rounds: int) -> Iterator[list[float]]:
    """Yield the times of LIMITS in each round."""
    from playwright.sync_api import ViewportSize, sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium: not found; `make system-tests` installs it.")
    options = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=options)
        for _ in range(rounds):
            context = browser.new_context(viewport=ViewportSize(width=WIDTH, height=HEIGHT))
            yield _open(context.new_page(), path)
            context.close()
        browser.close()


def _open(page: Any, path: Path) -> list[float]:
    """Open the page; return the times of the clock and of the CPU."""
    page.add_init_script(HOLD_IDLE)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.resolve().as_uri())
    paint, usable = _wait(page, USABLE)
    until_usable = _main_thread(session)
    page.evaluate("releaseIdle()")
    _wait(page, DRAWN)
    return [paint / 1000, usable / 1000, until_usable, _main_thread(session)]


def _wait(page: Any, script: str) -> Any:
    while (found := page.evaluate(script)) is None:
        time.sleep(0.01)
    return found


def _main_thread(session: Any) -> float:
    """Return the CPU seconds of the page's main thread since it was opened."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def main() -> None:
    """Print the measurements; exit with 1 if a limit is exceeded."""
    parser = options.new_parser(__doc__)
    parser.add_argument("--page", type=Path, help="page to open; default: one that is made")
    parser.add_argument("--clips", type=int, default=600, help="number of clips")
    parser.add_argument("--models", type=int, default=14, help="number of models")
    parser.add_argument("--frames", type=int, default=50, help="frames of the stored clips")
    parser.add_argument("--corruptions", default=",".join(SETS["all14"]), help="names with commas")
    parser.add_argument("--rounds", type=int, default=5, help="number of times it is opened")
    parser.add_argument("--keep", type=Path, help="folder for the run, which is not deleted")
    chosen = options.parse(parser, SMALLEST)
    options.require("playwright", "the browser")
    with tempfile.TemporaryDirectory() as temporary:
        root = chosen.keep or Path(temporary)
        root.mkdir(exist_ok=True)
        size = Size(chosen.clips, chosen.models, chosen.frames, DATASETS)
        path = chosen.page or make_page(root, size, chosen.corruptions)
        rounds = list(measure(path, chosen.rounds))
        megabytes = path.stat().st_size / 1e6
    best = [min(some) for some in zip(*rounds, strict=True)]
    exceeded = options.print_measured([*best, megabytes], LIMITS)
    sys.exit(exceeded and not chosen.smallest)


if __name__ == "__main__":
    main()

"""Pages of the site from the guides beside the code: README, contributing, changelog, security."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

GUIDES = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
"""File of the project to its page below `reference/`."""

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:)([^)]+)\)")


def pages() -> dict[str, str]:
    """Return the pages by path, with links that lead to pages and files of the site."""
    return {
        f"reference/{page}": LINK.sub(_link, (ROOT / guide).read_text(encoding="utf-8"))
        for guide, page in GUIDES.items()
    }


def _link(found: re.Match[str]) -> str:
    picture, words, target = found.groups()
    path, _, anchor = target.partition("#")
    if path in GUIDES:
        there = GUIDES[path]
    elif path.startswith("docs/"):
        there = f"../{path.removeprefix('docs/')}"
    else:
        return f"{{download}}`{words} <../../{path}>`"
    return f"{picture}[{words}]({there}{f'#{anchor}' if anchor else ''})"

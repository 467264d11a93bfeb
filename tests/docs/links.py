"""Links and link targets of the built pages."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Page(HTMLParser):
    """Links, anchors and table cells of one HTML file."""

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    """Text of the table cells."""

    def __post_init__(self) -> None:
        super().__init__()
        self._in_cell = False
        self.feed(self.path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.add(values["id"])
        if tag in ("a", "link", "img", "script", "source"):
            self.links += [values[name] for name in ("href", "src") if name in values]
        if tag == "td":
            self._in_cell = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data


def problems(pages: dict[Path, Page]) -> list[str]:
    """Return the broken links: no such file, no such anchor, or not https."""
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ("https", "mailto", "data") or (
                    parts.scheme == "https" and "." not in parts.netloc
                ):
                    found.append(f"{path.name}: {link} is not an https link")
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not target.is_file():
                found.append(f"{path.name}: {link}: no such file")
            elif parts.fragment and unquote(parts.fragment) not in pages[target].ids:
                found.append(f"{path.name}: {link}: no such anchor")
    return found

"""What verify finds: problems, and how much was looked at."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from ...io.atomic import atomic


@dataclass(frozen=True)
class Discrepancy:
    """One thing that is not as it should be."""

    cell: str
    """Such as "fog 3", "clean" or "clips"."""
    kind: str
    """Such as "missing clip" or "wrong hash"."""
    item: str
    """The clip's key, or the file."""
    detail: str = ""


@dataclass
class Findings:
    """What a run of verify found, and what it looked at."""

    problems: list[Discrepancy] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """How many clips, shards, ... were looked at, in words."""

    def add(self, problems: Iterable[Discrepancy]) -> None:
        self.problems.extend(problems)

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def table(self) -> Table:
        """One line a cell and kind of problem, with its number and the first one."""
        table = Table(title="Problems")
        for name in ("cell", "kind", "how many", "the first"):
            table.add_column(name, justify="right" if name == "how many" else "left")
        grouped: dict[tuple[str, str], list[Discrepancy]] = {}
        for problem in self.problems:
            grouped.setdefault((problem.cell, problem.kind), []).append(problem)
        for (cell, kind), some in grouped.items():
            first = f"{some[0].item}: {some[0].detail}" if some[0].detail else some[0].item
            table.add_row(cell, kind, f"{len(some):,}", first)
        return table

    def write(self, path: Path) -> None:
        """Write every problem as one line of CSV."""
        with atomic(path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["cell", "kind", "item", "detail"])
            writer.writerows([one.cell, one.kind, one.item, one.detail] for one in self.problems)


def cell_name(corruption: str, severity: int) -> str:
    """A cell in words."""
    return corruption if severity == 0 else f"{corruption} {severity}"

"""Results of verify: discrepancies, and how much was checked."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from ...io.atomic import atomic
from ...io.escaping import for_csv


@dataclass(frozen=True)
class Discrepancy:
    """One discrepancy."""

    cell: str
    """Name of the cell, such as "fog 3", "clean" or "clips"."""
    kind: str
    """Kind of discrepancy, such as "missing clip" or "damaged member"."""
    item: str
    """Key of the clip, or name of the file."""
    detail: str = ""


@dataclass
class Findings:
    """Discrepancies found by one run of verify, and the numbers of items checked."""

    problems: list[Discrepancy] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """Number of items checked, by a description such as "shards read"."""

    def add(self, problems: Iterable[Discrepancy]) -> None:
        """Add discrepancies."""
        self.problems.extend(problems)

    def count(self, what: str, number: int = 1) -> None:
        """Add to the number of items checked."""
        self.counts[what] = self.counts.get(what, 0) + number

    def table(self) -> Table:
        """Return one line per cell and kind of problem, with their number and the first item."""
        table = Table(title="Problems")
        for name in ("cell", "kind", "number", "first"):
            table.add_column(name, justify="right" if name == "number" else "left")
        grouped: dict[tuple[str, str], list[Discrepancy]] = {}
        for problem in self.problems:
            grouped.setdefault((problem.cell, problem.kind), []).append(problem)
        for (cell, kind), some in grouped.items():
            first = f"{some[0].item}: {some[0].detail}" if some[0].detail else some[0].item
            table.add_row(cell, kind, f"{len(some):,}", first)
        return table

    def write(self, path: Path) -> None:
        """Write every problem as one line of CSV."""
        with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["cell", "kind", "item", "detail"])
            writer.writerows(
                map(for_csv, (one.cell, one.kind, one.item, one.detail)) for one in self.problems
            )


def cell_name(corruption: str, severity: int) -> str:
    """Return the name of a cell, such as "fog 3"; the clean set is "clean"."""
    return corruption if severity == 0 else f"{corruption} {severity}"

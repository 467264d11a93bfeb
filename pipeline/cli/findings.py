"""Output of a verification: what was checked, the problems, the verdict."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StageError
from .app import console

if TYPE_CHECKING:
    from ..tools.verify.findings import Findings


def conclude(found: "Findings", what: str, output: Path | None = None) -> None:
    """Print the findings and write the problems to a CSV file; raise StageError if there are any.

    `what` names the command and the dataset.
    """
    for counted, number in found.counts.items():
        console.print(f"{number:>9,} {counted}")
    if output is not None:
        found.write(output)
    if found.problems:
        console.print(found.table())
        raise StageError(
            f"{what}: {len(found.problems)} problems"
            f"{'' if output is None else f'; see {output} for all of them'}."
        )
    console.print("No problems found.")

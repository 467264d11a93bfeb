"""Letters of multiple choice: how questions name their choices, and answers theirs."""

import re

LETTERS = "ABCD"

LETTER = r"(?:^\s*\(?|[Aa]nswer(?:\s+is)?:?\s*\(?)([A-D])(?=[).:,]|\s*$)"
"""Regular expression for the letter of an answer: `B`, `(B)`, `B. walking`, `the answer is B`."""


def chosen_letter(answer: str) -> str | None:
    """Return the letter that an answer gives; None if it gives none."""
    match = re.search(LETTER, answer)
    return None if match is None else match[1]

"""Result of one check."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckResult:
    """Name of a check, its outcome, and details or the way to correct it."""

    name: str
    detail: str
    passed: bool = True

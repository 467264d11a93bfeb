"""Share of clips that may fail before a stage counts as failed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import StageError

REASONS_SHOWN = 3
"""Reasons that the message of a failed stage names; the manifest has all of them."""


def check_share(
    rows: Sequence[Mapping[str, Any]],
    allowed: float,
    what: str,
    section: str,
    hint: Callable[[], str] = str,
) -> None:
    """Raise StageError if more than the allowed share of clips failed.

    Called after the manifest is written.

    Parameters
    ----------
    rows
        Rows of a manifest with `key`, `status` and `reason`.
    allowed
        `allowed_failures` of the stage, 0..1.
    what
        Stage, dataset and corruption, for the message.
    section
        Section of params.yaml that holds `allowed_failures`.
    hint
        Returns a sentence on the probable cause, which is appended to the message.

    """
    failed = [row for row in rows if row["status"] != "ok"]
    if len(failed) <= allowed * len(rows):
        return
    counts = Counter(str(row["reason"]) for row in failed)
    reasons = "; ".join(
        f"{count} x {reason}" for reason, count in counts.most_common(REASONS_SHOWN)
    )
    others = sum(counts.values()) - sum(n for _, n in counts.most_common(REASONS_SHOWN))
    raise StageError(
        f"{what}: {len(failed)} of {len(rows)} clips failed, more than "
        f"{section}.allowed_failures = {allowed:g} ({reasons}"
        f"{f'; {others} more' if others else ''}; the first is {failed[0]['key']}). The manifest "
        f"lists them all. Provide the videos, or raise {section}.allowed_failures in params.yaml. "
        f"{hint()}".rstrip()
    )

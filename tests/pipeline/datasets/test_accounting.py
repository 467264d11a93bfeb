"""A stage fails when more clips fail than params.yaml allows, and says why they failed."""

import pytest

from pipeline.datasets.accounting import check_share
from pipeline.errors import StageError


def rows(*reasons: str) -> list[dict[str, str]]:
    return [
        {"key": f"clip{n}", "status": "broken" if reason else "ok", "reason": reason}
        for n, reason in enumerate(reasons)
    ]


def test_the_allowed_share_may_fail() -> None:
    check_share(rows("", "cut", "", ""), 0.25, "decode demo", "decode")
    check_share([], 0.0, "decode demo", "decode")


def test_more_than_the_allowed_share_is_an_error_with_counts_of_reasons() -> None:
    failed = rows("", "cut", "gone", "cut", "a", "b", "a")
    with pytest.raises(StageError, match=r"6 of 7 clips failed, more than") as caught:
        check_share(failed, 0.8, "decode demo", "decode")
    message = str(caught.value)
    assert "decode demo: 6 of 7" in message
    assert (
        "decode.allowed_failures = 0.8 (2 x cut; 2 x a; 1 x gone; 1 more; the first is clip1)"
        in (message)
    )

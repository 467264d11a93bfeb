"""Share of clips that may fail before a stage counts as failed."""

from ..errors import StageError
from ..storage.schemas import Row


def check_share(rows: list[Row], allowed: float, what: str, key: str) -> None:
    """Raise StageError if more than the allowed share of clips failed."""
    failed = [row for row in rows if row["status"] != "ok"]
    if len(failed) > allowed * len(rows):
        raise StageError(
            f"{what}: {len(failed)} of {len(rows)} clips failed, more than {key} = {allowed:g}; "
            f"the first: {failed[0]['key']}: {failed[0]['reason']}. The manifest has them all."
        )

"""Retry of work on a clip after a transient error."""

import logging
from collections.abc import Callable
from typing import TypeVar

from ..errors import TransientClipError

log = logging.getLogger(__name__)


T = TypeVar("T")


def retry_once(work: Callable[[], T], what: object) -> T:
    """Call `work`, retrying once after a transient error; `what` names it in the log."""
    try:
        return work()
    except TransientClipError as error:
        log.warning("%s: %s; trying once more", what, error)
        return work()

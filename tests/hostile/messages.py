"""Messages of refused text files."""

import re

from pipeline.errors import SettingsError


def check(error: SettingsError, name: str, words: str) -> None:
    """Assert that a message names the file and the reason, is short and can be printed."""
    message = str(error)
    assert name in message
    assert re.search(words, message), message
    assert len(message) < 1000
    assert all(character.isprintable() or character == "\n" for character in message)

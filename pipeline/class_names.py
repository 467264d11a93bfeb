"""Spelling of class names: one rule for annotations, class lists and labels of models."""

import re


def plain(name: str) -> str:
    """Return a class name without the differences between its spellings.

    Case, quotes and square brackets do not count, `_` is a space, and there is no space before a
    comma or other punctuation: `Lifting [something] , then` is `lifting something, then`.
    """
    words = re.sub(r"[\[\]\"'`’]", "", name).replace("_", " ").casefold()
    return re.sub(r"\s+([,;.:!?])", r"\1", " ".join(words.split()))

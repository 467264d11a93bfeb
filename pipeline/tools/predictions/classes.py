"""Classes that answers name: by class_id, by name or by the letter of a choice."""

import re
from dataclasses import dataclass
from functools import cached_property

from ...class_names import plain
from ...datasets.choices import LETTERS, chosen_letter
from ...errors import SettingsError
from ...messages import quoted
from .answers import Answer


@dataclass(frozen=True)
class ClassReader:
    """Reader of the classes of one class list."""

    names: tuple[str, ...]

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {plain(name): index for index, name in enumerate(self.names)}

    def index(self, value: object) -> int | None:
        """Return the index of a class, given its name or class_id; None if it is not a class."""
        if isinstance(value, str):
            found = self._ids.get(plain(value))
            if found is None:
                found = self._ids.get(plain(value.strip().rstrip(".")))
            if found is not None:
                return found
            if not re.fullmatch("[0-9]{1,6}", value.strip()):
                return None
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        is_id = isinstance(value, int) and not isinstance(value, bool)
        return value if is_id and 0 <= value < len(self.names) else None  # type: ignore[return-value,operator] # is_id says int

    def predicted(self, answer: Answer) -> int | None:
        """Return the class that an answer gives; None if it gives none, which is wrong.

        Raises
        ------
        SettingsError
            If a table names a class that does not exist, or has another number of logits.

        """
        logits = answer.logits
        if logits is not None and len(logits) != len(self.names):
            raise SettingsError(
                f"{answer.where}: wrong number of logits (got {len(logits)}); there are "
                f"{len(self.names)} classes."
            )
        if answer.prediction is None:
            return None if logits is None else int(logits.argmax())
        text = answer.prediction
        letter = chosen_letter(text) if answer.choices and isinstance(text, str) else None
        if letter is not None and LETTERS.index(letter) < len(answer.choices):
            return self.index(answer.choices[LETTERS.index(letter)])
        found = self.index(text)
        if found is None and not answer.is_free_text:
            raise SettingsError(
                f"{answer.where}: prediction is {quoted(text)}, not a class; give a class_name or "
                "class_id of the class list, or leave it empty for an answer that is none."
            )
        if logits is not None and found is not None and logits[found] < logits.max():
            raise SettingsError(
                f"{answer.where}: prediction is {quoted(text)}, but the logits are largest for "
                f"{self.names[int(logits.argmax())]!r}; they must be in the order of the class "
                "list."
            )
        return found

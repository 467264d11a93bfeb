"""Questions to video language models: the class in words, or one of a few seeded choices."""

from dataclasses import dataclass

import numpy as np

from corruptions.types import ClipRandom

from ...datasets.choices import LETTERS
from .selection import ExportClip
from .task import Export

CHOICES = 4
"""Classes among which a question of multiple choice asks, or all if there are fewer."""


@dataclass(frozen=True)
class Question:
    """A question about one clip; it is the same in every cell."""

    text: str
    answer: str
    """Class name, or letter of the choice."""
    choices: tuple[str, ...] = ()
    """Class names of the choices, in the order of their letters."""


def label_question(export: Export, clip: ExportClip) -> Question:
    """Return the question for the class in words, exactly as the class list writes it."""
    classes = "; ".join(export.classes)
    text = (
        "Which of these classes does the video show? Answer with the class alone, exactly as it "
        f"is written here. Classes: {classes}"
    )
    return Question(text, export.classes[clip.label])


def choice_question(export: Export, clip: ExportClip) -> Question:
    """Return the question of multiple choice: the class of the clip and random others.

    The others and the order depend on the seed of params.yaml, the dataset and the key of the clip
    alone, so that a clip has the same choices in every cell.
    """
    random = ClipRandom(export.params.seed, export.dataset, clip.key, "choices", "0").clip()
    others = np.array([one for one in range(len(export.classes)) if one != clip.label], np.intp)
    order = np.argsort(random.random_raw(len(others)), kind="stable")
    chosen = [clip.label, *others[order][: CHOICES - 1].tolist()]
    shuffle = np.argsort(random.random_raw(len(chosen)), kind="stable")
    names = tuple(export.classes[chosen[one]] for one in shuffle.tolist())
    lines = [f"{letter}. {name}" for letter, name in zip(LETTERS, names, strict=False)]
    text = "\n".join(
        ["What does the video show?", *lines, "Answer with the letter of the choice alone."]
    )
    return Question(text, LETTERS[names.index(export.classes[clip.label])], names)

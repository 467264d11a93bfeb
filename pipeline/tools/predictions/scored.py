"""Columns of imported predictions: correct answers, and what confidence or logits add."""

from collections.abc import Iterator, Sequence

import numpy as np

from ...stages.evaluate.scores import softmax_statistics
from ...storage.rows import PredictionRow
from .answers import Answer

CHUNK = 4096
"""Rows whose logits are one array."""


def scored_columns(
    answers: Sequence[Answer], predicted: Sequence[int | None], labels: Sequence[int]
) -> Iterator[PredictionRow]:
    """Yield the columns of each answer that depend on the class and the scores.

    Columns that the answers do not determine are left out: null in the file, and metrics that need
    them are not available.
    """
    for start in range(0, len(answers), CHUNK):
        part = slice(start, start + CHUNK)
        if answers[start].logits is None:
            yield from map(_plain, answers[part], predicted[part], labels[part])
        else:
            yield from _with_logits(answers[part], labels[part])


def _plain(answer: Answer, predicted: int | None, label: int) -> PredictionRow:
    columns: PredictionRow = {
        "correct1": predicted == label,
        "top5": [] if predicted is None else [predicted],
    }
    if answer.confidence is not None:
        columns["confidence"] = answer.confidence
    return columns


def _with_logits(answers: Sequence[Answer], labels: Sequence[int]) -> Iterator[PredictionRow]:
    import torch

    scores = torch.from_numpy(np.stack([one.logits for one in answers if one.logits is not None]))
    best = scores.topk(min(5, scores.shape[1]), dim=1)
    found = softmax_statistics(scores, labels)
    for number, (classes, values) in enumerate(
        zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ):
        columns: PredictionRow = {
            "top5": classes,
            "top5_logits": values,
            "correct1": classes[0] == labels[number],
            "correct5": labels[number] in classes,
            "confidence": found["confidence"][number],
            "entropy": found["entropy"][number],
            "logsumexp": found["logsumexp"][number],
            "nll": found["nll"][number],
            "sum_p2": found["sum_p2"][number],
        }
        yield columns

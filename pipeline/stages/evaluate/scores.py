"""Softmax statistics of predictions: what calibration and selective prediction are computed from.

Top-5 logits alone do not determine them, so they are stored with every prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def softmax_statistics(logits: torch.Tensor, labels: Sequence[int]) -> dict[str, list[float]]:
    """Return the softmax statistics of each clip, computed in float32.

    Parameters
    ----------
    logits : torch.Tensor
        (N, classes), float32, averaged over the views of a clip.
    labels : Sequence[int]
        (N,) class of each clip, 0..classes-1.

    Returns
    -------
    dict[str, list[float]]
        By column of the predictions, N values each: `confidence`, the largest softmax probability;
        `entropy` of the softmax in nats; `logsumexp` of the logits; `nll`, the negative log
        probability of the label in nats; `sum_p2`, the sum of squared probabilities.

    """
    import torch

    logits = logits.float()
    logarithms = torch.log_softmax(logits, dim=1)
    probabilities = logarithms.exp()
    of_labels = torch.tensor(list(labels), dtype=torch.int64)[:, None]
    found = {
        "confidence": probabilities.amax(dim=1),
        "entropy": torch.special.entr(probabilities).sum(dim=1),
        "logsumexp": logits.logsumexp(dim=1),
        "nll": -logarithms.gather(1, of_labels)[:, 0],
        "sum_p2": probabilities.square().sum(dim=1),
    }
    return {name: values.tolist() for name, values in found.items()}

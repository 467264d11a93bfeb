"""Outputs of a model for tests of metrics: softmax probabilities of random logits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.metrics.outputs import Outputs


def random_probabilities(
    num_clips: int, columns: int, num_classes: int = 7, seed: int = 0, scale: float = 2.0
) -> NDArray[np.float64]:
    """Return softmax probabilities (N, K, classes)."""
    logits = scale * np.random.default_rng(seed).normal(size=(num_clips, columns, num_classes))
    raised = np.exp(logits - logits.max(axis=2, keepdims=True))
    found: NDArray[np.float64] = raised / raised.sum(axis=2, keepdims=True)
    return found


def outputs_of(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.integer],
    corruptions: Sequence[str] = ("fog", "rain"),
) -> Outputs:
    """Return the outputs of a model with these probabilities (N, 1 + C S, classes)."""
    severities = (probabilities.shape[1] - 1) // len(corruptions)
    classes = probabilities.argmax(axis=2).astype(np.int32)
    of_labels = np.take_along_axis(probabilities, labels[:, None, None], axis=2)[:, :, 0]
    return Outputs(
        corruptions=tuple(corruptions),
        severities=tuple(range(1, severities + 1)),
        right=classes == labels[:, None],
        classes=classes,
        confidence=probabilities.max(axis=2).astype(np.float32),
        nll=-np.log(of_labels).astype(np.float32),
        sum_p2=np.square(probabilities).sum(axis=2).astype(np.float32),
    )


def skilled_labels(probabilities: NDArray[np.float64], seed: int = 1) -> NDArray[np.int64]:
    """Return labels (N,) drawn from the clean probabilities: a calibrated model."""
    rng = np.random.default_rng(seed)
    cumulative = probabilities[:, 0].cumsum(axis=1)
    drawn: NDArray[np.int64] = (rng.random((len(cumulative), 1)) > cumulative).sum(axis=1)
    return np.minimum(drawn, probabilities.shape[2] - 1)

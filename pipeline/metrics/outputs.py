"""Outputs of one model beyond right and wrong: predicted classes and softmax statistics."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .answers import Bools, Predictions

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    """Outputs of one model on N clips that exist in the clean set and in every cell.

    Arrays are (N, 1 + C S): column 0 is the clean set, then the severities of each corruption. An
    array is None where the predictions do not hold it.

    Raises
    ------
    ValueError
        If there is no clip, or if an array has another shape.

    """

    corruptions: tuple[str, ...]
    severities: tuple[int, ...]
    right: Bools
    """True where the predicted class is the label."""
    classes: NDArray[np.int32] | None = None
    """Predicted class."""
    confidence: Scores | None = None
    """Largest softmax probability, 0..1."""
    nll: Scores | None = None
    """Negative log probability of the label, nats."""
    sum_p2: Scores | None = None
    """Sum of squared softmax probabilities, 0..1."""

    def __post_init__(self) -> None:
        columns = 1 + len(self.corruptions) * len(self.severities)
        wanted = (len(self.right), columns)
        for name in ("right", "classes", "confidence", "nll", "sum_p2"):
            array = getattr(self, name)
            if array is not None and (array.shape != wanted or not len(array)):
                raise ValueError(
                    f"{name}: wrong shape (got {array.shape}); it must be (clips, {columns}) with "
                    "at least one clip."
                )

    @property
    def num_clips(self) -> int:
        """Number of clips, N."""
        return len(self.right)

    def columns_of(self, corruption: str) -> slice:
        """Return the columns of one corruption, in the order of the severities."""
        start = 1 + self.corruptions.index(corruption) * len(self.severities)
        return slice(start, start + len(self.severities))


def right_columns(predictions: Predictions) -> Bools:
    """Return correct answers as (N, 1 + C S): column 0 is the clean set."""
    cells = predictions.top1.reshape(predictions.num_clips, -1)
    return np.concatenate([predictions.clean_top1[:, None], cells], axis=1)

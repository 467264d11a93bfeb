"""Brier score of the softmax probabilities, 0 (best) to 2.

Definition. With p the softmax probabilities and y the label as a one-hot vector:

    Brier = mean over clips of sum over k of (p_k - y_k)^2 = sum of p_k^2 - 2 p(label) + 1

A proper scoring rule. Under corruption the mean over cells.

Source: Brier 1950, Verification of Forecasts Expressed in Terms of Probability (equation 2).
"""

import numpy as np

from .answers import Floats
from .outputs import Outputs, Scores
from .ratios import Ratio


def brier_scores(sum_p2: Scores | Floats, nll: Scores | Floats) -> Floats:
    """Return the Brier score of each clip.

    Parameters
    ----------
    sum_p2 : array of float
        Sum of squared probabilities, 0..1.
    nll : array of float
        Negative log probability of the label, nats.

    Returns
    -------
    Floats
        Of the same shape, 0..2.

    """
    scores: Floats = sum_p2.astype(np.float64) - 2 * np.exp(-nll.astype(np.float64)) + 1
    return scores


def brier_ratios(outputs: Outputs) -> dict[str, Ratio]:
    """Return the Brier score: clean, and the mean over cells."""
    if outputs.nll is None or outputs.sum_p2 is None:
        return {}
    scores = brier_scores(outputs.sum_p2, outputs.nll)
    return {"brier_clean": Ratio(scores[:, 0].copy()), "brier": Ratio(scores[:, 1:].mean(axis=1))}

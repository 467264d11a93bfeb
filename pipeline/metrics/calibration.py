"""Expected calibration error, split into overconfidence and underconfidence.

Definition. Confidences are sorted into 15 bins of equal width (lower, upper]. With n_b clips in bin
b, their accuracy acc_b and mean confidence conf_b:

    ECE = sum over b of n_b / N |acc_b - conf_b|
    overconfidence = the terms with conf_b > acc_b         underconfidence = the other terms

so that ECE is their sum. Confidence is the largest softmax probability. Under corruption each
number is the mean over cells.

Sources: Naeini et al. 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning; Guo et
al. 2017, On Calibration of Modern Neural Networks (section 2; 15 bins); under corruption Ovadia et
al. 2019, Can You Trust Your Model's Uncertainty?
"""

from dataclasses import dataclass

import numpy as np

from .answers import Bools, Counts, Floats
from .outputs import Outputs, Scores
from .ratios import Ratio

BINS = 15
"""Number of confidence bins."""


@dataclass(frozen=True)
class Reliability:
    """Reliability diagram: clips, correct answers and confidence by bin."""

    clips: Counts
    """(BINS,)"""
    right: Counts
    """(BINS,)"""
    confidence: Floats
    """(BINS,), sum of the confidences, each 0..1."""

    def __add__(self, other: "Reliability") -> "Reliability":
        return Reliability(
            self.clips + other.clips,
            self.right + other.right,
            self.confidence + other.confidence,
        )

    @property
    def excess(self) -> Floats:
        """Confidence minus accuracy of each bin, times its share of the clips."""
        found: Floats = (self.confidence - self.right) / max(1, self.clips.sum())
        return found

    @property
    def overconfidence(self) -> float:
        """Sum of the terms with confidence above accuracy, 0..1."""
        return float(np.maximum(self.excess, 0).sum())

    @property
    def underconfidence(self) -> float:
        """Sum of the terms with accuracy above confidence, 0..1."""
        return float(np.maximum(-self.excess, 0).sum())

    @property
    def error(self) -> float:
        """Expected calibration error, 0..1."""
        return self.overconfidence + self.underconfidence


def reliability(confidence: Scores | Floats, right: Bools) -> Reliability:
    """Return the reliability diagram of N predictions.

    Parameters
    ----------
    confidence : array (N,) of float
        Largest softmax probability, 0..1.
    right : Bools
        (N,), True where the predicted class is the label.

    Returns
    -------
    Reliability
        Its `error` is the ECE, 0..1.

    """
    number = _bins(confidence)
    return Reliability(
        np.bincount(number, minlength=BINS),
        np.bincount(number[right], minlength=BINS),
        np.bincount(number, confidence, minlength=BINS).astype(np.float64),
    )


def _bins(confidence: Scores | Floats) -> Counts:
    """Return the bin (lower, upper] of each confidence."""
    edges = np.linspace(0, 1, BINS + 1)
    return np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)


def calibration_ratios(outputs: Outputs) -> dict[str, Ratio]:
    """Return ECE, over- and underconfidence in percent: clean, and the mean over cells.

    A clip contributes its confidence minus 1 or 0, with the sign of its bin: the influence function
    of the ECE, whose mean is the ECE itself.
    """
    if outputs.confidence is None:
        return {}
    columns = outputs.right.shape[1]
    over, under = (np.zeros((outputs.num_clips, 2)) for _ in range(2))
    for column in range(columns):
        confidence, right = outputs.confidence[:, column], outputs.right[:, column]
        sign = np.sign(reliability(confidence, right).excess)[_bins(confidence)]
        excess = confidence.astype(np.float64) - right
        share = 1 if column == 0 else 1 / (columns - 1)
        over[:, min(column, 1)] += share * np.where(sign > 0, excess, 0)
        under[:, min(column, 1)] -= share * np.where(sign < 0, excess, 0)
    return {
        name + suffix: Ratio(values[:, part].copy(), scale=100)
        for name, values in (
            ("ece", over + under), ("overconfidence", over), ("underconfidence", under),
        )
        for part, suffix in enumerate(("_clean", ""))
    }  # fmt: skip

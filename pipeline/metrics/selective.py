"""Selective prediction: risk-coverage curve, AURC, E-AURC and AUGRC.

A model that may abstain answers the clips with the highest confidence first. With l_i = 1 where the
answer of the i-th most confident of N clips is wrong, coverage i / N has

    selective risk r_i = (l_1 + ... + l_i) / i      generalised risk g_i = (l_1 + ... + l_i) / N

    AURC = mean of r_i over i                       E-AURC = AURC - AURC of the perfect order
    AUGRC = mean over i of (g_(i-1) + g_i) / 2 = (1 - AUROC) a (1 - a) + (1 - a)^2 / 2

where a is the accuracy and AUROC that of confidence as a detector of right answers. Clips of equal
confidence share their mean loss, so that the order of clips has no effect. In percent. Under
corruption the mean over cells.

Sources: Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks (AURC);
Geifman et al. 2019, Bias-Reduced Uncertainty Estimation (E-AURC); Traub et al. 2024, Overcoming
Common Flaws in the Evaluation of Selective Classification Systems (AUGRC, equation 6).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .answers import Bools, Floats
from .outputs import Outputs, Scores
from .ratios import Ratio


@dataclass(frozen=True)
class RiskCoverage:
    """Risk at every coverage 1/N, 2/N, ..., 1, most confident clips first."""

    order: NDArray[np.intp]
    """(N,), clips by falling confidence."""
    losses: Floats
    """(N,), 0..1 in that order: 1 is wrong."""
    ties: tuple[NDArray[np.intp], NDArray[np.intp]]
    """(N,), first and last position of the clips with the same confidence."""

    @property
    def selective(self) -> Floats:
        """Selective risk (N,), 0..1: share of wrong answers among the answered clips."""
        found: Floats = np.cumsum(self.losses) / np.arange(1, len(self.losses) + 1)
        return found

    @property
    def generalised(self) -> Floats:
        """Generalised risk (N,), 0..1: answered and wrong clips as a share of all clips."""
        found: Floats = np.cumsum(self.losses) / len(self.losses)
        return found

    @property
    def aurc(self) -> float:
        """Area under the selective risk, 0..1."""
        return float(self.selective.mean())

    @property
    def e_aurc(self) -> float:
        """AURC above that of the perfect order, 0..1."""
        return self.aurc - best_aurc(round(self.losses.sum()), len(self.losses))

    @property
    def augrc(self) -> float:
        """Area under the generalised risk, 0..0.5."""
        return float((self.generalised - self.losses / (2 * len(self.losses))).mean())


def risk_coverage(confidence: Scores | Floats, right: Bools) -> RiskCoverage:
    """Return the risk-coverage curve of N predictions.

    Parameters
    ----------
    confidence : array (N,) of float
        Any score that is higher for more certain answers.
    right : Bools
        (N,), True where the predicted class is the label.

    Returns
    -------
    RiskCoverage
        With the areas `aurc`, `e_aurc` and `augrc`, 0..1.

    """
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(starts, len(ordered)))
    wrong = np.add.reduceat((~right[order]).astype(np.float64), starts)
    first = np.repeat(starts, sizes)
    ties = (first, first + np.repeat(sizes, sizes) - 1)
    return RiskCoverage(order, np.repeat(wrong / sizes, sizes), ties)


def best_aurc(wrong: int, num_clips: int) -> float:
    """Return the AURC, 0..1, of an order in which all right answers precede the wrong ones."""
    positions = np.arange(1, num_clips + 1)
    return float((np.maximum(positions - (num_clips - wrong), 0) / positions).mean())


def selective_ratios(outputs: Outputs) -> dict[str, Ratio]:
    """Return AURC, E-AURC and AUGRC in percent: clean, and the mean over cells.

    A clip contributes the value plus its influence, so that their mean is the value.
    """
    if outputs.confidence is None:
        return {}
    columns = outputs.right.shape[1]
    found = np.zeros((3, 2, outputs.num_clips))
    for column in range(columns):
        curve = risk_coverage(outputs.confidence[:, column], outputs.right[:, column])
        wrong = (~outputs.right[:, column]).astype(np.float64)
        share = 1 if column == 0 else 1 / (columns - 1)
        aurc = _aurc_influence(curve, wrong)
        part = min(column, 1)
        found[0, part] += share * (curve.aurc + aurc)
        found[1, part] += share * (curve.e_aurc + aurc - _best_influence(wrong))
        found[2, part] += share * (curve.augrc + _augrc_influence(curve, wrong))
    return {
        name + suffix: Ratio(found[number, part], scale=100)
        for number, name in enumerate(("aurc", "e_aurc", "augrc"))
        for part, suffix in enumerate(("_clean", ""))
    }


def _aurc_influence(curve: RiskCoverage, wrong: Floats) -> Floats:
    """Return the influence (N,) of each clip on the AURC.

    With r(t) the risk of the clips above a threshold t and F(t) their share, AURC = E[r(c)] for the
    confidence c of a clip; a clip moves its own threshold and the risk at all lower ones.
    """
    risk = curve.selective
    positions = np.arange(1, len(risk) + 1)
    below = np.cumsum((1 / positions)[::-1])[::-1]
    risk_below = np.cumsum((risk / positions)[::-1])[::-1]
    first, last = curve.ties
    # Of equal confidences, a clip takes each position equally often: means over the tied positions.
    own = _tied_mean(risk, first, last) - _tied_mean(risk_below, first, last)
    influence = np.empty_like(own)
    influence[curve.order] = own + wrong[curve.order] * _tied_mean(below, first, last)
    found: Floats = influence - influence.mean()
    return found


def _augrc_influence(curve: RiskCoverage, wrong: Floats) -> Floats:
    """Return the influence (N,) of each clip on the AUGRC, a mean over pairs of clips."""
    num_clips = len(curve.losses)
    first, last = curve.ties
    # Share of clips with lower confidence, and of wrong clips with higher: ties count half.
    lower = 1 - (first + last + 1) / (2 * num_clips)
    before = np.concatenate([[0.0], curve.generalised])
    higher = (before[first] + before[last + 1]) / 2
    influence = np.empty(num_clips)
    influence[curve.order] = wrong[curve.order] * lower + higher
    found: Floats = influence - influence.mean()
    return found


def _best_influence(wrong: Floats) -> Floats:
    """Return the influence (N,) on the AURC of the perfect order, e + (1 - e) log(1 - e)."""
    error = wrong.mean()
    slope = -np.log(max(1 - error, 0.5 / len(wrong)))
    found: Floats = slope * (wrong - error)
    return found


def _tied_mean(values: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """Return the mean of `values` over the tied positions of each clip."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    found: Floats = (sums[last + 1] - sums[first]) / (last + 1 - first)
    return found

"""Changes of the predicted class: flip rate, and temporal sensitivity.

Flip rate: of all pairs of neighbouring severities (clean and 1, 1 and 2, ...), the share for which
the predicted class of a clip changes, right or wrong; mean over corruptions. It is the flip
probability of Hendrycks and Dietterich 2019, Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations (section 4.2), with severities in place of frames.

Temporal sensitivity: of the clips that are right when clean, the share whose predicted class
changes when the order of frames does, in the corruptions `reverse` and `jumble`. A model that does
not use order has 0. In percent. Sources: Huang et al. 2018, What Makes a Video a Video;
Sevilla-Lara et al. 2021, Only Time Can Tell.
"""

import numpy as np
from numpy.typing import NDArray

from .answers import Floats
from .outputs import Outputs
from .ratios import Ratio

ORDER = ("reverse", "jumble")
"""Corruptions that change only the order of frames."""


def flip_shares(classes: NDArray[np.int32], num_severities: int) -> Floats:
    """Return the share of neighbouring severities between which the class changes.

    Parameters
    ----------
    classes : array (N, 1 + C S) of int
        Predicted classes; column 0 is the clean set.
    num_severities : int
        S.

    Returns
    -------
    Floats
        (N,), 0..1.

    """
    cells = classes[:, 1:].reshape(len(classes), -1, num_severities)
    flips = np.count_nonzero(cells[:, :, 1:] != cells[:, :, :-1], axis=(1, 2))
    flips = flips + np.count_nonzero(cells[:, :, 0] != classes[:, :1], axis=1)
    shares: Floats = flips / (classes.shape[1] - 1)
    return shares


def flip_ratios(outputs: Outputs) -> dict[str, Ratio]:
    """Return the flip rate in percent, and the temporal sensitivity where it was evaluated."""
    if outputs.classes is None:
        return {}
    shares = flip_shares(outputs.classes, len(outputs.severities))
    found = {"flip_rate": Ratio(shares, scale=100)}
    clean = outputs.right[:, 0].astype(np.float64)
    ordered = [name for name in ORDER if name in outputs.corruptions]
    changed = {
        name: (outputs.classes[:, outputs.columns_of(name)] != outputs.classes[:, :1]).mean(axis=1)
        for name in ordered
    }
    for name, share in changed.items():
        found[f"temporal_sensitivity_{name}"] = Ratio(clean * share, clean, 100)
    if len(ordered) == len(ORDER):
        both = np.mean(list(changed.values()), axis=0)
        found["temporal_sensitivity"] = Ratio(clean * both, clean, 100)
    return found

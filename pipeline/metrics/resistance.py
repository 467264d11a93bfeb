"""Resist rate and corrected rate: accuracy under corruption given the clean answer.

    resist rate = of clips that are right when clean, the share that is still right
    corrected rate = of clips that are wrong when clean, the share that is right

both as the mean over cells, in percent. They split mPC: with P the clean accuracy, mPC = P resist +
(1 - P) corrected. The complement of the resist rate is the success rate of an attack in adversarial
robustness, such as Dong et al. 2020, Benchmarking Adversarial Robustness on Image Classification.
"""

import numpy as np

from .answers import Predictions
from .ratios import Ratio


def resistance_ratios(predictions: Predictions) -> dict[str, Ratio]:
    """Return resist and corrected rate in percent; nan if no clean clip is right or wrong."""
    clean = predictions.clean_top1.astype(np.float64)
    corrupted = predictions.top1.mean(axis=(1, 2))
    return {
        "resist_rate": Ratio(clean * corrupted, clean, 100),
        "corrected_rate": Ratio((1 - clean) * corrupted, 1 - clean, 100),
    }

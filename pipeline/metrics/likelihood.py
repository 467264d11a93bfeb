"""Negative log-likelihood of the labels, in nats.

Definition. NLL = mean over clips of -log p(label), with p the softmax of the logits. A proper
scoring rule: its expectation is smallest for the true probabilities. Under corruption the mean over
cells.

Source: Good 1952, Rational Decisions; in classification, Hastie, Tibshirani and Friedman 2009, The
Elements of Statistical Learning, section 7.2.
"""

import numpy as np

from .outputs import Outputs
from .ratios import Ratio


def likelihood_ratios(outputs: Outputs) -> dict[str, Ratio]:
    """Return the NLL in nats: clean, and the mean over cells."""
    if outputs.nll is None:
        return {}
    values = outputs.nll.astype(np.float64)
    return {"nll_clean": Ratio(values[:, 0].copy()), "nll": Ratio(values[:, 1:].mean(axis=1))}

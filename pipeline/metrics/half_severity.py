"""Half severity: the interpolated severity at which half of the clean accuracy is left.

Definition. The curve goes linearly through (0, clean accuracy) and the accuracies at the evaluated
severities. The result is the lowest severity at which it reaches half of the clean accuracy, and
infinity ("not reached") if it stays above. A dose-response summary: the half maximal effective
concentration EC50 of pharmacology, with linear interpolation.
"""

from collections.abc import Sequence

import numpy as np

from .answers import Floats


def half_severity(clean: Floats, curve: Floats, severities: Sequence[int]) -> Floats:
    """Return the severity at which half of the clean accuracy is left.

    Parameters
    ----------
    clean : Floats
        (...), clean accuracy.
    curve : Floats
        (..., S), accuracy at the severities.
    severities : Sequence[int]
        S ascending severities, above 0.

    Returns
    -------
    Floats
        (...), 0..max(severities), inf where half is not reached, nan where clean is 0.

    """
    half = clean[..., None] / 2
    points = np.concatenate([clean[..., None], curve], axis=-1)
    places = np.array([0, *severities], float)
    start, end = points[..., :-1], points[..., 1:]
    reached = end <= half
    fall = np.where(reached & (start > end), start - end, 1)
    crossing = places[:-1] + (start - half) / fall * np.diff(places)
    first = np.argmax(reached, axis=-1)[..., None]
    found = np.take_along_axis(crossing, first, axis=-1)[..., 0]
    severity: Floats = np.where(reached.any(axis=-1), found, np.inf)
    return np.where(clean > 0, severity, np.nan)

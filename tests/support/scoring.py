"""The scores of one video, for tests of what is recovered."""

import numpy as np

from util.metrics.scores import Scores, differences
from util.metrics.scores import score as score_parts


def score(recovered: np.ndarray, truth: np.ndarray, missing: np.ndarray) -> Scores:
    """Compare videos, uint8 [..., H, W, 3], where `missing`, bool [..., H, W, 1], is true."""
    return score_parts([differences(recovered, truth, missing)])

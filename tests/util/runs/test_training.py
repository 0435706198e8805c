"""A training run's own checks."""

import math
from pathlib import Path

import numpy as np
import pytest

from model.alternating import EpochReport
from model.workers import ALONE
from util.runs.run_directory import RunDirectory
from util.runs.training import agreed_signal, refuse_not_finite
from util.system.errors import RunError

REPORT = EpochReport(
    squared_error=1.0,
    prior=1.0,
    likelihood=1.0,
    alpha_gradient=1.0,
    beta_gradient=1.0,
    active_share=1.0,
    diagnostics={},
)


@pytest.mark.parametrize("figure", ["prior", "likelihood", "alpha_gradient", "beta_gradient"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_figure_that_is_no_longer_finite_is_refused(figure, value):
    refuse_not_finite(REPORT, 3, RunDirectory(Path("run")))
    with pytest.raises(RunError, match="no longer finite in epoch 3"):
        refuse_not_finite(REPORT._replace(**{figure: value}), 3, RunDirectory(Path("run")))


class Workers:
    """Two workers, of which the other one has `other` where this one has its own values."""

    count = 2

    def __init__(self, number, other):
        self.number, self._other = number, other

    def total(self, values):
        return values + np.array(self._other)


def test_signal_to_any_worker_counts_for_all():
    assert agreed_signal(ALONE, 0) == 0
    assert agreed_signal(ALONE, 15) == 15
    assert agreed_signal(Workers(0, [0, 15]), 0) == 15
    assert agreed_signal(Workers(1, [2, 0]), 15) == 15
    assert agreed_signal(Workers(1, [0, 0]), 0) == 0

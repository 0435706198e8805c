"""A training run's own checks."""

import math
from pathlib import Path

import pytest

from model.alternating import EpochReport
from util.runs.run_directory import RunDirectory
from util.runs.training import refuse_not_finite
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

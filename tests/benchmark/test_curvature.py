"""The curvature of a posterior against a known Hessian, and the script on a small run."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.command_line import flags, make_clips, script_module, trained

from model.latents import Latents

SCRIPT = Path(__file__).resolve().parent / "curvature.py"
SHAPES = [(2, 3, 2), (2, 3), (2, 1), (2, 0)]
SIZE = 0.04


@pytest.mark.parametrize("moves", [(1, 1, 1, 1), (1, 0, 0, 1)])
def test_largest_curvature_is_the_largest_eigenvalue_of_what_moves(moves):
    """U = xᵀHx/2 with a Hessian of known eigenvalues, over all parts of the latents."""
    draws = np.random.default_rng(1)
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    basis, _ = np.linalg.qr(draws.standard_normal((sum(sizes), sum(sizes))))
    hessian = basis @ np.diag(np.geomspace(1, 900, sum(sizes))) @ basis.T
    moved = np.repeat(moves, sizes).astype(float)
    noise = draws.standard_normal(sum(sizes))

    def step(latents):
        flat = np.concatenate([np.ravel(part) for part in latents]).astype(np.float64)
        new = flat + moved * (SIZE * noise - SIZE**2 / 2 * (hessian @ flat))
        parts = np.split(new, np.cumsum(sizes)[:-1])
        return Latents(*(part.reshape(shape) for part, shape in zip(parts, SHAPES, strict=True)))

    here = Latents(*(draws.standard_normal(shape) for shape in SHAPES))
    expected = np.linalg.eigvalsh(hessian * np.outer(moved, moved)).max()
    found = script_module(SCRIPT).largest_curvature(step, here, SIZE)
    assert found == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("further", [{}, {"step_warmup": 9}], ids=str)
def test_script_prints_the_limit_and_the_curvature_of_each_chunk(tmp_path, further):
    trained(**further).copy(tmp_path)
    words = flags(category="waves")
    ended = subprocess.run(
        [sys.executable, SCRIPT, *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    first, *chunks = ended.stdout.splitlines()
    assert re.fullmatch(r".*waves, epoch 6: δ [\d.]+, stable below \d+", first)
    assert [re.sub(r" \d+$", "", line) for line in chunks] == [
        "frames 0 to 1: largest curvature",
        "frames 2 to 3: largest curvature",
        "frames 4 to 4: largest curvature",
    ]
    assert all(int(line.split()[-1]) > 0 for line in chunks)


def test_a_run_without_a_checkpoint_is_refused_in_a_line(tmp_path):
    make_clips(tmp_path)
    ended = subprocess.run(
        [sys.executable, SCRIPT, "--category", "waves"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: no checkpoint") and ended.stderr.count("\n") == 1
    assert not (tmp_path / "output_synthesis").exists()

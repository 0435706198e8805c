"""Latents: which sequences stand for many."""

import pytest

from model.latents import evenly


@pytest.mark.parametrize(
    ("total", "most", "chosen"),
    [(1, 5, [0]), (4, 5, [0, 1, 2, 3]), (5, 5, [0, 1, 2, 3, 4]), (9, 5, [0, 2, 4, 6, 8])],
)
def test_chosen_indices_are_all_or_evenly_apart(total, most, chosen):
    assert evenly(total, most).tolist() == chosen


def test_no_index_is_chosen_twice():
    for total in range(1, 60):
        found = evenly(total, 20).tolist()
        assert len(set(found)) == len(found) == min(total, 20)
        assert found == sorted(found) and found[-1] == total - 1

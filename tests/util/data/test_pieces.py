"""Arrays that are converted piece by piece."""

import numpy as np

from util.data.pieces import Pieces


def test_each_piece_is_converted_and_nothing_else():
    stored, seen = np.arange(24).reshape(2, 3, 4), []
    pieces = Pieces(stored, lambda piece: (seen.append(piece.size), 2 * piece)[1])
    assert (pieces.shape, len(pieces), seen) == ((2, 3, 4), 2, [])
    np.testing.assert_array_equal(pieces[1, :, [0, 2]], 2 * stored[1, :, [0, 2]])
    np.testing.assert_array_equal(np.stack(list(pieces)), 2 * stored)
    assert seen == [6, 12, 12]

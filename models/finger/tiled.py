"""Solves a symmetric positive system in tiles.

OpenBLAS' Cholesky died at 53,561 rows, presumably because 32 bits do not count the elements of more than 46,340. In tiles
nothing is that large, and only the lower half is kept: 2 bytes for every pair of rows.
"""

import numpy
import scipy.linalg

TILE = 4096


def solved(tile, size, wanted):
    """x of A x = wanted. `tile(rows, columns)` gives the part of A in two slices; its rows are never before its columns."""
    places = [slice(first, min(first + TILE, size)) for first in range(0, size, TILE)]
    tiles = [[tile(rows, columns) for columns in places[: number + 1]] for number, rows in enumerate(places)]
    factor(tiles)
    parts = [wanted[rows].astype(numpy.float32) for rows in places]
    for number, row in enumerate(tiles):
        for before in range(number):
            parts[number] -= row[before] @ parts[before]
        parts[number] = triangular(row[number], parts[number])
    for number in reversed(range(len(tiles))):
        for after in range(number + 1, len(tiles)):
            parts[number] -= tiles[after][number].T @ parts[after]
        parts[number] = triangular(tiles[number][number], parts[number], trans="T")
    return numpy.concatenate(parts)


def factor(tiles):
    """Cholesky's lower factor, in place."""
    for number, row in enumerate(tiles):
        row[number] = scipy.linalg.cholesky(row[number], lower=True, overwrite_a=True, check_finite=False)
        for below in tiles[number + 1 :]:
            below[number] = triangular(row[number], below[number].T).T.copy()
        for place, below in enumerate(tiles[number + 1 :], number + 1):
            for other in range(number + 1, place + 1):
                below[other] -= below[number] @ tiles[other][number].T


def triangular(factor, wanted, trans="N"):
    return scipy.linalg.solve_triangular(factor, wanted, lower=True, trans=trans, check_finite=False)

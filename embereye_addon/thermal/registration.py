"""Where a PF device's picture lies in a camera's: the homography of four pairs of places. Pure.

A plane seen by two pinhole cameras is mapped from one picture to the other by eight numbers, which four pairs give
(Hartley and Zisserman, Multiple View Geometry, section 4.1). It holds for what lies near that plane.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from embereye_addon.thermal.cells import SHAPE

ROWS, COLUMNS = SHAPE
PAIRS: Final = 4
LEAST: Final = 1e-9
"""Below this, of singular values that are about 1, a system has no one solution."""

Matrix = NDArray[np.float64]
Pair = tuple[float, float, float, float]
"""Column and row (whole numbers are the middles of cells), and x and y as fractions of the camera's picture."""


def homography(pairs: Iterable[Pair]) -> Matrix:
    """The matrix [3, 3] from (column, row, 1) to the camera's picture (x, y, 1) times a number that is 1 in the middle.

    `ValueError` where the pairs are not four, or do not determine it.
    """
    given = np.array([(column / COLUMNS, row / ROWS, x, y) for column, row, x, y in pairs], dtype=np.float64)
    if given.shape != (PAIRS, 4):
        raise ValueError(f"{PAIRS} pairs are needed")
    lines = []
    for column, row, x, y in given:
        lines.append((column, row, 1.0, 0.0, 0.0, 0.0, -x * column, -x * row, -x))
        lines.append((0.0, 0.0, 0.0, column, row, 1.0, -y * column, -y * row, -y))
    _, size, rows = np.linalg.svd(np.array(lines))
    found = rows[-1].reshape(3, 3) @ np.diag((1.0 / COLUMNS, 1.0 / ROWS, 1.0))
    middle = float(found[2] @ (given[:, 0].mean() * COLUMNS, given[:, 1].mean() * ROWS, 1.0))
    if size[-1] < LEAST or abs(middle) < LEAST or abs(np.linalg.det(found / middle)) < LEAST**2:
        raise ValueError("the pairs do not determine where the picture lies")
    return np.asarray(found / middle, dtype=np.float64)


def project(matrix: Matrix, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places [n, 2] in the other picture, [n, 2]; NaN for what lies beyond the horizon and so nowhere in it."""
    flat = np.column_stack((places, np.ones(len(places)))) @ matrix.T
    depth = np.where(flat[:, 2] > LEAST, flat[:, 2], np.nan)
    return np.asarray(flat[:, :2] / depth[:, np.newaxis], dtype=np.float64)


def inverse(matrix: Matrix) -> Matrix:
    """The way back: from the camera's picture to columns and rows, with the same sign."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def footprints(matrix: Matrix, half_cells: float) -> NDArray[np.float64]:
    """Where the surroundings of each cell lie in the picture: [768, 4] left, top, right, bottom; NaN where nowhere.

    A cell's surroundings reach `half_cells` from its middle to each side; cells are in rows from the top left.
    """
    rows, columns = np.divmod(np.arange(COLUMNS * ROWS, dtype=np.float64), COLUMNS)
    corners = [
        project(matrix, np.column_stack((columns + right * half_cells, rows + down * half_cells)))
        for right, down in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    around = np.stack(corners)
    return np.asarray(np.concatenate((around.min(axis=0), around.max(axis=0)), axis=1), dtype=np.float64)

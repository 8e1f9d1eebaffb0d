"""The size at which a picture goes into the model."""

LONGEST_PX = 384
"""A 640x480 stream is looked at as 384x288: 24x18 cells, about twice the cost of 224x224."""
CELL_PX = 16


def input_size(width: int, height: int) -> tuple[int, int]:
    """Width and height (multiples of 16, at least 64, at most 384 px) that keep the picture's shape."""
    scale = min(1.0, LONGEST_PX / max(width, height))
    return _cells(width * scale), _cells(height * scale)


def _cells(length_px: float) -> int:
    return max(64, CELL_PX * round(length_px / CELL_PX))

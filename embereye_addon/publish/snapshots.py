"""Pictures for Home Assistant: boxes drawn on a camera's evidence, and a PF device's heat map."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from embereye_addon.messages import Box
from embereye_addon.thermal.registration import Matrix, inverse, project

MAX_JPEG_BYTES = 512 * 1024
MAX_SIDE_PX = 1920
"""A larger picture is of no more use on a phone and may not fit."""
HEAT_SHAPE = (24, 32)
HEAT_SCALE = 15
"""24x32 cells become 360x480 pixels, with a legend below."""
LEGEND_PX = 34
INVALID_CC = -32768
HEAT_STEP = 4
"""Heat is laid over blocks of so many pixels; a cell is far larger."""
HEAT_FROM_CC = 800
"""What is hotter than the middle by less stays uncoloured: people are warmer by this."""
HEAT_OPACITY = 0.6
MIN_SPAN_CC = 1000
"""A scene of one temperature must not look like a fire: the colours span at least 10 K."""

Picture = NDArray[np.uint8]

_COLOURS = {"flame": (36, 60, 235), "fire": (36, 60, 235), "smoke": (220, 170, 60)}
_OTHER = (60, 200, 60)
_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Heat:
    """A thermal frame, int16 centi-degrees [24, 32], and the way from its columns and rows to a picture's fractions."""

    cells: NDArray[np.int16]
    matrix: Matrix


def draw_boxes(jpeg: bytes, boxes: tuple[Box, ...], heat: tuple[Heat, ...] = ()) -> bytes | None:
    """The JPEG with heat and labelled boxes over it, at most 512 KiB; None when the bytes are no picture."""
    picture = _decode(jpeg)
    if picture is None:
        return None
    for each in heat:
        draw_heat(picture, each)
    draw(picture, boxes)
    return _encode(picture)


def draw_heat(picture: Picture, heat: Heat) -> None:
    """What is hot, into a BGR picture [h, w, 3], in place: colours over it, and the temperature of the hottest cell.

    What is as warm as the rest stays as it is, so that the picture can still be seen.
    """
    height, width = picture.shape[:2]
    valid = heat.cells > INVALID_CC
    if not valid.any():
        return
    middle = float(np.median(heat.cells[valid]))
    cells = np.where(valid, heat.cells, middle).astype(np.float32)
    rows, columns = np.mgrid[0 : height // HEAT_STEP, 0 : width // HEAT_STEP].astype(np.float64)
    places = np.column_stack(((columns.ravel() + 0.5) * HEAT_STEP / width, (rows.ravel() + 0.5) * HEAT_STEP / height))
    at = np.nan_to_num(project(inverse(heat.matrix), places), nan=-9.0).astype(np.float32).reshape(*rows.shape, 2)
    across, down = at[..., 0], at[..., 1]
    felt = cv2.remap(cells, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(middle,))
    felt = cv2.resize(felt, (width, height), interpolation=cv2.INTER_LINEAR)
    over = np.clip((felt - middle - HEAT_FROM_CC) / MIN_SPAN_CC, 0.0, 1.0)
    span = max(float(cells.max()) - middle, MIN_SPAN_CC)
    grey = np.clip((felt - middle) / span * 255.0, 0.0, 255.0).astype(np.uint8)
    shade = (HEAT_OPACITY * over)[..., np.newaxis]
    picture[:] = (picture * (1.0 - shade) + cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO) * shade).astype(np.uint8)
    if float(cells.max()) - middle > HEAT_FROM_CC:
        _tag_peak(picture, cells, heat.matrix)


def _tag_peak(picture: Picture, cells: NDArray[np.float32], matrix: Matrix) -> None:
    """A cross and the temperature where the hottest cell lies, if that is in the picture."""
    row, column = divmod(int(cells.argmax()), HEAT_SHAPE[1])
    height, width = picture.shape[:2]
    x, y = project(matrix, np.array([(column, row)], dtype=np.float64))[0] * (width, height)
    if not (0.0 <= x < width and 0.0 <= y < height):
        return
    scale = max(0.45, max(height, width) / 1300)
    words, origin = f"{cells.max() / 100.0:.0f} C", (min(round(x) + 14, width - round(90 * scale)), round(y) + 5)
    for colour, thick in ((_BLACK, 3), (_WHITE, 1)):
        cv2.drawMarker(picture, (round(x), round(y)), colour, cv2.MARKER_CROSS, 16, thick)
        cv2.putText(picture, words, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA)


def draw(picture: Picture, boxes: tuple[Box, ...], words: str = "") -> None:
    """Labelled boxes into a BGR picture [h, w, 3], in place, the strongest on top; `words` below."""
    for box in sorted(boxes, key=lambda box: box.confidence):
        _draw(picture, box)
    if words:
        scale, origin = max(0.4, picture.shape[1] / 1300), (6, picture.shape[0] - 8)
        cv2.putText(picture, words, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, _BLACK, 3, cv2.LINE_AA)
        cv2.putText(picture, words, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, _WHITE, 1, cv2.LINE_AA)


def _decode(jpeg: bytes) -> Picture | None:
    """BGR uint8 [h, w, 3], its longer side at most `MAX_SIDE_PX`."""
    if not jpeg or len(jpeg) > MAX_JPEG_BYTES:
        return None
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    if picture is None or min(picture.shape[:2]) < 2:
        return None
    side = max(picture.shape[:2])
    if side > MAX_SIDE_PX:
        factor = MAX_SIDE_PX / side
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return picture.astype(np.uint8)


def _draw(picture: Picture, box: Box) -> None:
    """One box and its label, readable on any background and always inside the picture."""
    height, width = picture.shape[:2]
    thick = max(2, round(max(height, width) / 400))
    left, right = sorted((round(box.left * (width - 1)), round(box.right * (width - 1))))
    top, bottom = sorted((round(box.top * (height - 1)), round(box.bottom * (height - 1))))
    colour = _COLOURS.get(box.label, _OTHER)
    cv2.rectangle(picture, (left, top), (right, bottom), _BLACK, thick + 2)
    cv2.rectangle(picture, (left, top), (right, bottom), colour, thick)
    words, scale = f"{box.label} {box.confidence:.0%}", max(0.45, max(height, width) / 1300)
    (text_w, text_h), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, max(1, thick // 2))
    text_h += below + 4
    x = max(0, min(left, width - text_w - 6))
    y = top - text_h if top >= text_h else min(bottom, height - text_h)
    y = max(0, y)
    cv2.rectangle(picture, (x, y), (x + text_w + 6, y + text_h), colour, cv2.FILLED)
    origin = (x + 3, y + text_h - below - 1)
    cv2.putText(picture, words, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, _WHITE, max(1, thick // 2), cv2.LINE_AA)


def _encode(picture: Picture) -> bytes | None:
    """The best quality that fits `MAX_JPEG_BYTES`; smaller when none does."""
    while min(picture.shape[:2]) >= 2:
        for quality in (85, 70, 50):
            done, raw = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if done and raw.size <= MAX_JPEG_BYTES:
                return raw.tobytes()
        picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return None


def heat_map(cells: NDArray[np.int16]) -> bytes:
    """A PNG of int16 centi-degrees [24, 32], coloured, with peak and legend; ValueError on another shape."""
    if cells.shape != HEAT_SHAPE:
        raise ValueError(f"a heat map needs {HEAT_SHAPE} cells, not {cells.shape}")
    base = int(cells.min())
    span = max(int(cells.max()) - base, MIN_SPAN_CC)
    size = (HEAT_SHAPE[1] * HEAT_SCALE, HEAT_SHAPE[0] * HEAT_SCALE)
    smooth = cv2.resize(cells.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    grey = np.clip((smooth - base) / span * 255.0, 0.0, 255.0).astype(np.uint8)
    picture = np.zeros((size[1] + LEGEND_PX, size[0], 3), np.uint8)
    picture[: size[1]] = cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO)
    _mark_peak(picture, cells)
    _legend(picture, base / 100.0, (base + span) / 100.0)
    _done, raw = cv2.imencode(".png", picture)
    return raw.tobytes()


def _mark_peak(picture: Picture, cells: NDArray[np.int16]) -> None:
    row, column = divmod(int(cells.argmax()), HEAT_SHAPE[1])
    x, y = round((column + 0.5) * HEAT_SCALE), round((row + 0.5) * HEAT_SCALE)
    for colour, thick in ((_BLACK, 3), (_WHITE, 1)):
        cv2.drawMarker(picture, (x, y), colour, cv2.MARKER_CROSS, 18, thick)
        cv2.circle(picture, (x, y), 9, colour, thick, cv2.LINE_AA)
    words = f"{cells.max() / 100.0:.1f} C"
    (text_w, text_h), _below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    text_x = x + 14 if x + 14 + text_w < picture.shape[1] else x - 14 - text_w
    text_y = min(max(y + text_h // 2, text_h + 2), HEAT_SHAPE[0] * HEAT_SCALE - 4)
    for colour, thick in ((_BLACK, 3), (_WHITE, 1)):
        cv2.putText(picture, words, (text_x, text_y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thick, cv2.LINE_AA)


def _legend(picture: Picture, low_c: float, high_c: float) -> None:
    """A bar of the colours below the map, with the temperatures at its ends."""
    width, top = picture.shape[1], picture.shape[0] - LEGEND_PX
    ramp = np.linspace(0, 255, width - 160).astype(np.uint8)[np.newaxis, :].repeat(12, axis=0)
    picture[top + 11 : top + 23, 80 : width - 80] = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)
    for words, x in ((f"{low_c:.1f} C", 8), (f"{high_c:.1f} C", width - 74)):
        cv2.putText(picture, words, (x, top + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _WHITE, 1, cv2.LINE_AA)

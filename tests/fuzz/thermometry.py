"""Fuzz target: calibration and conversion of any words.

Both give a value or a reason in words and never raise or warn. Temperatures are finite or NaN, only bad pixels are
replaced, and what looks radiometric has a chip within the limits of the protocol.
"""

import warnings

import numpy as np

from embereye_addon.sources.pf.eeprom import Calibration, calibrate
from embereye_addon.sources.pf.mlx90640 import Conversion, convert, linear_guess, looks_radiometric
from embereye_addon.sources.pf.plausibility import Judged, Plausibility
from tests.fuzz import wire
from tests.fuzz.records import Reader, Record, pack, unpack

OPERATIONS = 4
DUMP, FRAME, SCENE, SAME = range(OPERATIONS)

_ROOM = (None, 20.0, -40.0, 300.0, -273.15, 1000.0)
_REGISTERS = (None, 0x1901, 0x0901, 0x1D01, 0x1001, 0, 0xFFFF)


def run(raw: bytes) -> None:
    """Judge one input; AssertionError, or a warning as an error, where a promise is broken."""
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        _run(raw)


def _run(raw: bytes) -> None:
    calibration: Calibration | str = calibrate(wire.dumps()[0])
    plausibility = Plausibility()
    emissivity, reflected_c, register = 0.95, None, None
    words = wire.frames()[0]
    for record in unpack(raw)[:16]:
        reader = Reader(record.body)
        match record.operation % OPERATIONS:
            case 0:
                calibration = calibrate(wire.edited(reader.among(wire.dumps()), reader, wire.DUMP_PLACES))
                plausibility.forget()
            case 2:
                emissivity = (reader.byte() + 1) / 256
                reflected_c, register = reader.among(_ROOM), reader.among(_REGISTERS)
            case 1:
                words = wire.edited(reader.among(wire.frames()), reader, wire.TAIL_PLACES)
            case _:
                words = wire.edited(words, reader, wire.TAIL_PLACES)
        if isinstance(calibration, str):
            assert calibration
            continue
        _judged(calibration, plausibility.judge(calibration, words, emissivity, reflected_c), words)
        _converted(calibration, convert(calibration, words, emissivity, reflected_c, register))
        assert looks_radiometric(calibration, words, register) in (True, False)
        assert np.isfinite(linear_guess(words)).all()


def _converted(calibration: Calibration, result: Conversion | str) -> None:
    if isinstance(result, str):
        assert result
        return
    assert result.to_c.shape == (24, 32)
    assert result.to_c.dtype == np.float32
    assert not np.isinf(result.to_c).any()
    assert bool((result.to_c >= -273.16)[~np.isnan(result.to_c)].all())
    assert np.isfinite([result.ambient_c, result.supply_v, result.torn_k]).all()
    assert not (result.replaced & ~calibration.bad).any()
    assert not np.isnan(result.to_c[result.replaced]).any()


def _judged(calibration: Calibration, judged: Judged, words: wire.Words) -> None:
    """No temperatures of a frame that does not look like one of this sensor."""
    assert (judged.conversion is None) == bool(judged.why)
    if judged.conversion is None:
        return
    assert not judged.dropped
    assert looks_radiometric(calibration, words)
    assert 2.8 <= judged.conversion.supply_v <= 3.8
    assert -40 <= judged.conversion.ambient_c <= 110
    _converted(calibration, judged.conversion)


def seeds() -> list[bytes]:
    """The chips and frames of the grammar, odd settings, and edits in the words that matter."""
    rows = [[Record(DUMP, bytes((chip,))), Record(FRAME, bytes((frame,)))] for chip in range(4) for frame in (0, 4)]
    rows += [[Record(SCENE, bytes((242, room, room))), Record(FRAME, b"\x01")] for room in range(7)]
    rows += [
        [Record(DUMP, bytes((chip, 0xC0 | place >> 8, place, 0, edge))), Record(FRAME, b"\x00")]
        for chip, place, edge in ((0, 20, 4), (2, 25, 3), (3, 28, 7), (1, 13, 2))
    ]
    rows += [
        [Record(FRAME, bytes((0, 0x80, place, 0x16, 0x80))), Record(SAME, bytes((0x80, place, 0x17, 0)))]
        for place in range(6)
    ]
    return [pack(row) for row in rows]

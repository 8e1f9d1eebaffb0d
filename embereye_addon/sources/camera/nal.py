"""What a coded picture says of itself before it is decoded (ITU-T H.264 and H.265, section 7.3). Pure.

Packets are Annex B, as FFmpeg's RTSP reader gives them. Nothing here raises, whatever the bytes are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD_BYTES = 2048
"""Of a packet's start: delimiters, parameter sets and SEI come before the first slice and are shorter."""
SETS_BYTES = 64
SLICE_BYTES = 24
"""More than what is read of a parameter set and of a slice's head."""
_START = b"\x00\x00\x01"
_CHROMA_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""H.264 profiles whose parameter set has the chroma format in it (7.3.2.1.1)."""


class _Bits:
    """Reads bits of a NAL unit; beyond the end everything is 0. Emulation prevention is taken out first."""

    def __init__(self, unit: bytes) -> None:
        clean = unit.replace(b"\x00\x00\x03", b"\x00\x00")
        self._all = int.from_bytes(clean, "big")
        self._left = len(clean) * 8

    def take(self, count: int) -> int:
        """The next bits as a number (7.2, u(n))."""
        self._left -= count
        shifted = self._all >> self._left if self._left >= 0 else 0
        return shifted & ((1 << count) - 1)

    def golomb(self) -> int:
        """The next Exp-Golomb number (9.1); 0 where there is none."""
        if self._left <= 0:
            return 0
        rest = self._all & ((1 << self._left) - 1)
        zeros = self._left - rest.bit_length()
        if zeros > 31:
            return 0
        self.take(zeros)
        return self.take(zeros + 1) - 1


def starts(head: bytes) -> Iterator[int]:
    """Where the NAL units of an Annex B packet begin, behind their start codes; as many as are asked for."""
    at = head.find(_START)
    while 0 <= at < len(head) - len(_START):
        yield at + len(_START)
        at = head.find(_START, at + len(_START))


def is_reference(codec: str, head: bytes) -> bool:
    """Whether other pictures may be predicted from this one; True when that cannot be told."""
    for at in starts(head):
        if codec == "h264" and 1 <= head[at] & 31 <= 5:
            return bool(head[at] & 0x60)  # nal_ref_idc
        if codec == "hevc" and (kind := head[at] >> 1 & 63) < 32:
            return kind > 14 or bool(kind & 1)  # even numbers up to RSV_VCL_N14: sub-layer non-reference
    return True


@dataclass(slots=True)
class Continuity:
    """Follows H.264's frame_num (7.4.3): a lost picture leaves a gap. Says nothing of H.265."""

    _bits: int = 0
    _planes: bool = False
    _frame_num: int = field(default=-1)

    def lost(self, codec: str, head: bytes, key: bool) -> bool:
        """Take the next packet in coded order; True when reference pictures before it are missing."""
        if codec != "h264":
            return False
        for at in starts(head):
            kind = head[at] & 31
            if kind == 7:
                self._parameters(head[at : at + SETS_BYTES])
            elif kind in (1, 2, 5):
                return self._slice(head[at : at + SLICE_BYTES], key or kind == 5)
        return False

    @property
    def checks(self) -> bool:
        """Whether gaps can be told in this stream."""
        return self._bits > 0

    def _slice(self, unit: bytes, key: bool) -> bool:
        if not self._bits:
            return False
        bits = _Bits(unit[1:])
        for _ in range(3):  # first macroblock, kind of slice, picture parameter set
            bits.golomb()
        bits.take(2 if self._planes else 0)
        number, before = bits.take(self._bits), self._frame_num
        reference = bool(unit[0] & 0x60)
        if reference or key:
            self._frame_num = number
        return not (key or before < 0 or number in (before, (before + 1) % (1 << self._bits)))

    def _parameters(self, unit: bytes) -> None:
        bits = _Bits(unit[1:])
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        self._planes = False
        if profile in _CHROMA_PROFILES:
            chroma = bits.golomb()
            self._planes = chroma == 3 and bool(bits.take(1))
            bits.golomb()
            bits.golomb()
            bits.take(1)
            if bits.take(1):  # scaling lists: no camera was seen to send them, and they are long
                self._bits = 0
                return
        length = bits.golomb() + 4
        order = bits.golomb()
        self._order(bits, order)
        bits.golomb()
        allowed = bool(bits.take(1))
        self._bits = 0 if allowed or length > 16 or order > 2 else length

    @staticmethod
    def _order(bits: _Bits, order: int) -> None:
        """Skip what stands between the kind of picture order count and the number of references."""
        if order == 0:
            bits.golomb()
        elif order == 1:
            bits.take(1)
            bits.golomb()
            bits.golomb()
            for _ in range(min(bits.golomb(), 255)):
                bits.golomb()

"""What a camera sends, measured from its packets, and plain advice to the installer. Pure; times come in as arguments.

Costs: 640x480 at 512 kbit/s takes 0.65 ms of one core a picture to decode, 0.2 ms of it for the pixels and 0.11 ms for
each kB, and H.265 1.8 times that (measured on a 2-core machine; docs/scaling.md).
"""

from dataclasses import dataclass, field

SKIP_S = 1.5
"""After the opening: what FFmpeg read while it looked at the stream comes in one burst."""
WINDOW_S = 10.0
"""What is told is of the last whole window; the first one ends after FIRST_S, with at least two key frames in it."""
FIRST_S = 4.0
PIXELS_GOOD = 640 * 480
"""What the model and the candidates are made for; more pixels cost in proportion and are shrunk again."""
PIXELS_FEW = 320 * 180
FPS_FEW = 8.0
"""A flame flickers at up to 12 Hz, most of it below 4 Hz: eight pictures a second show 4 Hz (Nyquist)."""
FPS_MANY = 20.0
GOP_LONG_S = 4.0
KBIT_MANY_A_MEGAPIXEL = 3500.0
"""640x480 at 1 Mbit/s: twice what 640x480 at 15 pictures a second needs."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """A stream: codec, size in pixels, pictures and kbit a second, key-frame interval in pictures (0: none seen),
    pictures that are sent after ones that are shown later, and the share of pictures that none depends on.
    """

    codec: str
    width: int
    height: int
    fps: float
    kbit_s: float
    gop: float
    b_frames: int
    spare: float

    @property
    def gop_s(self) -> float:
        """Seconds between key frames; 0 when none was seen."""
        return self.gop / self.fps if self.fps else 0.0


@dataclass(slots=True)
class Probe:
    """Counts one stream's packets. Give it each in the order of arrival; `facts` is None until enough came."""

    codec: str = ""
    width: int = 0
    height: int = 0
    facts: StreamFacts | None = None
    _opened_s: float | None = None
    _began_s: float = 0.0
    _packets: int = 0
    _octets: int = 0
    _spare: int = 0
    _keys: list[int] = field(default_factory=list)
    _highest_pts: int = 0
    _run: int = 0
    _behind: int = 0

    def opened(self, codec: str, width: int, height: int) -> None:
        """A stream begins."""
        self.codec, self.width, self.height = codec, width, height
        self._opened_s, self.facts = None, None

    def take(self, size: int, key: bool, is_reference: bool, pts: int | None, now_s: float) -> None:
        """One packet: its bytes, whether it is a key frame, whether others need it, and its time stamp."""
        if self._opened_s is None:
            self._opened_s = now_s
            self._begin(now_s + SKIP_S)
        if now_s < self._began_s:
            return
        if key:
            self._keys.append(self._packets)
            self._highest_pts, self._run = pts or 0, 0
        elif pts is not None:
            self._run = self._run + 1 if pts < self._highest_pts else 0
            self._behind = max(self._behind, self._run)
            self._highest_pts = max(self._highest_pts, pts)
        self._packets += 1
        self._octets += size
        self._spare += not is_reference
        seconds = now_s - self._began_s
        if seconds >= WINDOW_S or (self.facts is None and seconds >= FIRST_S and len(self._keys) > 1):
            self._end(seconds)
            self._begin(now_s)

    def resized(self, width: int, height: int) -> None:
        """The pictures have another size from now on."""
        self.width, self.height = width, height
        if self.facts is not None:
            self._opened_s, self.facts = None, None

    def _begin(self, now_s: float) -> None:
        self._began_s, self._packets, self._octets, self._spare, self._behind = now_s, 0, 0, 0, 0
        self._keys = []

    def _end(self, seconds: float) -> None:
        keys = self._keys
        gop = (keys[-1] - keys[0]) / (len(keys) - 1) if len(keys) > 1 else 0.0
        if not gop and self.facts is not None and self.facts.gop > self._packets:
            gop = self.facts.gop  # a key-frame interval longer than a window
        self.facts = StreamFacts(
            codec=self.codec,
            width=self.width,
            height=self.height,
            fps=round(self._packets / seconds, 2),
            kbit_s=round(self._octets / seconds / 125.0, 1),
            gop=gop or float(self._packets if len(keys) < 2 else 1),
            b_frames=self._behind,
            spare=round(self._spare / max(1, self._packets), 3),
        )


def described(facts: StreamFacts) -> str:
    """The stream in one line."""
    name = {"h264": "H.264", "hevc": "H.265"}.get(facts.codec, facts.codec)
    return (
        f"{name} {facts.width}x{facts.height}, {facts.fps:.0f} pictures a second, {facts.kbit_s:.0f} kbit/s, "
        f"a key frame every {facts.gop_s:.1f} s"
    )


def advice(facts: StreamFacts) -> tuple[str, ...]:
    """What to change at the camera, the most useful first; nothing when all is well."""
    return tuple(
        text
        for text in (_size(facts), _slow(facts), _fast(facts), _keys(facts), _bits(facts), _order(facts), _codec(facts))
        if text
    )


def _size(facts: StreamFacts) -> str:
    pixels = facts.width * facts.height
    if pixels >= PIXELS_GOOD * 1.5:
        times = pixels / PIXELS_GOOD
        shown = f"{times:.0f}" if times >= 2.5 else f"{times:.1f}"
        return (
            f"{facts.width}x{facts.height} costs about {shown} times a 640x480 substream and is shrunk before it is "
            "looked at: choose the substream"
        )
    if 0 < pixels < PIXELS_FEW:
        return f"{facts.width}x{facts.height} is small: a distant fire is a few pixels; 640x480 is best"
    return ""


def _slow(facts: StreamFacts) -> str:
    if facts.fps < FPS_FEW:
        shown = f"{facts.fps:.0f}" if facts.fps >= 1.0 else f"{facts.fps:.1f}"
        return f"{shown} pictures a second are too few to see flicker: set 10 to 15"
    return ""


def _fast(facts: StreamFacts) -> str:
    return f"{facts.fps:.0f} pictures a second cost more than they show: 15 are enough" if facts.fps > FPS_MANY else ""


def _keys(facts: StreamFacts) -> str:
    if facts.gop_s <= GOP_LONG_S:
        return ""
    return (
        f"key frame only every {facts.gop_s:.0f} s: after a loss nothing can be seen for so long; "
        "set the I-frame interval to 2 s"
    )


def _bits(facts: StreamFacts) -> str:
    megapixels = facts.width * facts.height / 1e6
    if not megapixels or facts.kbit_s <= KBIT_MANY_A_MEGAPIXEL * megapixels:
        return ""
    return f"{facts.kbit_s:.0f} kbit/s is much for {facts.width}x{facts.height}: bits cost as much as pixels; halve it"


def _order(facts: StreamFacts) -> str:
    if not facts.b_frames:
        return ""
    few = "1 picture" if facts.b_frames == 1 else f"{facts.b_frames} pictures"
    return f"B-frames delay every look by {few}: choose a profile without them (baseline, or B-frames 0)"


def _codec(facts: StreamFacts) -> str:
    if facts.codec in ("h264", "hevc"):
        return (
            ""
            if facts.codec == "h264"
            else "H.265 costs about 1.8 times H.264 to decode: prefer H.264 where CPU is short"
        )
    return f"{facts.codec} was not tried with EmberEye: prefer H.264"

"""A session with one device on its line, as most tests want it: its events without their owner."""

from embereye_addon.sources.pf.events import Event, Setup
from embereye_addon.sources.pf.session import Session


class Alone:
    """A session, the one device it begins with, and short ways to both."""

    def __init__(self, address: str = "10.0.0.31", mono_s: float = 0.0) -> None:
        self.line = Session(address, mono_s)
        self.unit = self.line.units[0]
        self.counts, self.framer, self.commands = self.line.counts, self.line.framer, self.line.commands

    def adopt(self, setup: Setup) -> list[Event]:
        """The device is accepted."""
        return self.line.adopt(self.unit, setup)

    def release(self) -> None:
        """It is no longer."""
        self.line.release(self.unit)

    def feed(self, chunk: bytes, mono_s: float, at_s: float, *, hold: bool = False) -> list[Event]:
        """Bytes arrive."""
        return [event for _, event in self.line.feed(chunk, mono_s, at_s, hold=hold)]

    def held_frame(self, mono_s: float) -> list[Event]:
        """What was held may be judged."""
        return [event for _, event in self.line.held_frames(mono_s)]

    def tick(self, mono_s: float) -> tuple[list[Event], list[bytes]]:
        """Time passes."""
        told, commands = self.line.tick(mono_s)
        return [event for _, event in told], commands

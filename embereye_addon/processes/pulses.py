"""Which children hang: alive, but silent for longer than they may be. Pure; time is counted in the supervisor's looks.

A machine that was suspended or that stalls as a whole stops the looks as well, so nobody's silence grows by more than
`LOOK_MOST_S` a look. While the bus is away nobody can be heard, so silence is not counted at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from signal import SIGKILL, SIGTERM, Signals

HUNG_S = 12.0
"""A process speaks every 2 s; from this silence to a working successor there are 18 s left of the 30 s allowed."""
EVERYBODY_S = 60.0
"""The same when no child at all is heard: then it is more likely the machine."""
START_S = 60.0
"""Nobody is ended so soon after its start: compiling a model on a slow machine may take all of it."""
TERM_S = 2.0
"""From SIGTERM to SIGKILL."""
BUS_S = 6.0
"""The supervisor does not hear itself for so long: the bus is away, nobody can be heard, and its server is asked. A
server that is back within 10 s costs nobody a lease, and so the panel no restart.
"""
LOOK_MOST_S = 2.0
OWN = "supervisor"
SERVER = "nats-server"


@dataclass(slots=True)
class Pulse:
    """One process: how long it has lived, and how long it has not been heard (s, as counted)."""

    pid: int
    lived_s: float = 0.0
    silent_s: float = 0.0


@dataclass(slots=True)
class Pulses:
    """Every child, the bus's server and the supervisor itself, which hears itself by way of the bus."""

    start_s: float = START_S
    hung_s: float = HUNG_S
    of: dict[str, Pulse] = field(default_factory=dict)
    looked_s: float | None = None

    def heard(self, name: str, pid: int) -> None:
        """That very process spoke; what its predecessor said is not counted."""
        if (pulse := self.of.get(name)) and pulse.pid == pid:
            pulse.silent_s = 0.0

    def look(self, running: Mapping[str, int], now_s: float) -> dict[str, Signals]:
        """Whom to end how, given the process numbers of all who run, `OWN` among them (`now_s` monotonic).

        The server is named when the supervisor does not hear itself; whether it hangs has still to be asked. It keeps
        everything on disk at once, so it is not asked to end first: that would only cost time.
        """
        passed_s = min(now_s - self.looked_s, LOOK_MOST_S) if self.looked_s is not None else 0.0
        self.looked_s = now_s
        self._follow(running)
        for pulse in self.of.values():
            pulse.lived_s += passed_s
        own = self.of[OWN]
        own.silent_s += passed_s
        if own.silent_s > BUS_S:
            server = self.of.get(SERVER)
            return {SERVER: SIGKILL} if server is not None and server.lived_s >= self.start_s else {}
        silent_s: dict[str, float] = {}
        for name, pulse in self.of.items():
            if name not in (OWN, SERVER):
                pulse.silent_s += passed_s
                silent_s[name] = pulse.silent_s
        somebody = min(silent_s.values(), default=0.0) < self.hung_s
        return self._overdue(silent_s, self.hung_s if somebody else EVERYBODY_S)

    def forgive(self) -> None:
        """Everybody's silence is forgotten: they could not be heard."""
        for pulse in self.of.values():
            pulse.silent_s = 0.0

    def _follow(self, running: Mapping[str, int]) -> None:
        server = self.of.get(SERVER)
        self.of = {
            name: pulse if (pulse := self.of.get(name)) and pulse.pid == pid else Pulse(pid)
            for name, pid in running.items()
        }
        if server is not self.of.get(SERVER):
            self.forgive()

    def _overdue(self, silent_s: Mapping[str, float], limit_s: float) -> dict[str, Signals]:
        return {
            name: SIGKILL if silence_s >= limit_s + TERM_S else SIGTERM
            for name, silence_s in silent_s.items()
            if silence_s >= limit_s and name in self.of and self.of[name].lived_s >= self.start_s
        }

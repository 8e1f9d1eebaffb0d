"""The state of a connection to a camera or PF device, and how long to wait before trying again. Pure."""

from dataclasses import dataclass

from embereye_addon.messages import LinkState

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 15.0  # a source that comes back is seen again within half a minute
STEADY_S = 10.0  # a connection that held this long starts the back-off anew
DEGRADED_PART = 0.75  # of the silence that counts as loss


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state, at a monotonic time, with the reason in words."""

    was: LinkState
    now: LinkState
    at_mono_s: float
    why: str

    @property
    def is_loss(self) -> bool:
        """True when the source stopped working: to be logged once as a warning."""
        return self.now is LinkState.OFFLINE


class Link:
    """One source's link for as long as the source exists; connections come and go.

    Each call leaves the change it made (or None) in `transition`, and all but `lost` return it, so the
    caller logs a loss once and a return once; `lost` returns the time to wait.
    """

    __slots__ = (
        "_failures",
        "_is_open",
        "_last_s",
        "_opened_s",
        "reconnects",
        "since_mono_s",
        "state",
        "transition",
        "why",
    )

    def __init__(self, now_mono_s: float) -> None:
        self.state = LinkState.CONNECTING
        self.since_mono_s = now_mono_s
        self.why = ""
        self.transition: Transition | None = None
        self.reconnects = 0
        self._failures = 0
        self._is_open = False
        self._opened_s = now_mono_s
        self._last_s = now_mono_s  # of the last sign of life, or of the beginning

    def opened(self, now_mono_s: float) -> Transition | None:
        """A connection stands, nothing came through it yet. The state does not change before `seen`."""
        self._is_open = True
        self._opened_s = now_mono_s
        return self._become(self.state, now_mono_s, self.why)

    def seen(self, now_mono_s: float) -> Transition | None:
        """Something usable arrived."""
        self._last_s = now_mono_s
        if self.state is LinkState.OFFLINE:
            self.reconnects += 1
        return self._become(LinkState.ONLINE, now_mono_s, "")

    def lost(self, now_mono_s: float, why: str, jitter: float) -> float:
        """The connection ended or was never made; the seconds to wait, by `jitter` 0..1 half to full back-off."""
        if self._is_open and self._last_s >= self._opened_s and now_mono_s - self._opened_s >= STEADY_S:
            self._failures = 0
        self._is_open = False
        delay_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._become(LinkState.OFFLINE, now_mono_s, why)
        return delay_s * (0.5 + 0.5 * jitter)

    def tick(self, now_mono_s: float, silence_s: float) -> Transition | None:
        """Time passed; nothing for `silence_s` is a loss, for three quarters of it a warning sign."""
        quiet_s = now_mono_s - self._last_s
        if self.state in (LinkState.DISABLED, LinkState.OFFLINE) or quiet_s < DEGRADED_PART * silence_s:
            return self._become(self.state, now_mono_s, self.why)
        if quiet_s >= silence_s:
            return self._become(LinkState.OFFLINE, now_mono_s, f"nothing came for {quiet_s:.0f} s")
        if self.state is LinkState.ONLINE:
            return self._become(LinkState.DEGRADED, now_mono_s, f"nothing came for {quiet_s:.0f} s")
        return self._become(self.state, now_mono_s, self.why)

    def disable(self, now_mono_s: float) -> Transition | None:
        """The settings switch this source off."""
        self._is_open = False
        return self._become(LinkState.DISABLED, now_mono_s, "switched off in the settings")

    def enable(self, now_mono_s: float) -> Transition | None:
        """The settings switch this source on again."""
        self._last_s, self._failures = now_mono_s, 0
        return self._become(LinkState.CONNECTING, now_mono_s, "")

    def _become(self, state: LinkState, now_mono_s: float, why: str) -> Transition | None:
        """Enter a state, where this is true in it:

        DISABLED    the settings say no; no connection is tried, silence is no fault
        CONNECTING  nothing was ever received, and the time in which it should have been is not over
        ONLINE      a connection stands and something arrived within the silence limit
        DEGRADED    a connection may stand, but most of the silence limit has passed without a sign of life
        OFFLINE     no connection stands or nothing arrives; retries go on; stays until something arrives
        """
        was, self.state, self.why = self.state, state, why
        self.transition = None if was is state else Transition(was, state, now_mono_s, why)
        if self.transition is not None:
            self.since_mono_s = now_mono_s
        return self.transition

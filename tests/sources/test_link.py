"""Link states and back-off."""

from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.messages import LinkState
from embereye_addon.sources.link import LONGEST_DELAY_S, Link


def test_a_source_is_online_only_once_something_came() -> None:
    """A camera that accepts connections and sends nothing is shown as working."""
    link = Link(0.0)
    assert link.state is LinkState.CONNECTING
    assert link.opened(1.0) is None
    assert link.state is LinkState.CONNECTING
    made = link.seen(2.0)
    assert made is not None
    assert (made.was, made.now, made.is_loss) == (LinkState.CONNECTING, LinkState.ONLINE, False)
    assert link.seen(3.0) is None
    assert link.since_mono_s == 2.0


def test_silence_degrades_then_loses_and_life_returns() -> None:
    """A silent device stays online, or its loss or return is never told."""
    link = Link(0.0)
    link.opened(0.0)
    link.seen(0.0)
    assert link.tick(14.9, 20.0) is None
    late = link.tick(15.0, 20.0)
    assert late is not None
    assert late.now is LinkState.DEGRADED
    assert link.tick(16.0, 20.0) is None
    gone = link.tick(20.0, 20.0)
    assert gone is not None
    assert gone.is_loss
    assert gone.why == "nothing came for 20 s"
    assert link.tick(99.0, 20.0) is None
    back = link.seen(100.0)
    assert back is not None
    assert not back.is_loss
    assert link.reconnects == 1


def test_a_source_that_never_speaks_is_lost_too() -> None:
    """A configured device that never connects is no fault."""
    link = Link(0.0)
    assert link.tick(16.0, 20.0) is None
    assert link.state is LinkState.CONNECTING
    gone = link.tick(20.0, 20.0)
    assert gone is not None
    assert gone.is_loss


def test_back_off_grows_to_its_cap_and_the_loss_is_told_once() -> None:
    """A dead camera is hammered, or the log fills with its loss."""
    link = Link(0.0)
    delays, losses = [], 0
    for attempt in range(8):
        delays.append(link.lost(float(attempt), "refused", 1.0))
        losses += link.transition is not None and link.transition.is_loss
    assert delays == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 15.0]
    assert losses == 1
    assert link.lost(9.0, "refused", 0.0) == LONGEST_DELAY_S / 2


def test_only_a_connection_that_held_starts_the_back_off_anew() -> None:
    """A camera that connects and drops at once is hammered every second."""
    link = Link(0.0)
    for at in range(4):
        link.lost(float(at), "refused", 1.0)
    link.opened(10.0)
    link.seen(11.0)
    assert link.lost(12.0, "dropped", 1.0) == LONGEST_DELAY_S
    link.opened(20.0)
    link.seen(21.0)
    assert link.lost(31.0, "dropped", 1.0) == 1.0


def test_switched_off_is_no_loss() -> None:
    """A camera that somebody switched off raises a fault."""
    link = Link(0.0)
    off = link.disable(1.0)
    assert off is not None
    assert not off.is_loss
    assert link.tick(1000.0, 20.0) is None
    on = link.enable(1001.0)
    assert on is not None
    assert link.state is LinkState.CONNECTING
    assert link.tick(1010.0, 20.0) is None


@given(
    steps=st.lists(st.tuples(st.sampled_from(["opened", "seen", "lost", "tick"]), st.floats(0, 30)), max_size=60),
    jitter=st.floats(0, 1),
)
def test_transitions_chain_and_silence_never_lasts(steps: list[tuple[str, float]], jitter: float) -> None:
    """Some order of events leaves a dead source online."""
    link, now, state = Link(0.0), 0.0, LinkState.CONNECTING
    last = 0.0
    for step, pause in steps:
        now += pause
        match step:
            case "opened":
                link.opened(now)
            case "seen":
                link.seen(now)
                last = now
            case "lost":
                assert 0.5 <= link.lost(now, "gone", jitter) <= LONGEST_DELAY_S
            case _:
                link.tick(now, 20.0)
                assert now - last < 20.0 or link.state is LinkState.OFFLINE
        if link.transition is not None:
            assert link.transition.was is state
            assert link.transition.now is not state
        state = link.state

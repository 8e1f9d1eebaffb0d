"""Words for a broker that cannot be used: what to do, and never the password."""

import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.publish.outages import LONGEST_PAUSE_S, outage, pause_s
from embereye_addon.settings import model

SETTINGS = model.Mqtt(host="broker.lan", username="fire", password="sesame", tls=False, ca_file="/ssl/ca.pem")
CAUSES: tuple[tuple[BaseException | None, str], ...] = (
    (ConnectionRefusedError(), "Nobody listens"),
    (socket.gaierror(-2, "x"), "not known"),
    (TimeoutError(), "switch TLS on"),
    (ssl.SSLCertVerificationError(1, "x"), "not trusted"),
    (ssl.SSLError(1, "WRONG_VERSION"), "TLS port"),
    (FileNotFoundError(), "/ssl/ca.pem"),
    (PermissionError(), "may not be read"),
    (ConnectionResetError(), "was lost"),
    (OSError(113, "No route to host"), "No route to host"),
    (OSError(), "OSError"),
    (None, "was lost"),
    (ValueError("sesame"), "cannot be used (ValueError)"),
)


@pytest.mark.parametrize(("cause", "words"), CAUSES)
def test_each_failure_has_its_words(cause: BaseException | None, words: str) -> None:
    """An installer reads what to change."""
    found = outage(SETTINGS, None, cause)
    assert words in found.text
    assert not found.login
    assert "sesame" not in found.text


def test_a_refused_login_names_the_user() -> None:
    """The commonest mistake of all; new credentials may be asked for."""
    found = outage(SETTINGS, 134, None)
    assert found.login
    assert "'fire'" in found.text
    assert "sesame" not in found.text
    assert "without a user name" in outage(model.Mqtt(host="x"), 135, None).text


def test_the_brokers_own_reason_comes_first() -> None:
    """What the broker says tells more than the closed socket that follows."""
    assert "MQTT 5" in outage(SETTINGS, 132, ConnectionResetError()).text
    assert "same id" in outage(SETTINGS, 142, None).text


@given(st.integers(), st.floats(0, 1))
def test_pauses_are_bounded(attempt: int, chance: float) -> None:
    """A broker that is back is found within 15 s, and never hammered."""
    assert 0.5 <= pause_s(attempt, chance) <= LONGEST_PAUSE_S


def test_pauses_grow() -> None:
    """The first retry is soon, later ones are rare."""
    assert [pause_s(attempt, 1.0) for attempt in (1, 2, 3, 4, 5, 6)] == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]

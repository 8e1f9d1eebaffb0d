"""Why the broker cannot be used, in words an installer can act on. Pure; never a password."""

import socket
import ssl
from dataclasses import dataclass

from embereye_addon.settings import model

LOGIN_CODES = frozenset((4, 5, 134, 135))
"""MQTT 3.1.1 and MQTT 5 codes of a refused user name or password."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 15.0

_REFUSALS = {
    1: "it does not speak MQTT 5",
    132: "it does not speak MQTT 5",
    2: "it does not accept this client's id",
    133: "it does not accept this client's id",
    3: "it says that it is not available",
    136: "it says that it is not available",
    137: "it says that it is too busy",
    138: "it has banned this client",
    142: "another client with the same id has taken the connection over",
    149: "a message was larger than it allows",
    151: "a quota is used up",
    159: "too many connections a second",
}


@dataclass(frozen=True, slots=True)
class Outage:
    """The words of a loss; `login` says that other credentials may help."""

    text: str
    login: bool = False


def outage(settings: model.Mqtt, code: int | None, cause: BaseException | None) -> Outage:
    """The words for the broker's own answer `code`, or for the error underneath when it gave none."""
    where = f"{settings.host}:{settings.port}"
    if code in LOGIN_CODES:
        who = f"for the user {settings.username!r}" if settings.username else "without a user name"
        return Outage(f"The MQTT broker at {where} refused the login {who}; check mqtt user name and password", True)
    if code in _REFUSALS:
        return Outage(f"The MQTT broker at {where} refused: {_REFUSALS[code]}")
    return Outage(_network_words(settings, where, cause))


def _network_words(settings: model.Mqtt, where: str, cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = getattr(cause, "verify_message", "no reason given")
        return (
            f"The certificate of the MQTT broker at {where} is not trusted ({why});"
            " set the authority's certificate (ca_file) or the host name it was made for"
        )
    hint = "; check that this is its TLS port" if settings.tls else "; if it asks for TLS, switch TLS on"
    words: dict[type, str] = {
        ssl.SSLError: f"TLS with the MQTT broker at {where} failed; check that this is its TLS port",
        FileNotFoundError: f"The authority's certificate {settings.ca_file!r} for the MQTT broker is not there",
        PermissionError: f"The authority's certificate {settings.ca_file!r} for the MQTT broker may not be read",
        socket.gaierror: f"The name of the MQTT broker, {settings.host!r}, is not known in this network",
        ConnectionRefusedError: f"Nobody listens at {where}; is the MQTT broker running?",
        ConnectionError: f"The connection to the MQTT broker at {where} was lost{hint}",
        TimeoutError: f"The MQTT broker at {where} does not answer{hint}",
        OSError: f"The MQTT broker at {where} cannot be reached ({_strerror(cause)})",
        type(None): f"The connection to the MQTT broker at {where} was lost{hint}",
    }
    unknown = f"The MQTT broker at {where} cannot be used ({type(cause).__name__})"
    return next((text for kind, text in words.items() if isinstance(cause, kind)), unknown)


def _strerror(cause: BaseException | None) -> str:
    return (isinstance(cause, OSError) and cause.strerror) or type(cause).__name__


def pause_s(attempt: int, chance: float) -> float:
    """Seconds before attempt number `attempt` (1 = the first retry): doubling, capped; `chance` 0..1 spreads it."""
    full = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(max(attempt, 1) - 1, 8))
    return full * (0.5 + 0.5 * chance)

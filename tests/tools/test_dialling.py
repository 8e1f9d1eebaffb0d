"""Dialling: a connection, or words that say what to do."""

import asyncio
import signal
import sys
from argparse import ArgumentTypeError

import pytest

from embereye_addon.errors import LinkError
from embereye_addon.tools.dialling import dial, hang_up, identity, port
from tests.fakes.ports import free_port
from tests.tools.samples import listening


async def test_a_host_that_listens_is_reached() -> None:
    """The one good case, closed again at once."""
    async with listening() as host:
        _, writer = await dial("127.0.0.1", host.port)
        await hang_up(writer)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1", "Nobody listens at 127.0.0.1:"),
        ("no.such.host.invalid", "The name 'no.such.host.invalid' is not known"),
        ("a" * 70, "is not known"),
        ("255.255.255.255", "255.255.255.255:[0-9]+ cannot be reached"),
    ],
)
async def test_nobody_there_is_words(host: str, words: str) -> None:
    """A wrong address is the commonest mistake; a traceback would not say so."""
    with pytest.raises(LinkError, match=words):
        await dial(host, free_port())


async def test_no_answer_is_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that drops answers nothing at all."""

    async def never(*_: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio, "open_connection", never)
    monkeypatch.setattr("embereye_addon.tools.dialling.CONNECT_S", 0.05)
    with pytest.raises(LinkError, match=r"192\.0\.2\.1:9001 does not answer"):
        await dial("192.0.2.1", 9001)


WAITS = """
import asyncio
from embereye_addon.tools.dialling import told_to_stop, wait_for

async def main():
    with told_to_stop() as stop:
        assert not await wait_for(stop, 0.01)
        print("waits", flush=True)
        assert await wait_for(stop, None)
    print("stopped")

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_waiting(number: signal.Signals) -> None:
    """Ctrl-C ends a command with its last line, not with a traceback."""
    waiting = await asyncio.create_subprocess_exec(sys.executable, "-c", WAITS, stdout=asyncio.subprocess.PIPE)
    assert waiting.stdout is not None
    assert await waiting.stdout.readline() == b"waits\n"
    waiting.send_signal(number)
    said, _errors = await waiting.communicate()
    assert said == b"stopped\n"
    assert waiting.returncode == 0


def test_ports_and_names_are_checked() -> None:
    """A name with the marks of a packet would break the packet."""
    assert (port("9001"), identity("dock 7")) == (9001, "dock 7")
    for wrong in ("0", "65536"):
        with pytest.raises(ArgumentTypeError):
            port(wrong)
    for wrong in ("", "a!", "#a", "a" * 57, "ä", "a\n"):
        with pytest.raises(ArgumentTypeError):
            identity(wrong)

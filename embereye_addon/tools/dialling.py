"""Dialling a gateway from the command line: a connection, or words about why there is none."""

import asyncio
import contextlib
import signal
import socket
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator

from embereye_addon.errors import LinkError

PORT = 9001
CONNECT_S = 5.0


def add_address(parser: ArgumentParser) -> None:
    """--host and --port."""
    parser.add_argument("--host", default="127.0.0.1", help="where the gateway listens (default 127.0.0.1)")
    parser.add_argument("--port", type=port, default=PORT, help=f"its pf.port (default {PORT})")


def port(text: str) -> int:
    """A TCP port."""
    value = int(text)
    if not 0 < value < 65536:
        raise ArgumentTypeError("a port, 1 to 65535")
    return value


def identity(text: str) -> str:
    """What a device may call itself in a packet."""
    if not (0 < len(text) <= 56 and text.isascii() and text.isprintable()) or set(text) & set("#!"):
        raise ArgumentTypeError("1 to 56 printable characters without # and !")
    return text


async def dial(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection; LinkError in words where there is none within 5 s."""
    try:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.open_connection(host, port)
    except TimeoutError:
        why = f"{host}:{port} does not answer"
    except (socket.gaierror, UnicodeError):
        why = f"The name {host!r} is not known in this network"
    except ConnectionRefusedError:
        why = f"Nobody listens at {host}:{port}. Start EmberEye first, or name its address with --host and --port"
    except OSError as error:
        why = f"{host}:{port} cannot be reached: {error.strerror or error}"
    raise LinkError(why)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close, whatever the other side does."""
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            await writer.wait_closed()


@contextlib.contextmanager
def told_to_stop() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that the command ends with its last line."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def wait_for(stop: asyncio.Event, seconds: float | None) -> bool:
    """Wait until told to stop, at most this long; whether it was told."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True

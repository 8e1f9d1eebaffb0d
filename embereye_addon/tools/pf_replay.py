"""pf-replay: what a PF device said in a capture is said again to a running gateway, at its own pace or faster."""

import argparse
import asyncio
import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from embereye_addon.errors import ProtocolError, StorageError
from embereye_addon.observe.tasks import stopped
from embereye_addon.tools.captures import Segment, segmented, spoken
from embereye_addon.tools.dialling import add_address, dial, hang_up, identity, told_to_stop, wait_for
from embereye_addon.tools.progress import Progress

WRITE_S = 30.0
FAREWELL_S = 1.0

DESCRIPTION = """Replay a capture of a PF device against a running gateway.

CAPTURE is a text file, a line a packet: time TAB direction TAB packet, of which only what the device said (D>H) is
sent; or a .bin file with the bytes as they were sent, with a table of its segments beside it (a CSV file with the
columns time, dir, offset, nbytes).
What the gateway says is read and ignored: the capture goes its way.
"""
EPILOG = "exit codes: 0 all was sent; 1 the gateway hung up, or it was stopped; 2 a mistake, or nobody listens"


@dataclass(slots=True)
class Sent:
    """How far a replay is."""

    pieces: int = 0
    octets: int = 0
    hung_up: str = ""


def read(capture: Path, table: Path | None) -> list[Segment]:
    """The pieces to send; StorageError or ProtocolError in words."""
    if capture.suffix.lower() != ".bin":
        return spoken(capture)
    beside = table or segments_beside(capture)
    if beside is None:
        raise StorageError(f"There is no table of segments beside {capture}; name it with --segments")
    return segmented(capture, beside)


def segments_beside(capture: Path) -> Path | None:
    """`x_segments.csv` or `x.csv` for `x_stream.bin` or `x.bin`; None where there is neither."""
    stems = (capture.stem.removesuffix("_stream"), capture.stem)
    for stem in stems:
        for name in (f"{stem}_segments.csv", f"{stem}.csv"):
            if capture.with_name(name).is_file():
                return capture.with_name(name)
    return None


def _speed(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1e6:
        raise argparse.ArgumentTypeError("0 (no pauses) or more; 1 is real time")
    return value


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon pf-replay",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("capture", type=Path, metavar="CAPTURE", help="capture.txt, or a .bin")
    parser.add_argument(
        "--segments", type=Path, default=None, metavar="FILE", help="table of a .bin (default: beside it)"
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="1 real time (default), 10 ten times that, 0 no pauses"
    )
    add_address(parser)
    parser.add_argument(
        "--identity", type=identity, default=None, metavar="NAME", help="announce this serial number first"
    )
    return parser.parse_args(words)


async def send(pieces: list[Segment], writer: asyncio.StreamWriter, speed: float, sent: Sent) -> None:
    """Send every piece when its time has come; TimeoutError where the gateway takes nothing for 30 s."""
    began_s = time.monotonic()
    for piece in pieces:
        due_s = began_s + (piece.at_s / speed if speed else 0.0)
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        writer.write(piece.raw)
        async with asyncio.timeout(WRITE_S):
            await writer.drain()
        sent.pieces += 1
        sent.octets += len(piece.raw)


async def _ignore(reader: asyncio.StreamReader, sent: Sent) -> None:
    """Read what the gateway says, until it hangs up."""
    with contextlib.suppress(OSError):
        while await reader.read(4096):
            pass
    sent.hung_up = "the gateway hung up"


async def _sending(pieces: list[Segment], writer: asyncio.StreamWriter, speed: float, sent: Sent) -> None:
    try:
        await send(pieces, writer, speed, sent)
        writer.write_eof()
    except TimeoutError:
        sent.hung_up = f"the gateway took nothing for {WRITE_S:.0f} s"
    except OSError:
        sent.hung_up = "the gateway hung up"


def _how_far(pieces: list[Segment], sent: Sent) -> str:
    newest = pieces[max(0, sent.pieces - 1)].at_s
    share = 100.0 * sent.pieces / len(pieces)
    return f"{share:.0f} %, {sent.octets} bytes, {newest:.0f} of {pieces[-1].at_s:.0f} s of the capture"


async def _watch(pieces: list[Segment], sent: Sent, progress: Progress) -> None:
    while True:
        await asyncio.sleep(progress.period_s)
        progress.show(lambda: _how_far(pieces, sent))


async def perform(given: argparse.Namespace) -> int:
    """Replay; LinkError where nobody listens, StorageError or ProtocolError for a capture that cannot be used."""
    pieces = await asyncio.to_thread(read, given.capture, given.segments)
    if given.speed and len(pieces) > 1 and not pieces[-1].at_s:
        raise ProtocolError(f"{given.capture} has no times; --speed 0 sends it without pauses")
    reader, writer = await dial(given.host, given.port)
    progress, sent, began_s = Progress(), Sent(), time.monotonic()
    if given.identity is not None:
        writer.write(f"#serialno:{given.identity}!\r\n".encode())
    with told_to_stop() as stop:
        sending = asyncio.create_task(_sending(pieces, writer, given.speed, sent))
        ignoring = asyncio.create_task(_ignore(reader, sent))
        tasks = (sending, ignoring, asyncio.create_task(wait_for(stop, None)))
        watching = asyncio.create_task(_watch(pieces, sent, progress))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if sent.pieces == len(pieces):  # until the gateway has read to the end
                await asyncio.wait((ignoring,), timeout=FAREWELL_S)
        finally:
            await stopped([*tasks, watching])
            progress.end()
            await hang_up(writer)
    whole = sent.pieces == len(pieces)
    why = "" if whole else f"; stopped: {sent.hung_up or 'as asked'}"
    print(f"{sent.pieces} of {len(pieces)} pieces, {sent.octets} bytes sent in {time.monotonic() - began_s:.1f} s{why}")
    return 0 if whole else 1


def command(words: list[str]) -> int:
    """Replay; returns the exit code."""
    return asyncio.run(perform(arguments(words)))

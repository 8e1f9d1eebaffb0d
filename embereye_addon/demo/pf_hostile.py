"""Strangers at the PF port: garbage, a slow drip, packets without an end, and connections that say nothing.

Run as a process of its own by the bench. Each stranger dials again half a second after it was turned away.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from embereye_addon.observe.tasks import stopped

AGAIN_S = 0.5
WRITE_S = 5.0
KINDS = ("garbage", "drip", "oversize", "idle")


def pieces(kind: str, seed: int) -> Iterator[tuple[bytes, float]]:
    """What one kind of stranger sends for ever: bytes, and the pause after them in seconds."""
    noise = random.Random(seed)
    while True:
        match kind:
            case "garbage":
                yield noise.randbytes(noise.randrange(1, 2048)), 0.05
            case "drip":
                yield noise.choice((b"#", b"f", b"r", b"0", b"A", b":")), 0.5
            case "oversize":
                yield b"#frame1234:" + b"7" * 9000, 0.1
            case _:
                yield b"", 1.0


async def stranger(host: str, port: int, index: int, met: Counter[str]) -> None:
    """One stranger, for ever; counts its connections and how often it was turned away."""
    kind = KINDS[index % len(KINDS)]
    while True:
        local = (f"127.2.{index % 20}.1", 0)
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection(host, port, local_addr=local)
            met["connected"] += 1
            try:
                for piece, pause_s in pieces(kind, index):
                    writer.write(piece)
                    await asyncio.wait_for(writer.drain(), WRITE_S)
                    if reader.at_eof():
                        break
                    await asyncio.sleep(pause_s)
            finally:
                writer.transport.abort()
        met["turned_away"] += 1
        await asyncio.sleep(AGAIN_S)


async def crowd(host: str, port: int, strangers: int, seconds: float) -> Counter[str]:
    """So many strangers for so long."""
    met: Counter[str] = Counter()
    tasks = [asyncio.create_task(stranger(host, port, index, met)) for index in range(strangers)]
    await asyncio.wait(tasks, timeout=seconds)
    await stopped(tasks)
    return met


def command(words: list[str]) -> int:
    """The crowd's own command line; writes what it met."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon.demo.pf_hostile")
    parser.add_argument("port", type=int)
    parser.add_argument("strangers", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("out", type=Path)
    given = parser.parse_args(words)
    met = asyncio.run(crowd("127.0.0.1", given.port, given.strangers, given.seconds))
    given.out.write_text(json.dumps(met))
    return 0


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))

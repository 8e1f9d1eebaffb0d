"""The vision bench's cameras: a process that serves clips over RTSP and stages fires when it is told to.

Order on its command line: a JSON file. On its input: `fire PATH`, `quiet PATH`, `mark`, `end`; on its output one JSON
line for each, and one with the port at the start.
"""

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np

from embereye_addon.demo.clips import BIT_RATE, EncodedClip, Take, encode, take_clip
from embereye_addon.demo.room import HEIGHT, WIDTH
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.demo.scenes import Picture, empty_from_s

SMALL_BIT_RATE = 192_000
"""Of 320x240, a quarter of the pixels: cameras give it rather more than a quarter of the bits."""
QUIET_S = 24.0
"""Two walkers' turns of the demo's room; longer than any key-frame interval, so that many cameras show many moments."""
STILL_S, FIRE_S = 12.0, 12.0


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """What one process serves: camera numbers, pictures a second, size, how many rooms, where clips are kept.

    `still` leaves out who walks through: nothing but the sensor's noise changes.
    """

    cameras: tuple[int, ...]
    fps: float
    width: int
    height: int
    rooms: int
    cache: str
    still: bool = False


def takes(fps: float, room: int, *, still: bool = False) -> dict[str, Take]:
    """A room with somebody who walks through now and then, or where nobody does, and the same room on fire."""
    empty = Take("quiet", empty_from_s(room + 1) + 1.0, STILL_S, 0.0, room + 1, 1e9, fps)
    return {
        "quiet": empty if still else Take("quiet", 2.0, QUIET_S, 0.0, room + 1, 1e9, fps),
        "fire": Take("flame", 1.0, FIRE_S, FIRE_S - 4.0, room + 1, 0.0, fps),
    }


def clips(order: Streams, room: int) -> dict[str, EncodedClip]:
    """The clips of a room in the wanted size; rendered once (a minute of CPU a room) and then kept."""
    wanted = takes(order.fps, room, still=order.still)
    found = {name: take_clip(take, Path(order.cache)) for name, take in wanted.items()}
    if (order.width, order.height) == (WIDTH, HEIGHT):
        return found
    return {name: _smaller(clip, order, name, room) for name, clip in found.items()}


def _smaller(clip: EncodedClip, order: Streams, name: str, room: int) -> EncodedClip:
    kept = Path(order.cache) / f"{name}-{room}-{order.width}x{order.height}-{order.fps:g}-{len(clip.packets)}.clip"
    if kept.is_file():
        return msgspec.msgpack.decode(kept.read_bytes(), type=EncodedClip)
    bit_rate = SMALL_BIT_RATE if order.width * order.height < WIDTH * HEIGHT else BIT_RATE
    pictures = (_resized(picture, order) for picture in pictures_of(clip))
    small = encode(pictures, clip.fps, bit_rate, clip.packets[clip.loop_from].pts_s)
    kept.write_bytes(msgspec.msgpack.encode(small))
    return small


def pictures_of(clip: EncodedClip) -> list[Picture]:
    """Every picture of a clip, uint8 BGR."""
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, av.VideoCodecContext)
    frames = [frame for packet in clip.packets for frame in context.decode(av.Packet(packet.payload))]
    return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in (*frames, *context.decode(None))]


def _resized(picture: Picture, order: Streams) -> Picture:
    return np.asarray(cv2.resize(picture, (order.width, order.height), interpolation=cv2.INTER_AREA), np.uint8)


def from_middle(clip: EncodedClip, part: float) -> EncodedClip:
    """The same loop begun elsewhere, at a key frame: cameras do not all show the same moment."""
    keys = [index for index, packet in enumerate(clip.packets) if packet.keyframe]
    first = keys[int(part * len(keys))]
    if not first or clip.loop_from:
        return clip
    turned = (*clip.packets[first:], *clip.packets[:first])
    packets = tuple(packet._replace(pts_s=index / clip.fps) for index, packet in enumerate(turned))
    return replace(clip, packets=packets)


async def serve(order: Streams) -> None:
    """Serve until told to end."""
    server = RtspServer()
    rooms = [clips(order, room) for room in range(order.rooms)]
    for number in order.cameras:
        quiet = rooms[number % order.rooms]["quiet"]
        server.add(name(number), from_middle(quiet, (number * 0.618) % 1.0))
    await server.start()
    tell({"port": server.port})
    try:
        while (words := (await asyncio.to_thread(sys.stdin.readline)).split()) and words[0] != "end":
            if words[0] in ("fire", "quiet"):
                room = rooms[int(words[1].removeprefix("cam")) % order.rooms]
                server.play(words[1], room[words[0]])
            sent = sum(row.frames_sent for row in server.counts())
            left_out = sum(row.frames_dropped for row in server.counts())
            tell({"mono_s": time.monotonic(), "sent": sent, "left_out": left_out, "cpu_s": time.process_time()})
    finally:
        await server.stop()


def name(number: int) -> str:
    """A camera's path."""
    return f"cam{number:03d}"


def tell(row: dict[str, object]) -> None:
    """One line to whoever started this process."""
    sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Streams)))

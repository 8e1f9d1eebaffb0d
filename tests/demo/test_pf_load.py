"""The load of the bench: what it sends is what a device sends, when it should, and it never waits."""

import socket
import threading
import time
from pathlib import Path

import msgspec
import numpy as np

from embereye_addon.demo import pf_load
from embereye_addon.demo.pf_load import (
    LOOP,
    WARM_AT,
    LoadDevice,
    Order,
    Phase,
    Sent,
    address,
    device_id,
    frame_packets,
    input_packets,
    play,
)
from embereye_addon.demo.thermal import shipped_eeprom
from embereye_addon.sources.pf.events import FrameSeen, Setup
from embereye_addon.sources.pf.packets import EepromPacket, FramePacket, Framer, IdPacket, SensorPacket, parse
from tests.fakes.alone import Alone


def test_the_loop_is_a_quiet_room_with_one_warm_thing() -> None:
    """A warm frame that is not found, or a quiet one that is, would make every latency a lie."""
    session = Alone()
    session.adopt(Setup(cached=shipped_eeprom()))
    hottest = []
    for number, packet in enumerate(frame_packets()):
        (seen,) = (event for event in session.feed(packet, 1.0 + number, 0.0) if isinstance(event, FrameSeen))
        assert seen.conversion is not None
        to_c = seen.conversion.to_c
        hottest.append(float(to_c.max() - np.median(to_c)))
    assert len(hottest) == LOOP
    assert hottest[WARM_AT] > 11.0
    assert max(hottest[:WARM_AT] + hottest[WARM_AT + 1 :]) < 7.0
    assert all(isinstance(parse(packet[1:-3]), SensorPacket) for packet in input_packets())


def test_every_device_has_an_address_and_a_name() -> None:
    """Devices that share an address are strangers to the door."""
    assert len({address(number) for number in range(500)}) == 500
    assert len({device_id(number) for number in range(500)}) == 500


def test_a_host_that_does_not_read_costs_frames_not_time() -> None:
    """The load must not stop because the gateway does."""
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        device = LoadDevice(3, near)
        packet = b"#" + b"7" * 3000 + b"!"
        sent = sum(device.send(packet) for _ in range(500))
        assert 0 < sent < 500
        got = b""
        far.settimeout(5.0)
        while len(got) < sent * len(packet):
            got += far.recv(1 << 16)
            device.send(b"")
        assert got == packet * sent


def test_an_order_is_played(tmp_path: Path) -> None:
    """Names, chips and frames arrive as ordered, in their time; a pause is silent."""
    got: dict[str, list[bytes]] = {}

    def serve(listening: socket.socket, number: int) -> None:
        link, (peer, _) = listening.accept()
        with link:
            link.sendall(b"PERIOD_ON")
            link.sendall(b"EEPROM1")
            framer = Framer()
            while chunk := link.recv(1 << 16):
                got.setdefault(peer, []).extend(framer.feed(chunk))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threads = [threading.Thread(target=serve, args=(listening, number)) for number in range(2)]
        for thread in threads:
            thread.start()
        phases = (Phase("warm", 0.3, 10.0, 2), Phase("pause", 0.2, 0.0, 0), Phase("all", 1.0, 20.0, 2))
        order = Order(
            host="127.0.0.1",
            port=listening.getsockname()[1],
            first=5,
            count=2,
            start_mono_s=time.monotonic() + 0.3,
            phases=phases,
        )
        (tmp_path / "order.json").write_bytes(msgspec.json.encode(order))
        assert pf_load.command([str(tmp_path / "order.json"), str(tmp_path / "sent.json")]) == 0
        for thread in threads:
            thread.join(5.0)
    sent = msgspec.json.decode((tmp_path / "sent.json").read_bytes(), type=list[Sent])
    assert [row.name for row in sent] == ["warm", "pause", "all"]
    assert sent[1].frames == 0
    assert sent[2].frames == 40
    assert set(got) == {address(5), address(6)}
    packets = [[parse(body) for body in bodies] for bodies in got.values()]
    frames = sum(isinstance(packet, FramePacket) for row in packets for packet in row)
    assert frames == sum(row.frames for row in sent)
    for row in packets:
        assert isinstance(row[0], IdPacket)
        assert sum(isinstance(packet, EepromPacket) for packet in row) == 1
    assert callable(play)

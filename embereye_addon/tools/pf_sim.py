"""pf-sim: simulated PF devices that dial any gateway and speak the bytes of the real ones."""

import argparse
import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import replace

from embereye_addon.demo.pf_device import PfDevice, bus_gateway
from embereye_addon.demo.pf_line import CYCLE_S, PACED_FROM_S, PfLine
from embereye_addon.demo.thermal import Fire, Person, Radiator, ThermalScene
from embereye_addon.observe.tasks import stopped
from embereye_addon.tools.dialling import add_address, dial, hang_up, identity, told_to_stop, wait_for
from embereye_addon.tools.progress import Progress

MOST_DEVICES = 1000
MOST_ON_A_BUS = 16
FIRE_AFTER_S = 10.0
SCENARIOS = {
    "quiet": ThermalScene(),
    "person": ThermalScene(warm=(Person(),)),
    "radiator": ThermalScene(warm=(Radiator(on_s=0.0), Person())),
    "fire": ThermalScene(),
}

DESCRIPTION = f"""Simulate PF devices: a thermal array with its own EEPROM, gas and flame inputs. They dial the gateway,
wait for its commands and stream, and dial again when the connection is lost.

  quiet     an empty room
  person    somebody walks through again and again
  radiator  a heater is switched on at the start, and somebody walks past it
  fire      an empty room where a fire begins after {FIRE_AFTER_S:.0f} s, or --fire-after, and grows

Accept the devices in the settings: a device whose identity is the name that is printed here.
With --bus they share one connection, as behind a bus gateway: they speak one after the other, each with its name as
tag, and every command reaches all of them.
A half-duplex device sends at the pace of its serial line: what it is told meanwhile is lost and damages the packet, and
it knows only commands without a line end. A plain one hears everything, with or without a line end.
"""
EPILOG = "exit codes: 0 ended as asked; 2 a mistake, or nobody listens"


def devices(given: argparse.Namespace) -> list[PfDevice]:
    """The devices a command line asks for, each with a name, a chip and noise of its own."""
    scene = SCENARIOS[given.scenario]
    fire_s = given.fire_after
    if fire_s is None and given.scenario == "fire":
        fire_s = FIRE_AFTER_S
    if fire_s is not None:
        scene = replace(scene, fire=Fire(start_s=fire_s))
    count = given.bus or given.devices
    names = [given.identity] if count == 1 else [f"{given.identity}-{number}" for number in range(1, count + 1)]
    return [
        PfDevice(
            given.host,
            given.port,
            tag=name if given.bus else "1234",
            serial=None if given.bus else name,
            sensor_id=f"5EED0000{number:04X}",
            period_s=given.period,
            scene=scene,
            seed=number,
            half_duplex=given.half_duplex,
        )
        for number, name in enumerate(names, start=1)
    ]


def lines(played: list[PfDevice], given: argparse.Namespace) -> list[PfLine]:
    """Their connections: one each, or one for all."""
    return [bus_gateway(tuple(played), given.identity)] if given.bus else [device.line for device in played]


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1e9:
        raise argparse.ArgumentTypeError("above 0")
    return value


def _hertz(text: str) -> float:
    """Frames a second, as a period."""
    return 1.0 / _positive(text)


def _moment(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1e9:
        raise argparse.ArgumentTypeError("0 or more")
    return value


def _count(text: str, least: int = 1, most: int = MOST_DEVICES) -> int:
    value = int(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{least} to {most}")
    return value


def _on_a_bus(text: str) -> int:
    return _count(text, 2, MOST_ON_A_BUS)


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon pf-sim",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    many = parser.add_mutually_exclusive_group()
    many.add_argument("--devices", type=_count, default=1, metavar="N", help="how many (default 1)")
    many.add_argument("--bus", type=_on_a_bus, default=0, metavar="K", help="K devices behind one connection")
    parser.add_argument("--scenario", choices=SCENARIOS, default="person", help="what they look at (default person)")
    parser.add_argument(
        "--fire-after", type=_moment, default=None, metavar="S", help="a fire begins in every picture after S seconds"
    )
    rate = parser.add_mutually_exclusive_group()
    rate.add_argument(
        "--period", type=_positive, default=CYCLE_S, metavar="S", help=f"seconds a frame (default {CYCLE_S}, as real)"
    )
    rate.add_argument("--hz", type=_hertz, dest="period", metavar="F", help="frames a second instead")
    line = parser.add_mutually_exclusive_group()
    line.add_argument(
        "--half-duplex",
        action="store_true",
        default=None,
        help=f"behind a serial line (default from {PACED_FROM_S:g} s a frame on)",
    )
    line.add_argument("--plain", action="store_false", dest="half_duplex", help="no serial line in between")
    add_address(parser)
    parser.add_argument(
        "--identity",
        type=identity,
        default="sim",
        metavar="NAME",
        help="serial number (default sim; several: sim-1, ...)",
    )
    parser.add_argument("--seconds", type=_positive, default=None, metavar="S", help="end after S seconds")
    return parser.parse_args(words)


def status(played: list[PfDevice], given: argparse.Namespace, seconds: float) -> str:
    """One line about all devices."""
    connected = sum(device.connected for device in played)
    sent = sum(device.frames_sent for device in played)
    carrying = {device.line for device in played}
    lost, ignored = (sum(getattr(line, f"commands_{what}") for line in carrying) for what in ("lost", "ignored"))
    text = f"{seconds:.0f} s: {connected} of {len(played)} connected, {sent} frames"
    text += f", commands lost {lost}, not understood {ignored}"
    if sirens := sum(device.siren for device in played):
        text += f", sirens sounding {sirens}"
    if connected == 0:
        text += f"; {given.host}:{given.port} is away or turns them away, dialling again"
    elif connected < len(played):
        text += "; the others are turned away or still dialling"
    elif sent == 0:
        text += "; waiting to be told to stream"
    return text


@contextlib.contextmanager
def _told_here_only() -> Iterator[None]:
    """The status line says what the devices log."""
    log, quiet = logging.getLogger("embereye_addon"), logging.NullHandler()
    log.addHandler(quiet)
    try:
        yield
    finally:
        log.removeHandler(quiet)


async def perform(given: argparse.Namespace) -> int:
    """Play the devices until told to stop; LinkError where nobody listens at the start."""
    _, writer = await dial(given.host, given.port)
    await hang_up(writer)
    played = devices(given)
    said = [device.serial or device.tag for device in played]
    names = said[0] if len(said) == 1 else f"{said[0]} to {said[-1]}"
    where = f"{given.host}:{given.port}{' over one connection' * bool(given.bus)}"
    print(f"{len(played)} PF device{'s' * (len(played) > 1)} ({names}) dial {where}. Ctrl-C ends.")
    progress, began_s = Progress(), time.monotonic()
    tasks = [asyncio.create_task(line.run(), name=f"PF device {line.name}") for line in lines(played, given)]
    watching = asyncio.create_task(_watch(played, given, progress))
    try:
        with told_to_stop() as stop:
            await wait_for(stop, given.seconds)
        last = status(played, given, time.monotonic() - began_s)
    finally:
        await stopped([*tasks, watching])
        progress.end()
    print(last)
    return 0


async def _watch(played: list[PfDevice], given: argparse.Namespace, progress: Progress) -> None:
    began_s = time.monotonic()
    while True:
        await asyncio.sleep(progress.period_s)
        progress.show(lambda: status(played, given, time.monotonic() - began_s))


def command(words: list[str]) -> int:
    """Simulate; returns the exit code."""
    given = arguments(words)
    with _told_here_only():
        return asyncio.run(perform(given))

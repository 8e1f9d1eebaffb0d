"""pf-sim: devices as asked for, on a real socket, with a status and words when nobody is there."""

import argparse
import asyncio
import re

import pytest

from embereye_addon import __main__ as program
from embereye_addon.demo.pf_line import CYCLE_S
from embereye_addon.errors import LinkError
from embereye_addon.sources.pf.place import Cache
from embereye_addon.tools.pf_sim import SCENARIOS, arguments, command, devices, lines, perform, status
from tests.fakes.ports import free_port
from tests.sources.pf.gateways import Hearer, device, running
from tests.tools.samples import Host, listening, until


def given(*words: str, port: int = 9001) -> argparse.Namespace:
    """A command line."""
    return arguments([*words, "--port", str(port)])


def test_devices_are_as_asked_for() -> None:
    """Each has its own name and chip; the rest is as the options say."""
    (alone,) = devices(given())
    assert (alone.serial, alone.period_s, alone.half_duplex) == ("sim", CYCLE_S, None)
    assert alone.scene.fire is None
    three = devices(given("--devices", "3", "--hz", "10", "--plain", "--identity", "hall", "--scenario", "radiator"))
    assert [one.serial for one in three] == ["hall-1", "hall-2", "hall-3"]
    assert len({one.sensor_id for one in three}) == len({one.seed for one in three}) == 3
    assert {(one.period_s, one.half_duplex, one.scene) for one in three} == {(0.1, False, SCENARIOS["radiator"])}
    (burning,) = devices(given("--scenario", "fire", "--half-duplex", "--period", "2"))
    assert burning.scene.fire is not None
    assert (burning.scene.fire.start_s, burning.half_duplex, burning.period_s) == (10.0, True, 2.0)
    (later,) = devices(given("--fire-after", "0", "--scenario", "person"))
    assert later.scene.fire is not None
    assert (later.scene.fire.start_s, later.scene.warm) == (0.0, SCENARIOS["person"].warm)


@pytest.mark.parametrize(
    "words",
    [
        ["--devices", "0"],
        ["--devices", "1001"],
        ["--bus", "1"],
        ["--bus", "17"],
        ["--devices", "2", "--bus", "2"],
        ["--hz", "0"],
        ["--hz", "nan"],
        ["--hz", "1", "--period", "1"],
        ["--period", "-1"],
        ["--plain", "--half-duplex"],
        ["--fire-after", "-1"],
        ["--seconds", "0"],
        ["--scenario", "flood"],
        ["--port", "70000"],
        ["--identity", "a!b"],
    ],
)
def test_a_wrong_option_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error dials nobody."""
    with pytest.raises(SystemExit) as ended:
        program.command(["pf-sim", *words])
    assert ended.value.code == 2
    assert words[-2 if words[-1][:2] != "--" else -1] in capsys.readouterr().err


def test_a_bus_carries_devices_with_tags_over_one_connection() -> None:
    """The simulated bus gateway dials once for each device."""
    options = given("--bus", "3", "--identity", "hall")
    played = devices(options)
    assert [(one.tag, one.serial) for one in played] == [("hall-1", None), ("hall-2", None), ("hall-3", None)]
    (line,) = lines(played, options)
    assert line.speakers == tuple(played)
    assert {one.line for one in played} == {line}
    played[1].order(siren=True)
    assert "sirens sounding 1" in status(played, options, 1.0)


def test_nobody_listening_is_words() -> None:
    """The simulator says what is missing instead of dialling for ever."""
    with pytest.raises(LinkError, match="Nobody listens at"):
        command(["--port", str(free_port())])


def streaming(host: Host, count: int) -> bool:
    """Whether that many frames came."""
    return host.heard.count(b"#frame") >= count


async def test_devices_stream_and_end_as_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Two plain devices, told with a line end, stream until the time is over."""
    async with listening() as host:
        words = ("--devices", "2", "--hz", "20", "--plain", "--seconds", "1.5")
        playing = asyncio.create_task(perform(given(*words, port=host.port)))
        await until(lambda: b"#serialno:sim-1!" in host.heard and b"#serialno:sim-2!" in host.heard)
        host.say(b"PERIOD_ON\r\n")
        await until(lambda: streaming(host, 4))
        assert await playing == 0
    said = capsys.readouterr().out
    assert said.startswith(f"2 PF devices (sim-1 to sim-2) dial 127.0.0.1:{host.port}. Ctrl-C ends.\n")
    assert re.search(r"s: 2 of 2 connected, [1-9]\d* frames, commands lost 0, not understood 0\n", said)


async def test_half_duplex_devices_lose_what_they_are_told_too_early(capsys: pytest.CaptureFixture[str]) -> None:
    """A gateway that does not wait for the quiet time must be seen to fail, at any rate."""
    async with listening() as host:
        words = ("--hz", "2", "--half-duplex", "--seconds", "3")
        playing = asyncio.create_task(perform(given(*words, port=host.port)))
        await until(lambda: b"#serialno:sim!" in host.heard)
        host.say(b"PERIOD_ON")
        await until(lambda: b"#frame" in host.heard)
        host.say(b"EEPROM1")
        await until(lambda: b"#Sensor" in host.heard)
        host.say(b"PERIOD_ON\n")
        assert await playing == 0
    lost, odd = map(int, re.findall(r"commands lost (\d), not understood (\d)", capsys.readouterr().out)[-1])
    assert lost >= 1
    assert lost + odd == 2
    assert any(byte > 127 for byte in host.heard)


async def test_the_status_goes_on_while_it_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal shows how it stands, not only the end."""
    monkeypatch.setattr("embereye_addon.tools.progress.LINES_S", 0.1)
    async with listening() as host:
        await perform(given("--seconds", "0.8", port=host.port))
    assert "1 of 1 connected, 0 frames" in capsys.readouterr().err


def test_the_status_says_what_is_wrong() -> None:
    """Away, turned away, or not told to stream: three different things to do."""
    options = given("--devices", "2")
    played = devices(options)
    assert "0 of 2 connected" in status(played, options, 1.0)
    assert "127.0.0.1:9001 is away or turns them away, dialling again" in status(played, options, 1.0)
    played[0].line.connected = True
    assert "the others are turned away" in status(played, options, 1.0)
    played[1].line.connected = True
    assert status(played, options, 1.0).endswith("; waiting to be told to stream")
    played[1].frames_sent = 7
    assert status(played, options, 1.0) == "1 s: 2 of 2 connected, 7 frames, commands lost 0, not understood 0"


async def test_a_real_gateway_takes_them() -> None:
    """The whole way: named in the settings, told to stream, asked for the EEPROM, calibrated."""
    hearer = Hearer()
    cache = Cache(hearer.dumps.get, hearer.dumps.__setitem__)
    async with running(hearer, device("hall", "sim"), cache=cache) as gateway:
        playing = asyncio.create_task(perform(given("--hz", "10", port=gateway.port)))
        try:
            await until(lambda: "pf.hall" in hearer.dumps)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
    assert hearer.kinds("pf.hall")
    assert "".join(f"{word:04X}" for word in hearer.dumps["pf.hall"][7:10]) == "5EED00000001"


async def test_a_bus_gateway_is_known_by_its_tags(capsys: pytest.CaptureFixture[str]) -> None:
    """Devices behind one connection: those accepted are heard, the other waits."""
    hearer = Hearer()
    async with running(hearer, device("sim-1"), device("sim-3")) as gateway:
        words = ("--bus", "3", "--hz", "5", "--plain", "--seconds", "4")
        playing = asyncio.create_task(perform(given(*words, port=gateway.port)))
        await until(lambda: hearer.kinds("pf.sim-1").count("FrameSeen") > 1)
        await until(lambda: hearer.kinds("pf.sim-3").count("FrameSeen") > 1)
        assert [each.identity for each in gateway.pending()] == ["sim-2"]
        assert gateway.connections == 1
        assert await playing == 0
    assert "3 PF devices (sim-1 to sim-3) dial 127.0.0.1:" in (said := capsys.readouterr().out)
    assert " over one connection." in said

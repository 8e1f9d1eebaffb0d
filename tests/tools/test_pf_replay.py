"""pf-replay: a capture reaches a host byte for byte, at its pace, whatever the host says."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest

from embereye_addon import __main__ as program
from embereye_addon.errors import EmberEyeError
from embereye_addon.tools.pf_replay import arguments, perform
from tests.fakes.ports import free_port
from tests.sources.pf.gateways import Hearer, device, running
from tests.tools.samples import Host, eeprom_text, frame_text, listening, until


def capture(folder: Path, *rows: str) -> str:
    """A capture of these lines."""
    file = folder / "capture.txt"
    file.write_text("".join(f"{row}\n" for row in rows))
    return str(file)


def three(folder: Path) -> str:
    """Three packets over 1.2 s, and commands in between."""
    return capture(
        folder,
        "23:59:59.000\tH>D\tPERIOD_ON",
        "23:59:59.500\tD>H\t#a:1!",
        "23:59:59.900\tD>H\t#b:\\x9f!",
        "00:00:00.000\tH>D\tEEPROM1",
        "00:00:00.700\tD>H\t#c:3!",
    )


async def replayed(host: Host, *words: str) -> int:
    """The exit code of a replay to this host."""
    return await perform(arguments([*words, "--port", str(host.port)]))


async def test_a_capture_arrives_at_its_pace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In real time over midnight, with what the host says in between ignored."""
    async with listening() as host:
        began_s = time.monotonic()
        sending = asyncio.create_task(replayed(host, three(tmp_path), "--identity", "dock"))
        await until(lambda: host.heard)
        host.say(b"PERIOD_ON")
        assert await sending == 0
        took_s = time.monotonic() - began_s
    assert host.heard == b"#serialno:dock!\r\n#a:1!\r\n#b:\x9f!\r\n#c:3!\r\n"
    assert took_s >= 1.2
    assert capsys.readouterr().out.startswith("3 of 3 pieces, 21 bytes sent in ")


async def test_a_capture_may_be_faster(tmp_path: Path) -> None:
    """A minute's at a hundred times its pace, or without any pause."""
    slow = capture(tmp_path, "00:00:00.000\tD>H\t#a:1!", "00:01:00.000\tD>H\t#c:3!")
    for speed, least_s in (("100", 0.6), ("0", 0.0)):
        async with listening() as host:
            began_s = time.monotonic()
            assert await replayed(host, slow, "--speed", speed) == 0
            assert least_s <= time.monotonic() - began_s < 60.0
            assert host.heard.endswith(b"#c:3!\r\n")


@pytest.mark.parametrize(
    ("stream", "table", "words"),
    [
        ("x_stream.bin", "x_segments.csv", []),
        ("x.bin", "x.csv", []),
        ("x.BIN", "other.txt", ["--segments", "other.txt"]),
    ],
)
async def test_bytes_go_as_they_were_cut(tmp_path: Path, stream: str, table: str, words: list[str]) -> None:
    """The true segmentation, found beside the stream or named."""
    (tmp_path / stream).write_bytes(b"#a:1!\r\n#b:2!\r\n")
    (tmp_path / table).write_text("time,dir,offset,nbytes,command\n1:00:00,D>H,0,3,\n1:00:00.1,D>H,3,11,\n")
    given = [str(tmp_path / word) if word == table else word for word in words]
    async with listening() as host:
        assert await replayed(host, str(tmp_path / stream), *given) == 0
    assert host.heard == b"#a:1!\r\n#b:2!\r\n"


def test_mistakes_are_words(tmp_path: Path) -> None:
    """Each says what to do about it."""
    (tmp_path / "x.bin").write_bytes(b"#a:1!")
    (tmp_path / "bare.txt").write_text("#a:1!\n#b:1!\n")
    for words, said in (
        ([str(tmp_path / "none.txt")], "There is no file"),
        ([str(tmp_path / "x.bin")], "There is no table of segments beside"),
        ([str(tmp_path / "bare.txt")], "has no times; --speed 0 sends it without pauses"),
        ([capture(tmp_path, "#a:1!")], "Nobody listens at"),
    ):
        with pytest.raises(EmberEyeError, match=said):
            program.command(["pf-replay", *words, "--port", str(free_port())])


@pytest.mark.parametrize("speed", ["-1", "nan", "fast"])
def test_a_wrong_speed_is_named(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error dials nobody."""
    with pytest.raises(SystemExit) as ended:
        program.command(["pf-replay", "x", "--speed", speed])
    assert ended.value.code == 2
    assert "--speed" in capsys.readouterr().err


async def test_a_gateway_that_hangs_up_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused device must not look like a replay that went well."""
    file = capture(tmp_path, "1:00:00\tD>H\t#a:1!", "1:00:20\tD>H\t#b:1!")
    async with listening(rude=3) as host:
        assert await replayed(host, file) == 1
    assert "1 of 2 pieces" in (said := capsys.readouterr().out)
    assert said.endswith("; stopped: the gateway hung up\n")


async def test_a_reset_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gateway that throws a device out in the middle of its words resets the connection."""
    file = capture(tmp_path, *(f"1:00:0{second}\tD>H\t{frame_text()}" for second in range(10)))

    async def throw_out() -> None:
        await until(lambda: host.heard)
        host.writers[0].transport.abort()

    async with listening() as host:
        throwing = asyncio.create_task(throw_out())
        assert await replayed(host, file, "--speed", "20") == 1
        await throwing
    assert "stopped: the gateway hung up" in capsys.readouterr().out


async def test_a_gateway_that_takes_nothing_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stuck gateway ends the replay instead of holding it for ever."""
    monkeypatch.setattr("embereye_addon.tools.pf_replay.WRITE_S", 0.3)
    monkeypatch.setattr("embereye_addon.tools.dialling.CONNECT_S", 0.2)
    (tmp_path / "x.bin").write_bytes(b"#" * 30_000_000)
    (tmp_path / "x.csv").write_text("time,dir,offset,nbytes\n1:00:00,D>H,0,30000000\n")
    stuck = asyncio.Event()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stuck.wait()
        writer.transport.abort()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1024)
    try:
        host = Host(port=server.sockets[0].getsockname()[1])
        assert await replayed(host, str(tmp_path / "x.bin"), "--speed", "0") == 1
    finally:
        stuck.set()
        server.close()
        await server.wait_closed()
    assert "stopped: the gateway took nothing for 0 s" in capsys.readouterr().out


HURRIED = """
import sys
from embereye_addon.tools import progress
progress.LINES_S = 0.1
from embereye_addon import __main__ as program
sys.exit(program.command(sys.argv[1:]))
"""


async def test_it_can_be_stopped_and_says_how_far_it_is(tmp_path: Path) -> None:
    """Hours of a capture in real time: one wants to see it move, and to end it."""
    file = capture(tmp_path, "1:00:00\tD>H\t#a:1!", "2:00:00\tD>H\t#b:1!")
    async with listening() as host:
        pipe = asyncio.subprocess.PIPE
        replay = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HURRIED, "pf-replay", file, "--port", str(host.port)), stdout=pipe, stderr=pipe
        )
        assert replay.stderr is not None
        said = b""
        while b"50 %, 7 bytes, 0 of 3600 s of the capture" not in said:
            line = await replay.stderr.readline()
            assert line, said
            said += line
        replay.send_signal(signal.SIGTERM)
        last, _rest = await replay.communicate()
    assert last.endswith(b"; stopped: as asked\n")
    assert replay.returncode == 1


async def test_a_real_gateway_hears_a_capture(tmp_path: Path) -> None:
    """The whole way: frames and a calibration of a file become what a device of the settings measures."""
    rows = [f"1:00:{second:02}\tD>H\t{frame_text()}" for second in range(4)]
    file = capture(tmp_path, *rows, f"1:00:05\tD>H\t{eeprom_text()}", f"1:00:06\tD>H\t{frame_text('moving_arm')}")
    hearer = Hearer()
    async with running(hearer, device("hall", "dock")) as gateway:
        words = [file, "--speed", "10", "--identity", "dock", "--port", str(gateway.port)]
        assert await perform(arguments(words)) == 0
        await until(lambda: len(hearer.kinds("pf.hall")) >= 6)

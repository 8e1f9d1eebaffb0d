"""A staged site: the settings a user would have written, and an end that leaves nothing behind."""

import asyncio
import logging
from pathlib import Path

import pytest

from embereye_addon.demo.broker import Broker
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.demo.site import Plan, devices, logged, settings, staged
from embereye_addon.errors import StorageError
from embereye_addon.settings.schema import check
from tests.fakes.cameras import grey_clip
from tests.fakes.ports import free_port


def plan() -> Plan:
    """Two cameras and two devices in two zones."""
    clip = grey_clip(60)
    return Plan(
        cameras={"hall": clip, "store": clip},
        devices=("hall-ceiling", "store-ceiling"),
        zones={"hall": "Hall", "store": "Store room"},
        web_port=free_port(),
    )


async def test_the_settings_are_those_of_a_user(tmp_path: Path) -> None:
    """The demo passes the very check that a site file passes, and each device has its camera's zone."""
    rtsp = RtspServer()
    for name, clip in plan().cameras.items():
        rtsp.add(name, clip)
    await rtsp.start()
    try:
        site = check(settings(plan(), Broker(tmp_path, port=free_port()), rtsp, 9001), "demo")
    finally:
        await rtsp.stop()
    assert [(camera.id, camera.zone) for camera in site.cameras] == [("hall", "hall"), ("store", "store")]
    assert [(device.id, device.zone) for device in site.devices] == [
        ("hall-ceiling", "hall"),
        ("store-ceiling", "store"),
    ]
    played = devices(plan(), 9001)
    assert len({device.sensor_id for device in played.values()}) == 2


@pytest.mark.timeout(40)
async def test_a_supervisor_that_fails_is_not_waited_for(tmp_path: Path) -> None:
    """A folder that cannot be written ends the demo in words, with broker and cameras stopped."""
    (tmp_path / "run").write_text("in the way")
    before = len(asyncio.all_tasks())
    with pytest.raises(StorageError, match="cannot be written"):
        async with staged(plan(), tmp_path):
            pytest.fail("it cannot run")
    assert len(asyncio.all_tasks()) == before


def test_the_log_goes_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the parts of the demo say is kept beside the logs of the children, out of the terminal."""
    with logged(tmp_path, "demo"):
        logging.getLogger("embereye_addon.demo").info("a fire is staged")
    assert "a fire is staged" in (tmp_path / "site" / "log" / "demo.log").read_text()
    assert capsys.readouterr().err == ""


def test_an_earlier_run_leaves_nothing_latched(tmp_path: Path) -> None:
    """The second demo must not begin with the fire alarm of the first; the rendered clips are kept."""
    for name in ("site", "clips"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal.db").write_bytes(b"of the run before")
    with logged(tmp_path, "demo"):
        assert not (tmp_path / "site" / "journal.db").exists()
    assert (tmp_path / "clips" / "journal.db").exists()

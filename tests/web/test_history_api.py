"""A device's heat of the last day, as the page gets it."""

import base64
from pathlib import Path

import numpy as np

from embereye_addon.observe.clock import utc_s
from embereye_addon.thermal.history import Recorder
from embereye_addon.web.history_api import FRAMES_MAX
from tests.web.samples import Served, served


async def get(page: Served, path: str) -> tuple[int, dict[str, object]]:
    """Status and JSON."""
    async with page.client.get(path) as answer:
        return answer.status, await answer.json()


def keep(folder: Path, count: int, step_s: float) -> float:
    """Frames up to now; the time of the first."""
    recorder, first = Recorder(folder / "pf.roof"), utc_s() - count * step_s
    for number in range(count):
        recorder.add(first + number * step_s, np.full((24, 32), number, np.int16))
        recorder.write()
    return first


async def test_the_past_can_be_replayed(tmp_path: Path) -> None:
    """After an alarm people want to see how it began."""
    first = keep(tmp_path, 5, 10.0)
    async with served(history=tmp_path) as page:
        status, found = await get(page, "/api/device/roof/history")
        assert status == 200
        assert found["kept"] == 5
        frames = found["frames"]
        assert isinstance(frames, list)
        cells = np.frombuffer(base64.b64decode(frames[3]["cells"]), "<i2")
        assert cells.tolist() == [3] * 768
        status, found = await get(page, f"/api/device/roof/history?from={first + 5}&to={first + 25}")
        assert found["kept"] == 2


async def test_a_long_past_is_thinned(tmp_path: Path) -> None:
    """A day at once would stop the page; every part of it is still there."""
    keep(tmp_path, 2 * FRAMES_MAX + 100, 0.5)
    async with served(history=tmp_path) as page:
        _, found = await get(page, "/api/device/roof/history")
        frames = found["frames"]
        assert isinstance(frames, list)
        assert found["kept"] == 2 * FRAMES_MAX + 100
        assert found["step_s"] == 2.0
        assert FRAMES_MAX / 2 < len(frames) < FRAMES_MAX
        assert [frame["at"] for frame in frames] == sorted(frame["at"] for frame in frames)


async def test_a_short_fire_is_in_a_long_past(tmp_path: Path) -> None:
    """A flame of a few seconds falls between the frames that are shown of a day."""
    recorder, first = Recorder(tmp_path / "pf.roof"), utc_s() - 3000.0
    for number in range(300):
        cells = np.full((24, 32), 2200, np.int16)
        cells[3, 4] = 9000 if number == 171 else 2300
        recorder.add(first + number * 10.0, cells)
        recorder.write()
    async with served(history=tmp_path) as page:
        _, found = await get(page, "/api/device/roof/history?most=10")
        frames = found["frames"]
        assert isinstance(frames, list)
        assert 5 <= len(frames) <= 10
        hottest = max(frames, key=lambda frame: np.frombuffer(base64.b64decode(frame["cells"]), "<i2").max())
        assert abs(hottest["at"] - first - 1710.0) < 0.01


async def test_wrong_questions_are_answered_in_words(tmp_path: Path) -> None:
    """No device, no time, no disk: each is said, and nobody reads another folder."""
    (tmp_path / "pf.roof").mkdir()
    (tmp_path / "pf.roof" / "1000.heat").mkdir()
    async with served(history=tmp_path) as page:
        assert (await get(page, "/api/device/nobody/history"))[0] == 404
        assert (await get(page, "/api/device/..%2F..%2Fetc/history"))[0] == 404
        for asked in ("from=yesterday", "to=nan", "to=-1", "from=1e300", "most=0", "most=-1", "most=many"):
            status, said = await get(page, f"/api/device/roof/history?{asked}")
            assert status == 400
            assert ("1 to 600" if "most" in asked else "UTC second") in str(said["why"])
        status, said = await get(page, "/api/device/roof/history")
        assert status == 503
        assert "cannot be read" in str(said["why"])

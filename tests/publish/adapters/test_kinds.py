"""What each other system is told, against servers that take the documented requests and nothing else."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from aiohttp import web

from embereye_addon.messages import ZoneState
from embereye_addon.publish.adapters.calls import News, Refused, news_of
from embereye_addon.publish.adapters.http import Http
from embereye_addon.publish.adapters.kinds import KINDS, System
from embereye_addon.settings.model import Adapter
from tests.publish.adapters.servers import Frigate, ZoneMinder, agent_dvr, blue_iris, serving, shinobi
from tests.publish.samples import change

NOW = 1_772_366_500.7


def news(now: ZoneState = ZoneState.ALARM) -> News:
    """A fire in the kitchen."""
    return news_of(change(now), b'{"event_type":"alarm","zone":"kitchen"}')


def adapter(kind: str, url: str, **more: Any) -> tuple[System, Http]:
    """A system and its door."""
    settings = Adapter(id="a", kind=kind, url=url, timeout_s=5.0, **more)
    return KINDS[kind](settings), Http(settings)


async def test_frigate_events_are_created_and_ended_by_their_id() -> None:
    """A recording that begins and never ends fills the disk; one that never begins is no help."""
    frigate = Frigate()
    async with serving(frigate) as nvr:
        system, door = adapter("frigate", nvr.url + "/", label="em/ber")
        first = await system.begin(news(), "hall door", door.send, NOW)
        second = await system.begin(news(), "yard", door.send, NOW)
        assert frigate.open == {first: "hall door/em/ber", second: "yard/em/ber"}
        await system.end(news(ZoneState.NORMAL), "hall door", first, door.send, NOW)
        assert frigate.ended == [first]
        await system.end(news(ZoneState.NORMAL), "hall door", first, door.send, NOW)
        with pytest.raises(Refused, match="'nowhere' was not created: HTTP 404"):
            await system.begin(news(), "nowhere", door.send, NOW)
        assert nvr.wrong == []
        assert nvr.paths()[0] == "POST /api/events/hall%20door/em%2Fber/create"


async def test_frigate_with_a_user_logs_in_and_again_when_the_token_ran_out() -> None:
    """Port 8971 wants a bearer token; it expires after a day, and the next fire may be years away."""
    frigate = Frigate("joe", "geheim")
    async with serving(frigate) as nvr:
        system, door = adapter("frigate", nvr.url, username="joe", password="geheim")
        await system.begin(news(), "yard", door.send, NOW)
        frigate.tokens.append("another")
        await system.begin(news(), "yard", door.send, NOW)
        assert (len(frigate.open), nvr.wrong) == (2, [])
        wrong, door = adapter("frigate", nvr.url, username="joe", password="falsch")
        with pytest.raises(Refused, match="the login failed: HTTP 401, it wants another user name or password"):
            await wrong.begin(news(), "yard", door.send, NOW)


async def test_blue_iris_is_triggered_with_a_bare_word() -> None:
    """`trigger` without a value and a password with an ampersand: both must arrive as they are meant."""
    async with serving(blue_iris) as nvr:
        system, door = adapter("blue_iris", nvr.url, username="joe", password="p&w d")
        await system.begin(news(), "HallCam", door.send, NOW)
        await system.end(news(), "HallCam", "", door.send, NOW)
        assert nvr.asked == [
            (
                "GET",
                "/admin?camera=HallCam&trigger&memo=EmberEye%3A%20fire%20alarm%20in%20Kitchen&user=joe&pw=p%26w%20d",
            )
        ]
        assert nvr.wrong == []
        wrong, door = adapter("blue_iris", nvr.url, username="joe", password="geheim")
        with pytest.raises(Refused) as refused:
            await wrong.begin(news(), "HallCam", door.send, NOW)
        assert "geheim" not in str(refused.value)


async def test_agent_dvr_records_alerts_and_stops() -> None:
    """Recording first, so that what follows the alert is kept; an error in a good status is seen."""
    async with serving(agent_dvr) as nvr:
        system, door = adapter("agent_dvr", nvr.url, username="joe", password="pw")
        await system.begin(news(), "7", door.send, NOW)
        await system.end(news(), "7", "", door.send, NOW)
        assert [path.partition("&")[0] for path in nvr.paths()] == [
            "GET /command.cgi?cmd=record",
            "GET /command.cgi?cmd=alert",
            "GET /command.cgi?cmd=recordStop",
        ]
        with pytest.raises(Refused, match="answered with an error"):
            await system.begin(news(), "8", door.send, NOW)
        assert nvr.wrong == []


async def test_zoneminder_is_alarmed_and_calmed_with_its_token() -> None:
    """A forced alarm that is never cancelled records for ever."""
    server = ZoneMinder()
    async with serving(server) as nvr:
        system, door = adapter("zoneminder", nvr.url + "/zm", username="joe", password="pw")
        await system.begin(news(), "3", door.send, NOW)
        assert server.alarmed == {"3"}
        server.tokens.append("another")
        await system.end(news(), "3", "", door.send, NOW)
        assert server.alarmed == set()
        with pytest.raises(Refused, match="monitor 9 was not switched on: Invalid monitor"):
            await system.begin(news(), "9", door.send, NOW)
        assert nvr.wrong == []


async def test_shinobi_is_triggered_by_its_keys() -> None:
    """It answers 200 to a wrong key as well."""
    async with serving(shinobi) as nvr:
        system, door = adapter("shinobi", nvr.url, key="apikey", group="group")
        await system.begin(news(), "mon/1", door.send, NOW)
        await system.end(news(), "mon/1", "", door.send, NOW)
        assert nvr.asked[0][1].startswith("/apikey/motion/group/mon%2F1?data=%7B")
        assert nvr.wrong == []
        wrong, door = adapter("shinobi", nvr.url, key="geheim", group="group")
        with pytest.raises(Refused, match="does not know this API key") as refused:
            await wrong.begin(news(), "m", door.send, NOW)
        assert "geheim" not in str(refused.value)


async def test_a_webhook_can_be_verified_and_told_from_a_replay() -> None:
    """Signature over time and body, the same delivery id for every try, the end as well."""
    taken: list[web.Request] = []

    async def hook(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        assert (request.method, request.path_qs) == ("POST", "/fire?from=ee")
        assert request.content_type == "application/json"
        stamp = request.headers["X-EmberEye-Timestamp"]
        wanted = hmac.new(b"s" * 16, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert request.headers["X-Sign"] == f"sha256={wanted}"
        assert stamp == "1772366500"
        assert json.loads(body)["zone"] == "kitchen"
        taken.append(request)
        return web.Response(status=204)

    async with serving(hook) as server:
        system, door = adapter("webhook", f"{server.url}/fire?from=ee", key="s" * 16, header="X-Sign")
        await system.begin(news(), "", door.send, NOW)
        await system.end(news(ZoneState.NORMAL), "", "", door.send, NOW)
        assert [request.headers["X-EmberEye-Delivery"] for request in taken] == ["a-1:alarm", "a-1:normal"]
        assert server.wrong == []


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[]", b'{"success": true, "event_id": 7}', b"<html>Welcome</html>"]
)
@pytest.mark.parametrize("status", [200, 302, 404, 500])
async def test_nonsense_is_refused_or_taken_but_never_raises_anything_else(kind: str, body: bytes, status: int) -> None:
    """Another program on that port, a login page, an error page: words, not a traceback."""

    async def nonsense(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers={"Location": "/login"} if status == 302 else {})

    async with serving(nonsense) as server:
        system, door = adapter(kind, server.url, username="joe", password="pw", key="k" * 16, group="g")
        told: list[Refused] = []
        try:
            await system.begin(news(), "7", door.send, NOW)
        except Refused as refused:
            told.append(refused)
        assert told or (status == 200 and kind not in ("frigate", "zoneminder"))
        assert "\n" not in "".join(map(str, told))
        assert len(server.asked) <= 2

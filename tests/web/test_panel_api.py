"""Orders to the panel."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embereye_addon.messages import Command, Disable, Done, Silence
from embereye_addon.web.ingress import Door
from embereye_addon.web.panel_api import COMMANDS
from tests.web.samples import Served, served

JSON = {"Content-Type": "application/json"}


async def panel(page: Served, done: Done) -> list[Command]:
    """A panel that gives the same answer to everything; what it was asked."""
    asked: list[Command] = []

    async def answer(order: Command) -> Done:
        asked.append(order)
        return done

    for kind in COMMANDS.values():
        await page.bus.answer(kind, answer)
    return asked


@pytest.mark.parametrize("name", list(COMMANDS))
async def test_an_order_reaches_the_panel_with_who_and_where(name: str) -> None:
    """An operator's order must arrive as given, with the name for the journal."""
    async with served() as page:
        asked = await panel(page, Done(ok=True))
        async with page.client.post(f"/api/panel/{name}", json={"zone": "dock"}) as answer:
            assert answer.status == 200
            assert await answer.json() == {"ok": True, "why": ""}
        assert asked == [COMMANDS[name](by="local page", way="ui", target="dock")]


async def test_a_time_limit_and_a_point_reach_the_panel() -> None:
    """The hour of the welder becomes for ever, or his camera's zone goes out of service instead of his camera."""
    async with served() as page:
        asked = await panel(page, Done(ok=True))
        body = {"point": "cam.a.flame", "for_s": 3600}
        async with page.client.post("/api/panel/disable", json=body) as answer:
            assert answer.status == 200
        assert asked == [Disable(by="local page", way="ui", target="cam.a.flame", for_s=3600.0)]
        async with page.client.post("/api/panel/disable", json={"zone": "dock", "for_s": -1}) as answer:
            assert answer.status == 400


async def test_home_assistants_user_is_named() -> None:
    """The journal must name the person who pressed the button in Home Assistant."""
    async with served(Door(inside=True, ingress="127.0.0.1")) as page:
        asked = await panel(page, Done(ok=True))
        headers = {"X-Remote-User-Display-Name": "Jo Smith", "Origin": "https://home.example"}
        async with page.client.post("/api/panel/silence", json={}, headers=headers) as answer:
            assert answer.status == 200
        assert asked == [Silence(by="Jo Smith", way="ui", target="")]


async def test_a_refused_reset_says_why() -> None:
    """Whoever resets too early must read that the evidence is still there."""
    async with served() as page:
        await panel(page, Done(ok=False, why="the evidence still adds up to 12 nats"))
        async with page.client.post("/api/panel/reset", json={"zone": "dock"}) as answer:
            assert answer.status == 409
            assert await answer.json() == {"ok": False, "why": "the evidence still adds up to 12 nats"}


async def test_a_missing_panel_is_said_in_words() -> None:
    """A button that reached nobody must say so at once."""
    async with served() as page, page.client.post("/api/panel/silence", json={}) as answer:
        assert answer.status == 503
        assert "none is running" in (await answer.json())["why"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/api/panel/explode", b"{}", JSON, 404),
        ("/api/panel/reset", b"zone=dock", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("/api/panel/reset", b"{}", {"Content-Type": "text/plain"}, 415),
        ("/api/panel/reset", b"{", JSON, 400),
        ("/api/panel/reset", b'{"zone": 5}', JSON, 400),
        ("/api/panel/reset", b'{"zonne": "dock"}', JSON, 400),
        ("/api/panel/reset", json.dumps({"zone": "x" * 81}).encode(), JSON, 400),
        ("/api/panel/reset", b'"' + b"x" * 20_000 + b'"', JSON, 413),
        ("/api/panel/reset", b"{}", {**JSON, "Sec-Fetch-Site": "cross-site"}, 403),
        ("/api/panel/reset", b"{}", {**JSON, "Origin": "http://evil.example"}, 403),
    ],
)
async def test_what_is_no_order_is_refused_in_words(
    path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    """A wrong or foreign request must change nothing and say what is wrong."""
    async with served() as page:
        asked = await panel(page, Done(ok=True))
        async with page.client.post(path, data=body, headers=headers) as answer:
            said = await answer.json()
            assert answer.status == status
            assert said["ok"] is False
            assert said["why"]
        assert asked == []


_ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["zone", "x"]), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=60) | _ANY.map(lambda value: json.dumps(value).encode()), max_size=10))
async def test_no_body_breaks_the_server(bodies: list[bytes]) -> None:
    """Whatever is posted, the answer is words and never an inside error."""
    async with served() as page:
        await panel(page, Done(ok=True))
        for body in bodies:
            async with page.client.post("/api/panel/reset", data=body, headers=JSON) as answer:
                assert answer.status in (200, 400)
                assert "ok" in await answer.json()

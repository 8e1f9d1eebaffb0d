"""Who is let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.web.ingress import (
    COOKIE,
    INGRESS_PEER,
    Asked,
    Caller,
    Door,
    RefusedError,
    admit,
    cookie_value,
    from_own_page,
)

TOKEN = "a token of some length"
LOCAL = {"Host": "127.0.0.1:8099"}
LAN = {"Host": "10.0.0.2:8099"}


def refused(door: Door, asked: Asked) -> RefusedError:
    """The refusal of a request that must be refused."""
    with pytest.raises(RefusedError) as caught:
        admit(door, asked)
    return caught.value


def test_this_machine_may_open_the_page() -> None:
    """Whoever sits at the machine needs no token."""
    for peer, host in (("127.0.0.1", "127.0.0.1:8099"), ("::1", "[::1]:8099"), ("::ffff:127.0.0.1", "localhost:8099")):
        assert admit(Door(), Asked(peer, "/", {"Host": host})) == Caller(by="local page", way="ui")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8099", "10.0.0.2", "", "[broken", "127.0.0.1.evil.example"]
)
def test_a_foreign_name_that_leads_here_is_refused(host: str) -> None:
    """A web page somewhere must not reach the panel by a name that points to this machine (DNS rebinding)."""
    assert refused(Door(), Asked("127.0.0.1", "/", {"Host": host})).status == 403


def test_a_proxy_on_this_machine_is_not_this_machine() -> None:
    """A proxy that opens the page to the world must not make everybody the local operator."""
    headers = {**LOCAL, "X-Forwarded-For": "203.0.113.9"}
    assert refused(Door(), Asked("127.0.0.1", "/", headers)).status == 403
    door = Door(token=TOKEN)
    assert admit(door, Asked("127.0.0.1", "/", {**headers, "Authorization": f"Bearer {TOKEN}"})).way == "api"


def test_without_a_token_nobody_else_comes_in() -> None:
    """An installer who opens the port without a token must not open the panel; the words say what to do."""
    refusal = refused(Door(), Asked("10.0.0.9", "/", LAN, query_token="", cookie=cookie_value("")))
    assert refusal.status == 403
    assert "web.token" in str(refusal)


def test_a_token_opens_by_header_address_and_cookie() -> None:
    """Another machine comes in by token, and after the first time by its cookie."""
    door = Door(token=TOKEN)
    by_header = admit(door, Asked("10.0.0.9", "/", {**LAN, "Authorization": f"Bearer {TOKEN}"}))
    assert by_header == Caller(by="token web.token from 10.0.0.9", way="api")
    by_query = admit(door, Asked("10.0.0.9", "/", LAN, query_token=TOKEN))
    assert by_query == Caller(by="token web.token from 10.0.0.9", way="ui", set_cookie=True)
    by_cookie = admit(door, Asked("10.0.0.9", "/", LAN, cookie=cookie_value(TOKEN)))
    assert by_cookie == Caller(by="token web.token from 10.0.0.9", way="ui")
    assert COOKIE not in cookie_value(TOKEN)
    assert TOKEN not in cookie_value(TOKEN)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=80))
def test_a_wrong_token_never_opens(bearer: str, query: str, cookie: str) -> None:
    """Whatever a stranger sends, it is refused in words and nothing breaks."""
    asked = Asked("10.0.0.9", "/", {**LAN, "Authorization": bearer}, query_token=query, cookie=cookie)
    assert refused(Door(token=TOKEN), asked).status == 401


def test_inside_an_addon_only_home_assistant_comes_in() -> None:
    """The ingress port must not be a back door for other add-ons or the LAN, not even with a token."""
    door = Door(inside=True, token=TOKEN)
    for peer in ("172.30.33.5", "10.0.0.9", "172.30.32.1", "nonsense", ""):
        refusal = refused(door, Asked(peer, "/", {**LAN, "Authorization": f"Bearer {TOKEN}"}))
        assert refusal.status == 403
        assert "side bar" in str(refusal)
    assert admit(door, Asked("127.0.0.1", "/", LOCAL)).by == "local page"


def test_the_supervisor_asks_for_health_without_a_token() -> None:
    """The add-on's watchdog must reach /health, or Home Assistant restarts a healthy system."""
    for peer in (INGRESS_PEER, "172.30.32.1"):
        admit(Door(inside=True), Asked(peer, "/health", LAN))
    assert refused(Door(inside=True), Asked("172.30.33.5", "/health", LAN)).status == 403


@pytest.mark.parametrize(
    ("headers", "by"),
    [
        ({"X-Remote-User-Display-Name": "Jo Smith", "X-Remote-User-Name": "jo"}, "Jo Smith"),
        ({"X-Remote-User-Display-Name": " ", "X-Remote-User-Name": "jo"}, "jo"),
        ({"X-Remote-User-Display-Name": "J\x1bo" + "x" * 200}, "Jo" + "x" * 78),
        ({}, "Home Assistant, person unknown"),
    ],
)
def test_the_journal_gets_home_assistants_user(headers: dict[str, str], by: str) -> None:
    """Who acknowledged an alarm must be readable later, and must not break the journal."""
    assert admit(Door(inside=True), Asked(INGRESS_PEER, "/", headers)) == Caller(by=by, way="ui", ingress=True)


def test_nobody_else_can_claim_a_name() -> None:
    """A local program must not acknowledge in somebody else's name."""
    asked = Asked("127.0.0.1", "/", {**LOCAL, "X-Remote-User-Display-Name": "The boss"})
    assert admit(Door(inside=True), asked).by == "local page"


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://elsewhere"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://127.0.0.1:8099", "Host": "127.0.0.1:8099"}, True),
        ({"Origin": "http://127.0.0.1:9999", "Host": "127.0.0.1:8099"}, False),
        ({"Origin": "http://evil.example", "Host": "127.0.0.1:8099"}, False),
        ({"Origin": "null", "Host": "127.0.0.1:8099"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[broken", "Host": "127.0.0.1:8099"}, False),
    ],
)
def test_another_page_cannot_act(headers: dict[str, str], own: bool) -> None:
    """A web page somewhere must not silence an alarm through the operator's browser."""
    assert from_own_page(Caller(by="x", way="ui"), headers) is own


def test_behind_ingress_an_unknown_host_name_is_no_hindrance() -> None:
    """An operator whose Home Assistant stands behind a proxy of his own must be able to acknowledge."""
    headers = {"Origin": "https://home.example", "Host": "homeassistant:8123"}
    assert from_own_page(Caller(by="x", way="ui", ingress=True), headers)

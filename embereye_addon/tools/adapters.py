"""python -m embereye_addon adapters: which other systems are told, and a test event that says what one answers."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from embereye_addon.errors import LinkError, SettingsFileError
from embereye_addon.messages import ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.publish.adapters.calls import Answer, Call, News, Refused, Silent, hidden
from embereye_addon.publish.adapters.http import Http
from embereye_addon.publish.adapters.kinds import KINDS, System
from embereye_addon.publish.states import time_text
from embereye_addon.settings import store
from embereye_addon.settings.model import Adapter
from embereye_addon.settings.outside import split_target

SHOWN_MAX = 300
GIVEN_MAX = 64 << 10
TEST_S = 2.0
"""Between the beginning and the end of the test event."""
PAUSES_S = 30.0
"""All of these together."""
Say = Callable[[str], None]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the test at one of their cameras: done, refused, silent, unreachable, or not tried after those.

    `status` is that of the last HTTP answer (0: none came), `why` says in words what was not done, without a secret.
    """

    theirs: str
    outcome: str
    status: int = 0
    why: str = ""


def news(state: ZoneState, now: float) -> News:
    """A test event; whoever receives it can tell that it is none."""
    text = "A test by the installer; nothing burns"
    words = {
        "event_type": "test",
        "alarm_id": "test",
        "zone": "test",
        "zone_name": "Test",
        "now": str(state),
        "at": time_text(now),
        "text": text,
    }
    body = msgspec.json.encode(words)
    return News("test", f"test-{now:.3f}:{state}", "test", "Test", state, now, text, body, test=True)


class Saying:
    """The door, which says every request and its answer, without secrets, and keeps the last status."""

    def __init__(self, settings: Adapter, say: Say) -> None:
        self.status = 0
        self._settings, self._http, self._say = settings, Http(settings), say

    async def send(self, call: Call) -> Answer:
        """See `Http.send`."""
        self.status = 0
        answer = await self._http.send(call)
        self.status = answer.status
        asked = f"{call.method} {call.path or '(the address itself)'}{'?' + call.query_text if call.query else ''}"
        said = " ".join(answer.body[:SHOWN_MAX].decode(errors="replace").split())
        shown = "".join(sign for sign in said if sign.isprintable())
        self._say(hidden(f"  {asked}\n    HTTP {answer.status} {shown}", self._settings, *answer.cookies.values()))
        return answer


async def tried(settings: Adapter, say: Say) -> tuple[Row, ...]:
    """Begin and end a test event at every camera of the settings. A server that is not there is asked once."""
    system, door, rows = KINDS[settings.kind](settings), Saying(settings, say), list[Row]()
    lines = (split_target(line)[1] for line in settings.targets) if system.targeted else ("",)
    names = tuple(dict.fromkeys(lines))
    pause_s = min(TEST_S, PAUSES_S / max(1, len(names))) if system.lasting else 0.0
    for theirs in names:
        if rows and rows[-1].outcome in ("silent", "unreachable", "not_tried"):
            rows.append(Row(theirs=theirs, outcome="not_tried"))
            continue
        say(f"{settings.id} ({settings.kind}){f', {theirs}' if theirs else ''}:")
        try:
            await _at(system, theirs, door, pause_s)
        except LinkError as error:
            why = hidden(str(error), settings)
            say(f"  not done: {why}")
            outcome = (
                "refused" if isinstance(error, Refused) else "silent" if isinstance(error, Silent) else "unreachable"
            )
            rows.append(Row(theirs=theirs, outcome=outcome, status=door.status, why=why))
        else:
            say("  done")
            rows.append(Row(theirs=theirs, outcome="done", status=door.status))
    return tuple(rows)


async def _at(system: System, theirs: str, door: Saying, pause_s: float) -> None:
    now = utc_s()
    token = await system.begin(news(ZoneState.ALARM, now), theirs, door.send, now)
    await asyncio.sleep(pause_s)
    now = utc_s()
    await system.end(news(ZoneState.NORMAL, now), theirs, token, door.send, now)


def command(words: list[str]) -> int:
    """List the adapters of a site, or test one; 0 when all was done."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon adapters", description=__doc__)
    parser.add_argument("--site", type=Path, help="your settings, YAML or JSON")
    parser.add_argument("--test", metavar="ID", default="", help="begin and end a test event with this adapter")
    parser.add_argument(
        "--json", action="store_true", help="test the adapter that comes as JSON on stdin; the answer is JSON too"
    )
    given = parser.parse_args(words)
    if given.json:
        print(msgspec.json.encode(asyncio.run(tried(_given(), lambda _words: None))).decode(), flush=True)
        return 0
    if given.site is None:
        parser.error("--site is needed")
    adapters = {each.id: each for each in store.load(given.site).adapters}
    if not given.test:
        for each in adapters.values():
            off = "" if each.enabled else ", switched off"
            print(f"{each.id}: {each.kind} at {each.url}{off}; {', '.join(each.targets) or 'no cameras'}")
        return 0
    if given.test not in adapters:
        print(f"There is no adapter {given.test!r}; there are: {', '.join(adapters) or 'none'}")
        return 1
    rows = asyncio.run(tried(adapters[given.test], print))
    return 0 if all(row.outcome == "done" for row in rows) else 1


def _given() -> Adapter:
    try:
        return msgspec.json.decode(sys.stdin.buffer.read(GIVEN_MAX), type=Adapter)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise SettingsFileError("the adapter on stdin", (str(err),)) from None

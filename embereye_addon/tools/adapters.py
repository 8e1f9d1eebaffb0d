"""python -m embereye_addon adapters: which other systems are told, and a test event that says what one answers."""

import argparse
import asyncio
from pathlib import Path

import msgspec

from embereye_addon.errors import LinkError
from embereye_addon.messages import ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.publish.adapters.calls import Answer, Call, News, hidden
from embereye_addon.publish.adapters.http import Http
from embereye_addon.publish.adapters.kinds import KINDS
from embereye_addon.publish.states import time_text
from embereye_addon.settings import store
from embereye_addon.settings.model import Adapter
from embereye_addon.settings.outside import split_target

SHOWN_MAX = 300
TEST_S = 2.0
"""Between the beginning and the end of the test event."""


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
    return News("test", f"test-{now:.3f}:{state}", "test", "Test", state, now, text, msgspec.json.encode(words))


class Saying:
    """The door, which prints every request and its answer, without secrets."""

    def __init__(self, settings: Adapter) -> None:
        self._settings, self._http = settings, Http(settings)

    async def send(self, call: Call) -> Answer:
        """See `Http.send`."""
        answer = await self._http.send(call)
        asked = f"{call.method} {call.path or '(the address itself)'}{'?' + call.query_text if call.query else ''}"
        said = " ".join(answer.body[:SHOWN_MAX].decode(errors="replace").split())
        shown = "".join(sign for sign in said if sign.isprintable())
        print(hidden(f"  {asked}\n    HTTP {answer.status} {shown}", self._settings, *answer.cookies.values()))
        return answer


async def tried(settings: Adapter) -> bool:
    """Begin and end a test event at every camera of the settings; whether all of it was done."""
    system, saying, good = KINDS[settings.kind](settings), Saying(settings), True
    lines = (split_target(line)[1] for line in settings.targets) if system.targeted else ("",)
    for theirs in dict.fromkeys(lines):
        print(f"{settings.id} ({settings.kind}){f', {theirs}' if theirs else ''}:")
        try:
            now = utc_s()
            token = await system.begin(news(ZoneState.ALARM, now), theirs, saying.send, now)
            await asyncio.sleep(TEST_S if system.lasting else 0.0)
            now = utc_s()
            await system.end(news(ZoneState.NORMAL, now), theirs, token, saying.send, now)
            print("  done")
        except LinkError as error:
            good = False
            print(hidden(f"  not done: {error}", settings))
    return good


def command(words: list[str]) -> int:
    """List the adapters of a site, or test one; 0 when all was done."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon adapters", description=__doc__)
    parser.add_argument("--site", type=Path, required=True, help="your settings, YAML or JSON")
    parser.add_argument("--test", metavar="ID", default="", help="begin and end a test event with this adapter")
    given = parser.parse_args(words)
    adapters = {each.id: each for each in store.load(given.site).adapters}
    if not given.test:
        for each in adapters.values():
            off = "" if each.enabled else ", switched off"
            print(f"{each.id}: {each.kind} at {each.url}{off}; {', '.join(each.targets) or 'no cameras'}")
        return 0
    if given.test not in adapters:
        print(f"There is no adapter {given.test!r}; there are: {', '.join(adapters) or 'none'}")
        return 1
    return 0 if asyncio.run(tried(adapters[given.test])) else 1

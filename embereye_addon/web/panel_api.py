"""What an operator may ask of the panel: acknowledge, silence, reset, disable, test, commission, isolate."""

from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from embereye_addon.bus import Bus
from embereye_addon.messages import (
    Acknowledge,
    Command,
    Commission,
    Connect,
    DayMode,
    Disable,
    Enable,
    EndCommission,
    EndTest,
    Isolate,
    Lasting,
    Reset,
    Resound,
    Silence,
    WalkTest,
)
from embereye_addon.web.answers import CALLER, answer
from embereye_addon.web.ingress import RefusedError

COMMANDS: Final[dict[str, type[Command]]] = {
    "acknowledge": Acknowledge,
    "silence": Silence,
    "resound": Resound,
    "reset": Reset,
    "disable": Disable,
    "enable": Enable,
    "test": WalkTest,
    "end_test": EndTest,
    "commission": Commission,
    "end_commission": EndCommission,
    "day_mode": DayMode,
    "isolate": Isolate,
    "connect": Connect,
}
ASK_S: Final = 5.0


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a command; an empty zone means all.

    `point` stands for the zone where one point is disabled or enabled; `for_s` is a time limit, 0 for none; `mode` is
    what `day_mode` asks for.
    """

    zone: Annotated[str, Meta(max_length=80)] = ""
    point: Annotated[str, Meta(max_length=80)] = ""
    for_s: Annotated[float, Meta(ge=0.0, le=604800.0)] = 0.0
    mode: Literal["auto", "day", "night"] = "auto"


class PanelApi:
    """POST /api/panel/COMMAND."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def command(self, request: web.Request) -> web.Response:
        """Hand a command to the panel: 200 when done, 409 when refused, both with words."""
        kind = COMMANDS.get(request.match_info["command"])
        if kind is None:
            raise RefusedError(404, f"The panel knows {', '.join(COMMANDS)}")
        if request.content_type != "application/json":
            raise RefusedError(415, 'Send JSON, such as {"zone": ""}')
        try:
            body = msgspec.json.decode(await request.read(), type=Body)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            raise RefusedError(400, f'This is not a command: {err}; send JSON, such as {{"zone": ""}}') from None
        caller = request[CALLER]
        order = kind(by=caller.by, way=caller.way, target=body.zone or body.point)
        if isinstance(order, Lasting):
            order = msgspec.structs.replace(order, for_s=body.for_s)
        if isinstance(order, DayMode):
            order = msgspec.structs.replace(order, mode=body.mode)
        done = await self._bus.ask(order, timeout_s=ASK_S)
        return answer(done, 200 if done.ok else 409)

"""The web process: hears everything, shows it, and hands commands to the panel."""

import asyncio
import logging
import sys
from pathlib import Path

from embereye_addon.detect.models import Models
from embereye_addon.detect.sizes import at_one_metre
from embereye_addon.errors import LinkError
from embereye_addon.evidence import Evidence
from embereye_addon.messages import AlarmChanged, Message
from embereye_addon.observe.disk import Room
from embereye_addon.processes import addon
from embereye_addon.processes.child import Child, every, with_parent
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.keeper import PRUNE_S, Keeper
from embereye_addon.processes.panel_watch import zones_of
from embereye_addon.processes.traffic import Traffic
from embereye_addon.web import assets
from embereye_addon.web.app import Wiring, build, serving
from embereye_addon.web.board import HEARD, Board
from embereye_addon.web.ingress import Door
from embereye_addon.web.workshop import Workshop

_log = logging.getLogger(__name__)

AGAIN_S = 5.0
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside an add-on the door lets in the Supervisor and this container only
PORT_TAKEN = "web_port_taken"
MEDIA = Path("/media")


async def serve(child: Child, wiring: Wiring, host: str, again_s: float = AGAIN_S) -> None:
    """Serve for ever. A port that cannot be had is a fault in words, and is tried again every `again_s`."""
    while True:
        try:
            async with serving(build(wiring), host, child.site.web.port) as port:
                child.faults.pop(PORT_TAKEN, None)
                _log.info("the page is on http://%s:%d", host, port)
                await asyncio.Event().wait()
        except LinkError as err:
            _log.log(logging.DEBUG if PORT_TAKEN in child.faults else logging.ERROR, "%s", err)
            child.faults[PORT_TAKEN] = str(err)
            await asyncio.sleep(again_s)


def workshop(folder: Folder) -> Workshop:
    """What long work needs; a command that is started ends with this process."""
    return Workshop(
        command=with_parent((sys.executable, "-m", "embereye_addon")),
        folder=folder.path,
        recordings=folder.recordings,
        scratch=folder.scratch,
        models=Models(folder.models),
        sizes=at_one_metre,
    )


async def main(child: Child) -> None:
    """Show the page until told to stop."""
    board = Board(child.site, lambda: bool(getattr(child.bus, "away", False)))
    traffic = Traffic(zones_of(child.site))

    def heard(fact: Message) -> None:
        traffic.take(fact)
        board.take(fact)

    for kind in HEARD:
        await child.bus.hear(kind, heard)
    inside = addon.inside()
    door = Door(inside=inside, token=child.site.web.token)
    files = await asyncio.to_thread(assets.load)
    site_file = await asyncio.to_thread(child.folder.user_file)
    folder = child.folder
    wiring = Wiring(
        board=board,
        bus=child.bus,
        door=door,
        files=files,
        site_file=site_file,
        history=folder.history,
        evidence=folder.evidence,
        workshop=workshop(folder),
    )
    media = await asyncio.to_thread(media_folder, child.site.journal.media, inside=inside)
    room = Room(folder.path, child.site.disk.least_free_mib)
    keeper = Keeper(child.site, child.bus, Evidence(folder.evidence, media), folder.history, room, traffic=traffic)
    await child.bus.follow(AlarmChanged, "evidence", keeper.on_change)
    try:
        async with asyncio.TaskGroup() as work:
            work.create_task(every(PRUNE_S, keeper.prune), name="prune evidence")
            work.create_task(serve(child, wiring, EVERYWHERE if inside else child.site.web.host), name="serve")
    finally:
        await keeper.stop()


def media_folder(setting: str, *, inside: bool, shared: Path = MEDIA) -> Path | None:
    """Where copies go: Home Assistant's media folder where the add-on has it, nowhere, or a folder of the user's."""
    if setting == "true":
        return shared / "embereye" if inside and shared.is_dir() else None
    return None if setting == "false" else Path(setting)

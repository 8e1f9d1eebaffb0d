"""What an installer works with on the page: recordings, trials, models, and the tests of a camera and of an adapter."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from embereye_addon.evidence import Evidence
from embereye_addon.web.adapter_api import AdapterApi
from embereye_addon.web.alarm_recordings import AlarmRecordings
from embereye_addon.web.camera_api import CameraApi, Sizes
from embereye_addon.web.desk import Desk
from embereye_addon.web.models_api import ModelsApi, ModelStore
from embereye_addon.web.recordings import Recordings
from embereye_addon.web.settings_api import Draft
from embereye_addon.web.trial_api import TrialApi


@dataclass(frozen=True, slots=True)
class Workshop:
    """How this program is started, where recordings lie, a folder that is emptied, the models, and `Sizes`."""

    command: tuple[str, ...]
    folder: Path
    recordings: Path
    scratch: Path
    models: ModelStore
    sizes: Sizes


def open_workshop(app: web.Application, workshop: Workshop, draft: Draft, evidence: Evidence) -> None:
    """Add its routes; `evidence` is what is kept of past alarms.

    What runs ends with the application, and goes on with the next one.
    """
    desk = Desk(workshop.command, workshop.scratch / "job.json")
    recordings = Recordings(workshop.recordings, AlarmRecordings(evidence))
    trial = TrialApi(desk, draft, recordings, workshop.scratch / "trial")
    models = ModelsApi(desk, workshop.models, recordings, workshop.folder, workshop.scratch / "model")
    camera = CameraApi(desk, draft, workshop.sizes)
    app.router.add_get("/api/job", desk.shown)
    app.router.add_post("/api/job/cancel", desk.cancelled)
    app.router.add_get("/api/recordings", recordings.shown)
    app.router.add_put("/api/recordings/{name}", recordings.take)
    app.router.add_delete("/api/recordings/{name}", recordings.remove)
    app.router.add_post("/api/trial", trial.begin)
    app.router.add_get("/api/models", models.shown)
    app.router.add_put("/api/models/upload/{name}", models.take)
    app.router.add_post("/api/models/add", models.add)
    app.router.add_post("/api/models/gate", models.gate)
    app.router.add_post("/api/models/{what}", models.change)
    app.router.add_get("/api/sizes", camera.sizes)
    app.router.add_post("/api/camera/test", camera.test)
    app.router.add_post("/api/adapter/test", AdapterApi(desk, draft).test)

    async def begin(_app: web.Application) -> None:
        await desk.resume({"trial": trial.again, "gate": models.again})

    async def stop(_app: web.Application) -> None:
        await desk.leave()

    app.on_startup.append(begin)
    app.on_shutdown.append(stop)

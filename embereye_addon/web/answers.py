"""How the API answers: JSON, and every mistake in words."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from embereye_addon.errors import EmberEyeError
from embereye_addon.web.board import encode
from embereye_addon.web.ingress import Caller, RefusedError

_log = logging.getLogger(__name__)

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]

CALLER: Final = web.RequestKey("caller", Caller)
"""Where the gate leaves who asks."""
WORDS: Final = {
    404: "There is nothing here",
    405: "This address does not take that method",
    413: "The request is too long",
}


def answer(value: Any, status: int = 200) -> web.Response:
    """A JSON answer that nobody keeps."""
    return web.Response(
        body=encode(value), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def refusal(status: int, why: str) -> web.Response:
    """An answer that says why not."""
    response = answer({"ok": False, "why": why}, status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@web.middleware
async def in_words(request: web.Request, handler: Answerer) -> web.StreamResponse:
    """Every error as JSON with words, never a traceback."""
    try:
        return await handler(request)
    except RefusedError as err:
        return refusal(err.status, str(err))
    except EmberEyeError as err:
        return refusal(503, str(err))
    except web.HTTPException as err:
        response = refusal(err.status, WORDS.get(err.status, err.reason))
        if "Allow" in err.headers:
            response.headers["Allow"] = err.headers["Allow"]
        return response
    except Exception:  # noqa: BLE001 - the last door: a fault of ours must not show its inside
        _log.exception("answering %s %s failed", request.method, request.path)
        return refusal(500, "It failed; the log says why")

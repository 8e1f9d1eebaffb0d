"""Bodies of requests, each with its own bound."""

import asyncio
import contextlib
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import msgspec
from aiohttp import web

from embereye_addon.web.ingress import RefusedError

Body = TypeVar("Body")
SMALL: Final = 16 * 1024
SETTINGS_MAX: Final = 1 << 20
"""As large as a settings file may be."""
CHUNK: Final = 256 * 1024


async def decoded(request: web.Request, kind: type[Body], most: int = SMALL) -> Body:
    """A JSON body of at most `most` bytes as `kind`; `RefusedError` 413, 415 or 400 in words."""
    if request.content_type != "application/json":
        raise RefusedError(415, "Send JSON with Content-Type: application/json")
    try:
        return msgspec.json.decode(await _whole(request, most), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise RefusedError(400, f"This cannot be read: {err}") from None


async def _whole(request: web.Request, most: int) -> bytes:
    parts, size = [], 0
    while part := await request.content.read(CHUNK):
        size += len(part)
        if size > most:
            raise RefusedError(413, f"The request is longer than {most // 1024} KiB")
        parts.append(part)
    return b"".join(parts)


async def stored(request: web.Request, path: Path, most: int) -> int:
    """Write the body to a new file, at most `most` bytes; gives its size. `RefusedError` in words, and no file then."""
    if (request.content_length or 0) > most:
        raise RefusedError(413, f"There is room for {most >> 20} MiB here and no more")
    size, file = 0, await asyncio.to_thread(_opened, path)
    try:
        while part := await request.content.read(CHUNK):
            size += len(part)
            if size > most:
                raise RefusedError(413, f"There is room for {most >> 20} MiB here and no more")
            await asyncio.to_thread(file.write, part)
        await asyncio.to_thread(file.close)
    except OSError as err:
        await asyncio.to_thread(_undone, file, path)
        raise RefusedError(507, f"The disk does not take it: {err.strerror}") from None
    except BaseException:
        _undone(file, path)
        raise
    return size


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except FileExistsError:
        raise RefusedError(409, f"{path.name} was sent already") from None
    except OSError as err:
        raise RefusedError(507, f"The disk does not take it: {err.strerror}") from None


def _undone(file: BinaryIO, path: Path) -> None:
    """Half a file is none."""
    with contextlib.suppress(OSError):
        file.close()
    path.unlink(missing_ok=True)

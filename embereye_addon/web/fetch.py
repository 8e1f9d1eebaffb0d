"""One HTTP GET, for asking Home Assistant's Supervisor."""

import aiohttp

TIMEOUT_S = 10.0
ANSWER_MAX = 65536


async def fetch(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body (at most 64 KiB); `OSError` when there is no answer."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
            session.get(url, headers=headers) as answer,
        ):
            return answer.status, await answer.content.read(ANSWER_MAX)
    except (aiohttp.ClientError, TimeoutError) as err:
        raise OSError(type(err).__name__) from err

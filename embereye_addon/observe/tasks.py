"""Ending tasks for sure."""

import asyncio
from collections.abc import Iterable
from typing import Any

ASK_AGAIN_S = 2.0


async def stopped(tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """Cancel the tasks and wait until every one has ended; what they raise is told nobody.

    They are asked again and again: up to Python 3.11 `asyncio.wait_for` swallows a cancellation that comes in the same
    turn of the loop as the answer it waits for, and a task that loops goes on for ever (python/cpython issue 86296).
    """
    tasks = list(tasks)
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _ended, waiting = await asyncio.wait(waiting, timeout=ASK_AGAIN_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()

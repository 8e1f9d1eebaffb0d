"""Ending tasks: a process that is told to stop does stop."""

import asyncio

from embereye_addon.observe.tasks import stopped


async def test_a_task_that_swallows_a_cancellation_is_asked_again() -> None:
    """A follower caught between its answer and its cancellation must not hold up the end of its process for ever."""
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 2:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await stopped([task])
    assert task.cancelled()
    assert swallowed == 2


async def test_what_a_task_raises_at_its_end_is_told_nobody() -> None:
    """Stopping must not fail because something that is being stopped fails."""

    async def failing() -> None:
        raise OSError("gone")

    async def quiet() -> None:
        return

    tasks = [asyncio.create_task(failing()), asyncio.create_task(quiet())]
    await stopped(tasks)
    assert all(task.done() for task in tasks)
    await stopped([])

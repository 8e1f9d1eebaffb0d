"""What every test gets: the optional dataset folder, and a check that no test leaves a task behind."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

# How long drawing or running takes says something of the machine and its other users, not of the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The dataset folder beside the checkout; a test that needs it skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the dataset folder ../shared is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def rewrite_golden() -> bool:
    """True under `make golden`: expectations are written, not compared."""
    return os.environ.get("EMBEREYE_GOLDEN") == "write"


@pytest_asyncio.fixture(autouse=True)
async def no_task_left() -> AsyncIterator[None]:
    """Fail a test that leaves an asyncio task running."""
    before = asyncio.all_tasks()
    yield
    left: list[asyncio.Task[object]] = []
    for _ in range(20):
        left = [task for task in asyncio.all_tasks() - before - {asyncio.current_task()} if not task.done()]
        if not left:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"tasks left running: {left}")

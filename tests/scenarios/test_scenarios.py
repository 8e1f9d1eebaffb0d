"""Stories of fires and of things that are none: recorded traffic in, the alarm changes it must give."""

from pathlib import Path

import msgspec
import pytest

from tests.scenarios.replay import replay

HERE = Path(__file__).parent
NAMES = sorted(file.parent.name for file in HERE.glob("*/input.jsonl"))


@pytest.mark.parametrize("name", NAMES)
def test_golden_scenario(name: str, rewrite_golden: bool) -> None:
    """The same traffic must lead to the same alarms, with the same words, in every release."""
    told = b"".join(msgspec.json.encode(row) + b"\n" for row in replay((HERE / name / "input.jsonl").read_text()))
    expected = HERE / name / "expected.jsonl"
    if rewrite_golden:
        expected.write_bytes(told)
    assert told.decode().splitlines() == expected.read_text().splitlines()


def test_no_scenario_is_without_its_expectation() -> None:
    """A scenario that expects nothing says so by an empty file, not by none."""
    assert NAMES
    assert sorted(file.parent.name for file in HERE.glob("*/expected.jsonl")) == NAMES

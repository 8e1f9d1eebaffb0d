"""The sizes command: what a camera can see, in metres, from the shipped model's own figures."""

import re

import pytest

from embereye_addon.__main__ import command
from embereye_addon.detect.sizes import measured


def metres(text: str) -> list[float]:
    """Every length in the answer."""
    return [float(found) for found in re.findall(r"([0-9.]+) m\b(?! away)", text)]


def test_nearer_is_better(capsys: pytest.CaptureFixture[str]) -> None:
    """An installer is told that a camera further away sees smaller fires."""
    answers = []
    for distance in ("5", "10"):
        assert command(["sizes", "--lens", "90", "--distance", distance]) == 0
        answers.append(capsys.readouterr().out)
    near, far = (metres(answer.splitlines()[1]) for answer in answers)
    assert "64 px a metre" in answers[0]
    assert len(near) == len(far) == 4
    assert all(2 * close == pytest.approx(away, abs=0.02) for close, away in zip(near, far, strict=True))


def test_mistakes_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A lens of 400 degrees gives a flame of minus three metres."""
    for wrong in ("400", "wide"):
        with pytest.raises(SystemExit):
            command(["sizes", "--lens", wrong, "--distance", "5"])
        assert "is no number from 5 to 170" in capsys.readouterr().err


def test_the_shipped_card_holds_the_figures() -> None:
    """A new model is shipped without having been measured."""
    rows = measured()
    assert set(rows) == {"fire", "smoke"}
    assert all(row.n >= 20 for each in rows.values() for row in each)

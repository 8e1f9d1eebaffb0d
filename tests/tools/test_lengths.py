"""How long recordings are, without playing them."""

from pathlib import Path

import pytest

from embereye_addon.tools.lengths import END_BYTES, length_s
from tests.tools.test_models import film

FRAME = "#frame" + "0" * 60 + "!"


def test_the_length_of_each_kind(tmp_path: Path) -> None:
    """A bar without an end tells nobody whether to wait or to come back tomorrow."""
    file = tmp_path / "one"
    file.write_text("\n".join(f'{{"t": {second}.5, "say": {{}}}}' for second in range(90)))
    assert length_s(file, "traffic") == 89.5
    file.write_text('{"t": 1.0, "say": "' + "x" * END_BYTES + '"}\n{"t": 2.0}\n{"t": 3')
    assert length_s(file, "traffic") == 2.0
    file.write_text(f"23:59:58.000\tD>H\t{FRAME}\n23:59:59.000\tH>D\t!\n00:00:08.500\tD>H\t{FRAME}\n\n")
    assert length_s(file, "capture") == 10.5
    file.write_text(f"100.5\tD>H\t{FRAME}\n130.75\tD>H\t{FRAME}\n")
    assert length_s(file, "capture") == 30.25
    assert length_s(film(tmp_path / "film.mp4", 40), "video") == pytest.approx(8.0, abs=0.5)


def test_a_length_that_cannot_be_told(tmp_path: Path) -> None:
    """It costs the bar its end, never the trial."""
    file = tmp_path / "one"
    for kind in ("traffic", "capture", "video"):
        assert length_s(file, kind) is None
    for content in (b"", b"\xff\xfe\n#frame\n", b"[1]\n"):
        file.write_bytes(content)
        for kind in ("traffic", "capture", "video"):
            assert length_s(file, kind) is None

"""docs/mqtt.md holds the tables of the code."""

from pathlib import Path

import pytest

from embereye_addon.publish.docs import main, renewed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mqtt.md"


def test_the_page_is_what_the_code_does() -> None:
    """The documents name what exists; `python -m embereye_addon.publish.docs docs/mqtt.md` re-makes them."""
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page


def test_a_page_is_renewed_in_place(tmp_path: Path) -> None:
    """The command changes what stands between the marks and nothing else."""
    page = PAGE.read_text(encoding="utf-8")
    copy = tmp_path / "mqtt.md"
    copy.write_text(page.replace("| Fire score |", "| nonsense |"), encoding="utf-8")
    assert main(["docs", str(copy)]) == 0
    assert copy.read_text(encoding="utf-8") == page


def test_a_page_without_marks_is_refused() -> None:
    """A page whose marks were edited away is not overwritten."""
    with pytest.raises(ValueError, match="marks"):
        renewed("# MQTT")

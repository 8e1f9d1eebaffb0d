"""The card's table of clips, from what a replay wrote."""

import json
from pathlib import Path

from training import replayed


def told(folder: Path) -> list[dict[str, object]]:
    """A fire that alarms, one that does not, and a quiet clip."""
    lines = []
    for name, kind, expected, start_s in (
        ("bin", "fire", True, 2.0),
        ("far", "fire", True, 1.0),
        ("hall", "none", False, None),
    ):
        truth = {"kind": kind, "alarm_expected": expected, "fire_start_s": start_s, "smoke_start_s": None}
        (folder / f"{name}.json").write_text(json.dumps(truth))
        path = f"clips/{name}.mp4"
        if name == "bin":
            lines.append({"path": path, "t": 4.0, "was": "normal", "now": "pre_alarm"})
            lines.append({"path": path, "t": 7.5, "was": "pre_alarm", "now": "alarm"})
        lines.append({"path": path, "worst": "normal", "seconds": 60.0, "most_nats": 3.0})
    (folder / "lines.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    found: list[dict[str, object]] = replayed.rows(folder / "lines.jsonl", folder)
    return found


def test_late_and_missed_fires_and_false_alarms_are_told(tmp_path: Path) -> None:
    """Whoever installs the model reads how late it is, what it missed, and how little quiet video stands behind it."""
    text = "\n".join(replayed.table(told(tmp_path)))
    assert "| bin | fire | yes | 4.0 | 7.5 | 5.5 | 3.0 |" in text
    assert "| far | fire | yes |  |  |  | 3.0 |" in text
    assert "1 of 2 fires raise the alarm, 5.5 s after the start in the median." in text
    assert "0 false alarms in 1.0 minutes without a flame (95 % upper bound 180 an hour" in text


def test_a_model_that_was_not_replayed_has_no_table() -> None:
    """A card without a replay must not claim clips."""
    assert replayed.table([]) == []

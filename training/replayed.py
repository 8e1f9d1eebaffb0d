"""The clips through the whole product, for the card: what `python -m embereye_addon replay --json CLIP...` wrote.

venv-train/bin/python -m training replayed --lines FILE
"""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path

#: With no false alarm in this time the rate is below 3 over it, with 95 % confidence (Poisson).
NONE_SEEN = 3.0


def rows(lines: Path, clips: Path) -> list[dict[str, object]]:
    """Per clip: what is expected, when pre-alarm and alarm came (s into the clip), its length, most nats."""
    changes: dict[str, dict[str, float]] = {}
    found = []
    for line in lines.read_text().splitlines():
        told = json.loads(line)
        name = Path(told["path"]).stem
        if "was" in told:
            changes.setdefault(name, {}).setdefault(told["now"], told["t"])
        elif "worst" in told:
            truth = json.loads((clips / f"{name}.json").read_text())
            starts = [truth["fire_start_s"], truth["smoke_start_s"]]
            states = changes.get(name, {})
            found.append(
                {
                    "clip": name,
                    "kind": truth["kind"],
                    "alarm_expected": truth["alarm_expected"],
                    "start_s": next((start for start in starts if start is not None), None),
                    "pre_alarm_s": states.get("pre_alarm"),
                    "alarm_s": states.get("alarm"),
                    "seconds": told["seconds"],
                    "most_nats": told["most_nats"],
                }
            )
    return sorted(found, key=lambda row: str(row["clip"]))


def table(found: Sequence[dict]) -> list[str]:
    """The rows as Markdown, and what they come to; nothing where nothing was replayed."""
    if not found:
        return []
    lines = [
        "## Clips through the whole product (`python -m embereye_addon replay`, one camera, normal sensitivity)",
        "",
        "| clip | what | alarm expected | pre-alarm at s | alarm at s | after the start s | most nats (alarm: 16) |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in found:
        later = "" if _late(row) is None else f"{_late(row):.1f}"
        times = " | ".join("" if row[key] is None else f"{row[key]:.1f}" for key in ("pre_alarm_s", "alarm_s"))
        expected = "yes" if row["alarm_expected"] else "no"
        lines.append(f"| {row['clip']} | {row['kind']} | {expected} | {times} | {later} | {row['most_nats']:.1f} |")
    fires = [_late(row) for row in found if row["alarm_expected"]]
    late = [value for value in fires if value is not None]
    quiet = [row for row in found if row["kind"] == "none"]
    hours = sum(row["seconds"] for row in quiet) / 3600
    false = sum(row["alarm_s"] is not None for row in quiet)
    said = f"{len(late)} of {len(fires)} fires raise the alarm"
    said += f", {statistics.median(late):.1f} s after the start in the median. " if late else ". "
    said += f"{false} false alarms in {hours * 60:.1f} minutes without a flame"
    said += (
        f" (95 % upper bound {NONE_SEEN / hours:.0f} an hour: there is little of it)." if not false and hours else "."
    )
    return [*lines, "", said, "The start is that of the fire, or of the smoke where there is no fire.", ""]


def _late(row: dict) -> float | None:
    """Seconds from the start to the alarm."""
    return None if row["alarm_s"] is None or row["start_s"] is None else row["alarm_s"] - row["start_s"]

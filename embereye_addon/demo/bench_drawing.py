"""The vision bench's results as a table and as drawings: plain SVG, written by hand."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

NAMES = {"many": "EmberEye", "few": "EmberEye", "cv2": "cv2.VideoCapture", "pipe": "ffmpeg pipes"}
ROW_PX, LEFT_PX, WIDE_PX = 26, 210, 720
COLOURS = {"many": "#c2410c", "few": "#ea8a4f", "cv2": "#64748b", "pipe": "#94a3b8"}
COLUMNS = (
    "what",
    "size",
    "cameras",
    "received/s",
    "decoded/s",
    "tested/s",
    "looked/s",
    "shed/s",
    "dropped worst %",
    "CPU ms/frame",
    "of it demux + decode",
    "cores",
    "load cores",
    "P95 heuristic ms",
    "P95 model ms",
    "MiB a process",
    "MiB a camera",
    "fires missed",
)


def rows(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Each subject as (size, label, quiet part, part with fires)."""
    for size, subjects in found["sizes"].items():
        for label, subject in subjects.items():
            yield size, label, subject["quiet"], subject["fires"]


def cells(size: str, label: str, quiet: dict[str, Any], fires: dict[str, Any]) -> tuple[object, ...]:
    """One line of the table, in the order of COLUMNS."""
    each = quiet["a_second"]
    events = fires["events"]
    return (
        NAMES[label],
        size,
        quiet["cameras"],
        each["received"] or "-",
        each["decoded"],
        each["offered"] or "-",
        each["looked"],
        each["shed"],
        quiet["dropped_worst_camera_pct"],
        quiet["cpu_ms_a_frame"],
        round(sum(quiet["cpu_ms_a_frame_by"].get(key, 0.0) for key in ("demux", "decode")), 3) or "-",
        quiet["cores"],
        quiet["load_cores"],
        quiet["heuristic_ms"].get("p95", "-"),
        quiet["model_ms"].get("p95", "-"),
        round(sum(quiet["rss_mib"]) / len(quiet["rss_mib"])),
        quiet["mib_a_camera"],
        f"{events['missed']} of {events['staged']}",
    )


def table(found: dict[str, Any]) -> list[str]:
    """The results as a Markdown table."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    return lines + ["| " + " | ".join(str(cell) for cell in cells(*row)) + " |" for row in rows(found)]


def bars(title: str, values: list[tuple[str, float, str]], unit: str) -> str:
    """A bar chart: (words, value, colour) from top to bottom, each value written out."""
    most = max((value for _, value, _ in values), default=0.0) or 1.0
    height = 50 + ROW_PX * len(values)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE_PX} {height}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDE_PX}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="600" fill="#111827">{escape(title)}</text>',
    ]
    for index, (words, value, colour) in enumerate(values):
        top = 38 + ROW_PX * index
        wide = max(1.0, (WIDE_PX - LEFT_PX - 110) * value / most)
        parts += [
            f'<text x="{LEFT_PX - 8}" y="{top + 15}" text-anchor="end" fill="#374151">{escape(words)}</text>',
            f'<rect x="{LEFT_PX}" y="{top + 2}" width="{wide:.1f}" height="{ROW_PX - 8}" fill="{colour}"/>',
            f'<text x="{LEFT_PX + wide + 6:.1f}" y="{top + 15}" fill="#111827">{value:g} {escape(unit)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def drawn(found: dict[str, Any], folder: Path) -> list[Path]:
    """CPU a frame, memory a camera and latency as SVG files in this folder; their paths."""
    each = [(f"{NAMES[label]} {size}, {quiet['cameras']}", label, quiet) for size, label, quiet, _ in rows(found)]
    cpu = [(words, quiet["cpu_ms_a_frame"], COLOURS[label]) for words, label, quiet in each]
    memory = [(words, quiet["mib_a_camera"], COLOURS[label]) for words, label, quiet in each]
    late = [
        (f"{kind} {quantile.upper()} {words.removeprefix('EmberEye ')}", quiet[key][quantile], COLOURS[label])
        for words, label, quiet in each
        for kind, key in (("heuristic", "heuristic_ms"), ("model", "model_ms"))
        for quantile in ("p50", "p95", "p99")
        if label in ("many", "few") and quiet[key].get("n")
    ]
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {
        "bench-vision-cpu.svg": bars("CPU time a decoded picture, cameras as written", cpu, "ms"),
        "bench-vision-memory.svg": bars("Memory a camera beyond the empty process", memory, "MiB"),
        "bench-vision-latency.svg": bars("Arrival of a picture to its verdict", late, "ms"),
    }
    for file, text in drawings.items():
        (folder / file).write_text(text)
    return [folder / file for file in drawings]

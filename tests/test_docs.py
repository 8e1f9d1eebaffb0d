"""What the documents say is there: the example is accepted, named commands, files, settings, processes exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from embereye_addon.alarm.faults import CODES
from embereye_addon.settings.kinds import URL_MAX
from embereye_addon.settings.schema import SECTIONS, addon_keys
from embereye_addon.topology import CHANNELS, PROCESSES, REQUESTS

ROOT = Path(__file__).resolve().parents[1]
MANUALS = ("README.md", "DOCS.md", "docs/runbook.md", "docs/scaling.md", "ARCHITECTURE.md")
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.is_file()
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_MAKE = re.compile(r"\bmake ((?:[A-Z]+=\S+ )*)([a-z][a-z-]*)\b")


def text(page: str) -> str:
    """One page of the documents."""
    return (ROOT / page).read_text(encoding="utf-8")


def commands(page: str) -> set[str]:
    """Every target that a page tells to make, in code only: `make soak` and blocks."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text(page), re.DOTALL)
    return {match.group(2) for piece in code for match in _MAKE.finditer(piece)}


def row(page: str, name: str) -> list[str]:
    """The cells of the first table row whose first cell is `name` in code."""
    found = re.search(rf"^\| `{re.escape(name)}` \|(.*)\|$", text(page), re.MULTILINE)
    return [] if found is None else [cell.strip() for cell in found.group(1).split("|")]


def section(page: str, heading: str) -> str:
    """What stands below a heading that contains `heading`, up to the next heading."""
    found = re.search(
        rf"^(#+) [^\n]*{re.escape(heading)}[^\n]*\n(.*?)(?=^#{{1,3}} |\Z)", text(page), re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"{page} has no heading with {heading}"
    return found.group(2)


def test_the_example_site_is_accepted() -> None:
    """Whoever copies the example starts from settings that are right."""
    command = [sys.executable, "-m", "embereye_addon", "--site", "docs/site.example.yaml", "--check"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=9, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith(": right\n")


@pytest.mark.parametrize("page", MANUALS)
def test_every_command_exists(page: str) -> None:
    """A `make X` of the documents that the Makefile does not know stops a new user at the first step."""
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert commands(page) <= targets


def test_the_two_commands_are_named_first() -> None:
    """The README's promise is two commands."""
    assert {"demo", "test"} <= commands("README.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    """A dead link is a question without an answer."""
    inside = (link.partition("#")[0] for link in _LINK.findall(text(page)) if "://" not in link)
    missing = [link for link in inside if link and not (ROOT / page).parent.joinpath(link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", [part.name for part in SECTIONS])
def test_every_setting_is_explained(name: str) -> None:
    """A key that the manual does not name is found by nobody; a default it states wrongly misleads."""
    part = next(part for part in SECTIONS if part.name == name)
    table = section("DOCS.md", f"`{name}`" if name else "Top level")
    for key in part.keys:
        found = re.search(rf"^\| `{key.name}` \| ([^|]+) \|", table, re.MULTILINE)
        assert found is not None, f"{name}.{key.name}"
        if isinstance(key.default, bool):
            assert found.group(1) == f"`{str(key.default).lower()}`"
        elif isinstance(key.default, int | float):
            assert found.group(1).startswith(f"`{key.default:g}`")
        elif isinstance(key.default, str) and key.default:
            assert found.group(1) == f"`{key.default}`"


def test_every_option_of_the_add_on_is_explained() -> None:
    """The add-on's own page shows these and nothing more."""
    assert all(row("DOCS.md", key.name) for key in addon_keys())


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_fault_is_explained(code: str) -> None:
    """A fault without "what to do" leaves the installer alone with a code."""
    cells = row("DOCS.md", code)
    assert len(cells) == 2
    assert all(cells)


def test_the_limits_that_are_stated_are_those_of_the_code() -> None:
    """The longest URL is a figure of the manual."""
    assert str(URL_MAX) in section("DOCS.md", "`cameras`")


def test_the_architecture_names_the_table_of_processes() -> None:
    """The picture of the program and the program are one."""
    for process in PROCESSES:
        cells = row("ARCHITECTURE.md", process.name)
        assert set(re.findall(r"`(\w+)`", cells[1])) == set(process.says), process.name
        assert set(re.findall(r"`(\w+)`", cells[2])) == set(process.hears), process.name
        assert set(re.findall(r"`(\w+)`", cells[3])) == set(process.reads), process.name


def test_the_architecture_names_the_table_of_channels() -> None:
    """A channel that stands nowhere is a channel nobody reviews."""
    for channel in CHANNELS:
        message, keep, silence = row("ARCHITECTURE.md", channel.name)[:3]
        assert (message, keep) == (f"`{channel.type.__name__}`", channel.keep.value)
        assert silence == (f"{channel.silence_s:g} s" if channel.silence_s else "none")
    for request in REQUESTS:
        assert row("ARCHITECTURE.md", request.name)[:2] == [f"`{request.type.__name__}`", f"`{request.answerer}`"]


def test_the_folder_map_is_real() -> None:
    """Every folder named in the map exists, and every folder of the package is named."""
    block = re.search(r"```text\nembereye_addon/\n(.*?)```", text("ARCHITECTURE.md"), re.DOTALL)
    assert block is not None
    named = {line.split()[0] for line in block.group(1).splitlines() if re.match(r"  \S+/ ", line)}
    there = {f"{path.name}/" for path in (ROOT / "embereye_addon").iterdir() if (path / "__init__.py").exists()}
    assert named == there

"""The source as a whole: short files, importable alone, our words, one config.yaml."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "embereye_addon"
NOT_OURS = {".git", ".venv", "node_modules", "vendor", "data", "build", "__pycache__"}

BANNED = {"manager", "helper", "util", "utils", "handler", "data", "info", "item", "alert"}
ALLOWED = {"data_folder"}
"""The Supervisor of Home Assistant calls the folder /data."""

EACH_ALONE = """
import importlib, sys
failed = []
for name in sys.argv[1:]:
    for known in [module for module in list(sys.modules) if module.partition(".")[0] == "embereye_addon"]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        failed.append(f"{name}: {error!r}")
sys.exit("; ".join(failed) or None)
"""


def files(folder: Path, ending: str) -> Iterator[Path]:
    """Every file of ours below a folder with this ending."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        yield from (Path(place) / name for name in sorted(names) if name.endswith(ending))


def python() -> list[Path]:
    """Every Python file of ours."""
    return [file for part in ("embereye_addon", "tests", "training") for file in files(ROOT / part, ".py")]


def module(file: Path) -> str:
    """The dotted name of a module of the package."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize(("ending", "most"), [(".py", 400), (".js", 300), (".css", 400)])
def test_no_file_is_too_long(ending: str, most: int) -> None:
    """What does not fit on a few screens is read by nobody."""
    ours = python() if ending == ".py" else list(files(PACKAGE / "web", ending))
    long = {str(file.relative_to(ROOT)): count for file in ours if (count := len(file.read_text().splitlines())) > most}
    assert long == {}


def test_the_only_config_yaml_is_the_add_ons() -> None:
    """Home Assistant searches a repository for that name and takes what it finds for an add-on."""
    assert [file for file in files(ROOT, "config.yaml") if file.name == "config.yaml"] == [ROOT / "config.yaml"]


def named(tree: ast.AST) -> Iterator[str]:
    """Every class and function a file defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def words(name: str) -> set[str]:
    """The words of a name, whichever way it is written."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_names_are_made_of_our_words() -> None:
    """A class called a manager says nothing of what it does."""
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in python()
        for name in (*named(ast.parse(file.read_text())), file.stem)
        if words(name) & BANNED and name not in ALLOWED
    }
    assert found == set()


@pytest.mark.timeout(90)
@pytest.mark.parametrize("quarter", range(4))
def test_each_module_imports_alone(quarter: int) -> None:
    """A module that works only after another was imported breaks in the process that is started without it."""
    modules = [module(file) for file in files(PACKAGE, ".py")][quarter::4]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EACH_ALONE, *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]

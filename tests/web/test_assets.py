"""The page's own files."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from embereye_addon.settings.schema import form
from embereye_addon.web import assets

FILES = assets.load()
OWN = [path for path in FILES if path.endswith(".js") and not path.startswith("vendor/")]


def test_every_import_leads_to_a_file() -> None:
    """A file that was renamed must not leave a white page."""
    named = json.loads(re.findall(rb"importmap\">(.*?)<", FILES["index.html"].body)[0])["imports"]
    for target in named.values():
        assert target.removeprefix("./static/") in FILES
    for path in OWN:
        for target in re.findall(r"(?:from|import) \"([^\"]+)\";", FILES[path].body.decode()):
            if target.startswith("."):
                parts = path.split("/")[:-1]
                for step in target.split("/"):
                    parts = parts[:-1] if step == ".." else parts if step == "." else [*parts, step]
                assert "/".join(parts) in FILES, f"{path} imports {target}"
            else:
                assert target in named


LANGUAGES = {path[5:-5]: json.loads(FILES[path].body) for path in FILES if path.startswith("i18n/")}


def test_every_text_is_there_in_every_language() -> None:
    """No reader may see a key instead of words."""
    english = LANGUAGES["en"]
    used = {key for path in OWN for key in re.findall(r"\bt\(\"(\w+)\"", FILES[path].body.decode())}
    assert used <= set(english)
    for language, texts in LANGUAGES.items():
        assert list(texts) == list(english), f"{language}: {set(texts) ^ set(english)}"
        for key, text in english.items():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", texts[key])), (language, key)
            assert bool(text) == bool(texts[key]), (language, key)


def test_the_languages_are_those_that_the_page_chooses_from() -> None:
    """A translation that nobody ever sees, or one that is asked for and is not there."""
    named = re.findall(r"const LANGUAGES = (\[.*\]);", FILES["words.js"].body.decode())[0]
    assert set(json.loads(named)) == set(LANGUAGES) == {"en", "de", "fr", "es"}


def test_every_setting_has_its_words_in_every_other_language() -> None:
    """A new setting appears on the page by itself; its words must come with it, and none may outlive it."""
    wanted = {section["section"] or "site" for section in form()}
    for section in form():
        wanted |= set(_named(str(section["section"] or "site"), section["keys"]))
    languages = {path for path in FILES if path.startswith("i18n/") and path != "i18n/en.json"}
    assert {path.replace("forms/", "i18n/") for path in FILES if path.startswith("forms/")} == languages
    for path in languages:
        words = json.loads(FILES[path.replace("i18n/", "forms/")].body)
        assert set(words) == wanted, path
        assert all(label for label, _ in words.values())


def _named(place: str, keys: Any) -> Iterator[str]:
    """The places of keys and of those below them."""
    for key in keys:
        yield f"{place}.{key['key']}"
        yield from _named(f"{place}.{key['key']}", key.get("keys", ()))


def test_only_two_files_talk_to_the_server_and_none_has_an_absolute_address() -> None:
    """Behind ingress an absolute address leads nowhere."""
    for path in OWN:
        text = FILES[path].body.decode()
        assert text.startswith("// @ts-check")
        assert len(text.splitlines()) < 300
        if path not in ("api.js", "live.js"):
            assert not re.search(r"(?<![#.\w])fetch\(|WebSocket|XMLHttpRequest", text), path
        assert not re.search(r"[\"'`(]/(?:api|static)/", text), path
        assert "http://" not in text.replace("http://www.w3.org", "")


def test_the_vendored_modules_name_their_licences() -> None:
    """What others wrote must carry their licences."""
    licences = FILES["vendor/LICENSES.txt"].body.decode()
    for name in ("lit", "lit-html", "lit-element", "@lit/reactive-element", "uplot"):
        assert f"=== {name} " in licences
    for path in ("vendor/lit.js", "vendor/uplot.js"):
        assert b"LICENSES.txt" in FILES[path].body[:200]


def test_the_import_map_is_allowed_by_its_hash() -> None:
    """The page's policy forbids scripts in pages but for this one."""
    digest = base64.b64encode(hashlib.sha256(b"{}").digest()).decode()
    assert assets.script_hashes(b'<script type="importmap">{}</script>') == f"'sha256-{digest}'"
    assert assets.script_hashes(b"") == ""

"""The settings as the page sees them: no secret leaves, and what is sent back gets its secrets again."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from embereye_addon.settings.findings import Section
from embereye_addon.settings.kinds import STARS, without_secrets
from embereye_addon.settings.model import Site
from embereye_addon.settings.schema import SECTIONS

_URLS: Final = ("url", "main_url")


def conceal(site: Site) -> dict[str, object]:
    """The settings as plain JSON values for the web page, every secret that is set replaced by stars."""
    plain = _plain(site)
    for section in SECTIONS[1:]:
        for row in plain[section.name] if section.most else [plain[section.name]]:
            row.update({name: STARS for name in _secrets(section) if row[name]})
            row.update({name: without_secrets(row[name]) for name in _URLS if row.get(name)})
    return plain


def without(site: Site) -> Site:
    """The settings without any secret, for a file that a tool reads."""
    plain = conceal(site)
    for section in SECTIONS[1:]:
        rows: Any = plain[section.name]
        for row in rows if section.most else [rows]:
            row.update(dict.fromkeys(_secrets(section), ""))
    return msgspec.convert(plain, Site)


def reveal(raw: object, site: Site) -> object:
    """What the page sent back, with stars replaced by the secrets of `site`.

    Only where the entry still leads to the same place: a kept password is never sent to a new host. Stars that stay
    are refused by `check`, which asks for the secret again.
    """
    if not isinstance(raw, Mapping):
        return raw
    kept = _plain(site)
    whole: dict[str, object] = dict(raw)
    for section in SECTIONS[1:]:
        rows, old = whole.get(section.name), kept[section.name]
        if isinstance(rows, list) and section.most:
            before = {_id(row): row for row in old}
            whole[section.name] = [_revealed(row, before.get(_id(row)), section) for row in rows]
        else:
            whole[section.name] = _revealed(rows, old, section)
    return whole


def _secrets(section: Section) -> tuple[str, ...]:
    return tuple(key.name for key in section.keys if key.kind.hidden)


def _plain(site: Site) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(site))
    return values


def _id(row: object) -> str:
    return str(row.get("id")) if isinstance(row, Mapping) else ""


def _revealed(row: object, old: object, section: Section) -> object:
    if not isinstance(row, Mapping) or not isinstance(old, dict):
        return row
    if not _places(row, section) <= _places(old, section):
        return row
    hidden = _secrets(section)
    return {key: old[key] if _kept(key, value, old, hidden) else value for key, value in row.items()}


def _kept(key: object, value: object, old: Mapping[object, object], hidden: tuple[str, ...]) -> bool:
    """Whether a value is what `conceal` made of the old one."""
    if key in hidden:
        return value == STARS
    return key in _URLS and old.get(key) is not None and value == without_secrets(str(old[key]))


def _places(row: Mapping[object, object], section: Section) -> frozenset[tuple[object, ...]]:
    """Where an entry's secret is sent to: the places of its URLs, or the broker; the page's own token goes nowhere."""
    if section.name == "mqtt":
        return frozenset({(row.get("host"), row.get("port"), row.get("tls"))})
    return frozenset(_place(str(row[name])) for name in _URLS if row.get(name))


def _place(url: str) -> tuple[object, ...]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return (url,)

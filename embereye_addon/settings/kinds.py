"""What a setting may be: each kind validates (plain voluptuous), knows its add-on schema text and its form input."""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

import voluptuous as vol

from embereye_addon.settings import regions, registration
from embereye_addon.settings.mistakes import CodedError, Value, words

STARS: Final = "***"
"""Stands for a secret wherever one is shown; never accepted as a secret itself."""
URL_MAX: Final = 1024
"""Longest URL; cameras' own are below 300 characters."""
SHOWN_MAX: Final = 60
"""Longest piece of a wrong value that is repeated to the user."""

_IDENT: Final = r"^[a-z0-9][a-z0-9_-]{0,39}$"
_CHIP: Final = r"^([0-9A-Fa-f]{12})?$"
_FOLDER: Final = re.compile(r"^/[^/\x00]+(/[^/\x00]+)*$", re.ASCII)
_TOPIC: Final = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"
_HOUR: Final = r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$"
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(rf"^{_LABEL}(?:\.{_LABEL})*\.?$")
_NUMERIC: Final = re.compile(r"^[0-9.]+$")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PARAMETER: Final = re.compile(r"(?i)((?:pass|passwd|password|pwd|token|secret)=)[^&\s]*")

_TYPE_WORDS: Final[dict[type, str]] = {dict: "a mapping", list: "a list", tuple: "a list"}


class Hint(vol.Invalid):
    """A refusal that says more than what is allowed: its text is added to the kind's words."""

    def __init__(self, code: str, **values: Value) -> None:
        self.code, self.values = code, values
        super().__init__(words(code, values))


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of value: what is allowed in `words`, Home Assistant's schema text, the form's input, the check.

    A `hidden` one is never shown; a list has the kind of `each` of its entries.
    """

    words: str
    addon: str
    form: Mapping[str, object]
    schema: vol.Schema
    hidden: bool = False
    each: "Kind | None" = None

    def clean(self, value: object) -> object:
        """The value as it is kept; `vol.MultipleInvalid` names every mistake, with an index for each in a list."""
        return self.schema(value)

    def shown(self, value: object) -> object:
        """The value as an error may repeat it: short, on one line, without a secret."""
        return STARS if self.hidden else shown(value)


def shown(value: object) -> object:
    """Any value as an error may repeat it: bounded, and a password in a URL replaced by stars."""
    if isinstance(value, str):
        text = without_secrets(value)
        return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
    if isinstance(value, int) and abs(value) > 10**18:
        return "a very large number"
    if value is None or isinstance(value, int | float):
        return value
    return _TYPE_WORDS.get(type(value), type(value).__name__)


def without_secrets(url: str) -> str:
    """A URL (also a broken one) with user, password and password parameters replaced by stars."""
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    if "@" in rest and (mark or ":" in rest):
        rest = f"{STARS}@{rest.rpartition('@')[2]}"
    return _PARAMETER.sub(rf"\1{STARS}", f"{scheme}{mark}{rest}")


def _string(value: object) -> str:
    """A string without control characters, trimmed."""
    if isinstance(value, bool | int | float | date):
        raise Hint("quotes")
    if not isinstance(value, str):
        raise vol.Invalid("not text")
    if _UNSEEN.search(value):
        raise Hint("unseen")
    return value.strip()


def text(low: int, high: int) -> Kind:
    """Text of `low` to `high` characters on one line; spaces around it are cut off."""
    words = f"text of at most {high} characters" if low == 0 else f"text of {low} to {high} characters"
    form = {"input": "text", "min_length": low, "max_length": high}
    return Kind(words, "str", form, vol.Schema(vol.All(_string, vol.Length(min=low, max=high))))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise vol.Invalid("not a whole number")
    return value


def whole(low: int, high: int, unit: str = "") -> Kind:
    """A whole number from `low` to `high`."""
    words = f"a whole number from {low} to {high} {unit}".rstrip()
    form = {"input": "number", "min": low, "max": high, "step": 1, "unit": unit}
    return Kind(words, f"int({low},{high})", form, vol.Schema(vol.All(_whole, vol.Range(min=low, max=high))))


def port() -> Kind:
    """A TCP port."""
    return replace(whole(1, 65535), addon="port")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise vol.Invalid("not a number")
    return float(value)


def number(low: float, high: float, unit: str = "") -> Kind:
    """A finite number from `low` to `high`."""
    words = f"a number from {low:g} to {high:g} {unit}".rstrip()
    form = {"input": "number", "min": low, "max": high, "step": "any", "unit": unit}
    # The first range is for whole numbers too large for a float
    schema = vol.Schema(vol.All(vol.Range(min=-1e300, max=1e300), _number, vol.Range(min=low, max=high)))
    return Kind(words, f"float({low:g},{high:g})", form, schema)


def choice(*names: str) -> Kind:
    """One of the given names."""
    form = {"input": "select", "options": names}
    return Kind(f"one of {', '.join(names)}", f"list({'|'.join(names)})", form, vol.Schema(vol.In(names)))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise vol.Invalid("not a flag")
    return value


def flag() -> Kind:
    """True or false."""
    return Kind("true or false", "bool", {"input": "checkbox"}, vol.Schema(_flag))


def media() -> Kind:
    """Whether copies go to the media folder ("true" or "false"), or the absolute path of a folder for them."""

    def folder(value: object) -> str:
        text = str(value).lower() if isinstance(value, bool) else _string(value)
        if text in ("true", "false"):
            return text
        if not _FOLDER.match(text) or ".." in text.split("/"):
            raise vol.Invalid("not a folder")
        return text

    words = "true, false, or the absolute path of a folder"
    return Kind(words, "str", {"input": "text", "min_length": 1, "max_length": 200}, vol.Schema(folder))


def secret(low: int = 0, high: int = 256) -> Kind:
    """A password or token: empty, or `low` to `high` characters; never shown."""

    def no_stars(value: str) -> str:
        if value == STARS:
            raise Hint("stars")
        if value and len(value) < low:
            raise vol.Invalid("too short")
        return value

    words = f"empty, or {low} to {high} characters" if low else f"text of at most {high} characters"
    form = {"input": "password", "min_length": low, "max_length": high}
    schema = vol.Schema(vol.All(_string, vol.Length(max=high), no_stars))
    return Kind(words, "password", form, schema, hidden=True)


def ident() -> Kind:
    """A short name that never changes and appears in topics and entity ids."""
    words = "1 to 40 of a-z, 0-9, - and _, beginning with a letter or a digit"
    form = {"input": "text", "pattern": _IDENT, "min_length": 1, "max_length": 40}
    return Kind(words, f"match({_IDENT})", form, vol.Schema(vol.All(_string, vol.Match(_IDENT))))


def reference(section: str) -> Kind:
    """The `id` of an entry of another section; that it exists is checked with the whole file."""
    kind = ident()
    return replace(kind, words=f"an id of {section}", form={"input": "reference", "section": section})


def topic() -> Kind:
    """An MQTT topic without wildcards and without a slash at either end."""
    words = "a topic of 1 to 64 of a-z, A-Z, 0-9, - and _, parts separated by single slashes"
    form = {"input": "text", "pattern": _TOPIC, "min_length": 1, "max_length": 64}
    return Kind(words, "str", form, vol.Schema(vol.All(_string, vol.Length(max=64), vol.Match(_TOPIC))))


def hour() -> Kind:
    """A time of day as HH:MM, or empty."""
    form = {"input": "text", "pattern": _HOUR, "min_length": 0, "max_length": 5}
    schema = vol.Schema(vol.All(_string, vol.Match(_HOUR)))
    return Kind("a time of day such as 06:30, or empty", f"match({_HOUR})", form, schema)


def chip() -> Kind:
    """The number of a thermal chip, or empty."""
    words = "12 of 0-9 and A-F, or empty"
    form = {"input": "text", "pattern": _CHIP, "min_length": 0, "max_length": 12}
    return Kind(words, f"match({_CHIP})", form, vol.Schema(vol.All(_string, vol.Match(_CHIP))))


def is_host(value: str) -> bool:
    """Whether `value` is an IP address or a host name (RFC 1123, and underscores, which local names have)."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return len(value) <= 253 and not _NUMERIC.match(value) and _HOST.match(value) is not None
    return True


def host(*, empty: bool = False) -> Kind:
    """A host name or an IP address, and nothing else; with `empty` also ''."""

    def named(value: str) -> str:
        if "/" in value:
            raise Hint("host_only")
        if not is_host(value) and not (empty and not value):
            raise vol.Invalid("not a host")
        return value

    words = "a host name or an IP address, without a port" + (", or empty" if empty else "")
    form = {"input": "text", "min_length": 0 if empty else 1, "max_length": 253}
    return Kind(words, "str", form, vol.Schema(vol.All(_string, named)))


def address() -> Kind:
    """A host and a port to dial, or empty; an IPv6 address stands in brackets."""

    def parsed(value: str) -> str:
        name, mark, number = value.rpartition(":")
        bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
        right = mark and is_host(bare) and number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536
        if value and (not right or (":" in bare and bare == name)):
            raise vol.Invalid("not host:port")
        return value

    form = {"input": "text", "min_length": 0, "max_length": 260}
    schema = vol.Schema(vol.All(_string, vol.Length(max=260), parsed))
    return Kind("host:port such as 192.168.1.30:4001, or empty", "str", form, schema)


def network() -> Kind:
    """An IP network such as 192.168.1.0/24, or one address."""

    def parsed(value: str) -> str:
        try:
            return str(ipaddress.ip_network(value))
        except ValueError:
            pass
        try:
            meant = ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise vol.Invalid("not a network") from None
        raise Hint("network_is", network=str(meant))

    form = {"input": "text", "min_length": 1, "max_length": 64}
    return Kind("an IP network such as 192.168.1.0/24", "str", form, vol.Schema(vol.All(_string, parsed)))


def url(*schemes: str) -> Kind:
    """A URL with one of `schemes`, a host, and perhaps user and password."""

    def parsed(value: str) -> str:
        try:
            parts = urlsplit(value)
            number, name = parts.port, parts.hostname or ""
        except ValueError:
            raise Hint("url_reserved" if "@" in value else "url_unread") from None
        if parts.scheme not in schemes:
            raise vol.Invalid("scheme")
        if " " in value or _UNSEEN.search(unquote(parts.netloc)):
            raise Hint("url_space")
        if not is_host(name) or number == 0 or parts.fragment:
            raise Hint("url_reserved" if "@" in value or parts.fragment else "url_host")
        return value

    words = f"a URL such as {schemes[0]}://192.168.1.20/stream ({' or '.join(schemes)})"
    form = {"input": "url", "schemes": schemes, "min_length": 1, "max_length": URL_MAX}
    pattern = f"match(^({'|'.join(schemes)})://.+)"
    return Kind(words, pattern, form, vol.Schema(vol.All(_string, vol.Length(max=URL_MAX), parsed)))


def region() -> Kind:
    """A region of a camera's picture on one line: kind, name, corners."""

    def parsed(value: str) -> str:
        try:
            return regions.parse(value).text()
        except CodedError as err:
            raise Hint(err.code, **err.values) from None

    words = f"a region such as {regions.EXAMPLE}"
    form = {"input": "text", "min_length": 1, "max_length": regions.TEXT_MAX}
    return Kind(words, "str", form, vol.Schema(vol.All(_string, parsed)))


def seen_by() -> Kind:
    """Where a PF device's picture lies in a camera's, on one line: the camera and four pairs of places."""

    def parsed(value: str) -> str:
        try:
            return registration.parse(value).text()
        except CodedError as err:
            raise Hint(err.code, **err.values) from None

    words = f"four pairs such as {registration.EXAMPLE}"
    form = {"input": "text", "min_length": 1, "max_length": registration.TEXT_MAX}
    return Kind(words, "str", form, vol.Schema(vol.All(_string, parsed)))


def split_credentials(address: str) -> tuple[str, str, str]:
    """A checked URL without its credentials, the user name, and the password (percent signs decoded)."""
    parts = urlsplit(address)
    credentials, _, bare = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    return urlunsplit(parts._replace(netloc=bare)), unquote(username), unquote(password)


def or_none(kind: Kind) -> Kind:
    """`kind`, or nothing at all."""
    return replace(
        kind,
        words=f"{kind.words}, or empty",
        form={**kind.form, "optional": True},
        schema=vol.Schema(vol.Maybe(kind.schema)),
    )


def several(kind: Kind, low: int, high: int) -> Kind:
    """A list of `low` to `high` of `kind`; a mistake names its place in the list."""
    words = f"a list of {low} to {high}, each {kind.words}"
    form = {"input": "list", "of": kind.form, "min_length": low, "max_length": high}
    checked: Callable[[object], object] = vol.All(list, vol.Length(min=low, max=high), [kind.schema.schema])
    return Kind(words, f"[{kind.addon}]", form, vol.Schema(checked), each=kind)


def entries(what: str, high: int) -> Kind:
    """A list of at most `high` mappings; their keys stand in the `Key` itself, which checks them."""
    form = {"input": "entries", "min_length": 0, "max_length": high}
    return Kind(f"a list of at most {high} {what}", "", form, vol.Schema(vol.All(list, vol.Length(max=high))))

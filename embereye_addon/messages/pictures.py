"""Pictures and films that are asked for: frozen msgspec types, as the other facts."""

from typing import Annotated

from msgspec import Meta

from embereye_addon.messages.facts import Box, Message, Text


class Film(Message, frozen=True, kw_only=True):
    """An MP4 of an alarm from UTC second `at` to `end`; empty while it is `pending`, or when there is none (`why`)."""

    mp4: Annotated[bytes, Meta(max_length=917504)]
    end: float = 0.0
    pending: bool = False
    why: Text = ""


class Snapshot(Message, frozen=True, kw_only=True):
    """A JPEG of at most 512 KiB with its boxes; empty when there is no picture, `why` says so."""

    jpeg: Annotated[bytes, Meta(max_length=524288)]
    boxes: Annotated[tuple[Box, ...], Meta(max_length=32)] = ()
    why: Text = ""

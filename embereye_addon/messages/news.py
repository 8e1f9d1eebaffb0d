"""What is told of an incident. A fact of its own: alarms are told beside it, each."""

from typing import Annotated

from msgspec import Meta

from embereye_addon.messages.facts import Message, Text
from embereye_addon.messages.incident import Incident, IncidentNews


class IncidentChanged(Message, frozen=True, kw_only=True):
    """What is told of an incident, and why; `number` counts what was told of it."""

    news: IncidentNews
    number: Annotated[int, Meta(ge=1)]
    incident: Incident
    text: Text

"""The state JSON of a detector from elsewhere. Pure, as `publish.states`."""

from dataclasses import dataclass

from embereye_addon.messages import Kind, LinkState, SourceHealth
from embereye_addon.publish.states import State, on_off, time_text
from embereye_addon.publish.views import source_up

HEARD_STEP_S = 10
"""As `states.PACKET_STEP_S`: the time of the last report keeps nothing busy."""


@dataclass(frozen=True, slots=True)
class ExternalView:
    """What is known of one external; `health_mono_s` is of arrival here."""

    kind: str
    health: SourceHealth | None = None
    health_mono_s: float = 0.0


def external_state(view: ExternalView, now_mono_s: float) -> State:
    """An external's state JSON: the key of its own kind says on or off, the other kinds are null."""
    health = view.health
    words = dict(health.words) if health else {}
    state = words.pop("state", "unknown")
    faults = [{"code": code, "text": text} for code, text in (health.faults if health else ())]
    if health is not None and health.state is LinkState.DISABLED:
        faults = []
    up = source_up(health, view.health_mono_s, now_mono_s)
    return {
        **{str(kind): on_off(state == "on") if kind == view.kind and state != "unknown" else None for kind in Kind},
        "value": words.pop("value", "") or None,
        "connection": on_off(up),
        "link_words": {"link": str(health.state) if health else None, **words},
        "trouble": on_off(bool(faults) or not up),
        "faults": {"count": len(faults), "faults": faults},
        "last_report": time_text(health.at // HEARD_STEP_S * HEARD_STEP_S if health else 0.0),
        "unreadable": health.rejected if health else None,
    }

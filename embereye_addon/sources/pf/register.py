"""Which device of the settings one behind a connection is: by the names it gives, its chip, or who was dialled."""

from collections.abc import Collection

from embereye_addon.sources.pf.connection import Seat
from embereye_addon.sources.pf.identity import Rank
from embereye_addon.sources.pf.place import Place

ALIVE_S = 10.0


class Register:
    """The devices of the settings by name. Who answers where one is dialled is that one, if alone there."""

    def __init__(self, places: Collection[Place]) -> None:
        self._dialled = {place.source: place for place in places if place.device.dial}
        self._by_name = {_known_as(place): place for place in places if not place.device.dial}

    def match(self, seat: Seat) -> Place | None:
        """The device of the settings that this one is, switched off or not; None for a stranger."""
        dialled = self._dialled.get(seat.connection.dialled)
        names = _names(seat)
        if dialled is not None and (not seat.unit.tag or _known_as(dialled) in names):
            return dialled
        return next((self._by_name[name] for name in names if name in self._by_name), None)

    def must_wait(self, seat: Seat, place: Place, mono_s: float) -> bool:
        """A mere address takes no device away from a connection that is alive: addresses are shared."""
        holder = place.seat
        named = {seat.unit.sensor_id, *(each.name for each in seat.unit.names if each.rank < Rank.ADDRESS)}
        by_name = _known_as(place) in {each.casefold() for each in named}
        return holder is not None and not by_name and mono_s - holder.unit.last_valid_s < ALIVE_S


def _known_as(place: Place) -> str:
    return (place.device.identity or place.device.id).casefold()


def _names(seat: Seat) -> list[str]:
    """Everything it is called, the most believed first; ids of devices hold no dots or colons, so addresses do not."""
    unit = seat.unit
    names = [unit.sensor_id, *(each.name for each in unit.names)]
    names += [each.name.replace(".", "-").replace(":", "-") for each in unit.names if each.rank is Rank.ADDRESS]
    return [name.casefold() for name in names if name]

"""Mistakes that no form can foresee: a code, the values in it, and the words in English. Pure.

The page has the words of every code in its reader's language (`mistake_CODE` in `web/static/i18n`). A value whose name
ends in `_key` is the name of a key beside the one that is wrong; `place` is the place of an entry.
"""

from collections.abc import Mapping
from typing import Final

Value = str | int | float

WORDS: Final[Mapping[str, str]] = {
    # together with others
    "coincidence_device": "a coincidence needs a PF device in the zone, or it never comes to an alarm",
    "coincidence_second": (
        "a coincidence needs a PF device or a second camera in the zone, or it never comes to an alarm"
    ),
    "given_twice": "the {stream_key} holds a {own_key} as well; give it in one place only",
    "input_role": "{input} of {device} has the role {role}; it must be gas or smoke",
    "no_camera": "there is no camera '{camera}'",
    "no_device": "there is no PF device '{device}'",
    "no_such_zone": "there is no zone '{zone}'",
    "no_zone": "there is no zone '{zone}'; the zones are {zones}",
    "no_zones_yet": "there is no zone '{zone}'; there are no zones yet",
    "not_below": "must be below {alarm_key}, which is {high}, not {low}",
    "own_neighbour": "a zone is no neighbour of its own",
    "region_order": "must not be below {first_key}, which is {low}",
    "same_port": "must be another port than web.port, which is {port}",
    "tls_off": "is given, but mqtt.tls is off; switch it on or leave ca_file out",
    "used_twice": "'{value}' is already used by {place}",
    "waits": "together with {other_key} at most {most} s, not {sum} s",
    "zone_points": "the zone holds {n} points (a camera has 2, a PF device 5), at most {most} are possible; divide it",
    # detectors from elsewhere and other systems
    "camera_number": "{system} knows cameras by number; '{theirs}' is none",
    "echo": (
        "an adapter makes Frigate events with the label '{label}', which would come back here as a detection;"
        " give the adapter another label"
    ),
    "no_target": "there is no zone or camera '{target}'",
    "no_targets": "say which camera there stands for which zone here, such as {example}",
    "on_and_off": "'{word}' cannot mean both on and off",
    "own_topic": "it is EmberEye's own topic; an alarm would feed itself",
    "shinobi_keys": "Shinobi needs its API key (key) and group key (group): letters, digits, . _ and -",
    "target_form": "write a zone's id, cam.<id> or *, then = and their name, such as {example}",
    "topic_wildcard": "one topic each: + and # are not taken",
    "url_credentials": "give user and password in their own keys",
    "url_query": "leave out the question mark and what follows it",
    "webhook_key": "a webhook is signed: give a secret of at least {least} characters",
    # texts and addresses
    "host_only": "leave out mqtt://, http:// and any path",
    "network_is": "the network of this address is {network}",
    "quotes": "write it in quotes",
    "stars": "three stars stand for a kept secret; write the secret again",
    "unseen": "it holds a line break or another character that cannot be seen",
    "url_host": "it has no host that can be dialled",
    "url_reserved": (
        "a password with / ? # or @ belongs into the key password, or must be written with %2F %3F %23 %40"
    ),
    "url_space": "it holds a space or a line break",
    "url_unread": "host or port cannot be read",
    # regions of a camera's picture
    "region_corner": "{corner} is no corner; write x,y as fractions of the picture from 0 to 1, such as 0.25,0.5",
    "region_corners": "{name} has {n} corners; it needs {least} to {most}",
    "region_crossing": "{name}: the edges from corners {first} and {second} cross; go round once",
    "region_form": "write kind, name, a colon and the corners, such as {example}",
    "region_kind": "{wrong} is no kind of region; the kinds are {kinds}",
    "region_name": "the name has more than {most} characters",
    "region_nothing": "{name} covers nothing; its corners are on one line or in one place",
    # where a PF device's picture lies in a camera's
    "pair_cells": "{pair}: columns go from 0 to {columns}, rows from 0 to {rows}",
    "pair_form": "{pair} is no pair; write x,y=column,row such as 0.25,0.5=8,12",
    "pair_fractions": "{pair}: x and y are fractions of the camera's picture, from 0 to 1",
    "pairs_form": "write the camera's id, a colon and four pairs, such as {example}",
    "pairs_line_camera": "in the camera's picture the places {one}, {two} and {three} are almost in a line",
    "pairs_line_thermal": "in the thermal picture the places {one}, {two} and {three} are almost in a line",
    "pairs_n": "{n} pairs are given; exactly {most} are needed",
    "pairs_round_camera": (
        "in the camera's picture the four places do not go round once; give them as the corners of a frame"
    ),
    "pairs_round_thermal": (
        "in the thermal picture the four places do not go round once; give them as the corners of a frame"
    ),
    # values in what others send
    "condition_form": "write a path, = or !=, and a word, such as {example}",
    "path_begin": "begin with value (the whole payload) or value_json, such as {example}",
    "path_long": "it has more than {most} characters",
    "path_rest": "'{rest}' cannot follow; write names as .name, [0] or [\"a name\"], such as {example}",
    "path_steps": "it has {n} steps; at most {most} are walked",
}


def words(code: str, values: Mapping[str, Value]) -> str:
    """A mistake in English."""
    plain = {name: f"{value:g}" if isinstance(value, float) else value for name, value in values.items()}
    return WORDS[code].format_map(plain)


class CodedError(ValueError):
    """A text that cannot be read, and why."""

    def __init__(self, code: str, **values: Value) -> None:
        self.code, self.values = code, values
        super().__init__(words(code, values))

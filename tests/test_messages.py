"""Everything that flows: any message crosses the wire, limits hold at the door, old samples decode for ever."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from embereye_addon import __version__
from embereye_addon import messages as m
from embereye_addon.bus import wire
from tests.samples import BOX, EVIDENCE, EXPLANATION, SAMPLES

GOLDEN = Path(__file__).parent / "golden" / "wire"
FLOWS = {type(sample).__name__: type(sample) for sample in SAMPLES}
STRUCTS = [kind for kind in vars(m).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
REGEX = "[A-Za-z0-9_.-]{%d,%d}"


# --- any message over the wire ----------------------------------------------------------------------------
Values = st.SearchStrategy[Any]


def _text(kind: inspect.StrType) -> Values:
    low, high = kind.min_length or 0, kind.max_length or 20
    if kind.pattern:
        return st.from_regex(REGEX % (low, high), fullmatch=True)
    return st.text(min_size=low, max_size=min(high, 20))


def _whole(kind: inspect.IntType) -> Values:
    return st.integers(-(2**63) if kind.ge is None else kind.ge, 2**63 - 1 if kind.le is None else kind.le)


def _struct(kind: type[msgspec.Struct]) -> Values:
    """Messages of one class."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return st.builds(kind, **{field.name: _of(field.type) for field in described.fields})


OF_TYPE: dict[type[inspect.Type], Callable[[Any], Values]] = {
    inspect.StrType: _text,
    inspect.IntType: _whole,
    inspect.FloatType: lambda kind: st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.BytesType: lambda _: st.binary(max_size=64),
    inspect.NoneType: lambda _: st.none(),
    inspect.VarTupleType: lambda kind: st.lists(_of(kind.item_type), max_size=2).map(tuple),
    inspect.TupleType: lambda kind: st.tuples(*map(_of, kind.item_types)),
    inspect.DictType: lambda kind: st.dictionaries(_of(kind.key_type), _of(kind.value_type), max_size=2),
    inspect.UnionType: lambda kind: st.one_of(*map(_of, kind.types)),
    inspect.LiteralType: lambda kind: st.sampled_from(list(kind.values)),
    inspect.EnumType: lambda kind: st.sampled_from(list(kind.cls)),
    inspect.StructType: lambda kind: _struct(kind.cls),
}


def _of(kind: inspect.Type) -> Values:
    """Values of a message's field, within its limits."""
    return OF_TYPE[type(kind)](kind)


@pytest.mark.parametrize("kind", FLOWS.values(), ids=FLOWS)
def test_any_message_crosses_the_wire_and_the_edges_unchanged(kind: type[msgspec.Struct]) -> None:
    """Whatever a message holds within its limits, the hearer gets the very same, by MessagePack and by JSON."""

    @given(message=_struct(kind))
    @settings(max_examples=12, deadline=None)
    def crosses(message: msgspec.Struct) -> None:
        assert wire.decode(kind, wire.encode(message)) == message
        assert msgspec.json.decode(msgspec.json.encode(message), type=kind) == message

    crosses()


@given(payload=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_refused_without_an_error(payload: bytes) -> None:
    """A stranger's bytes on the bus must be dropped, never end a process."""
    for kind in (m.Sighting, m.PanelState, m.Done):
        assert isinstance(wire.decode(kind, payload), kind | None)


# --- limits at the door -----------------------------------------------------------------------------------
def refused(message: msgspec.Struct, **fields: object) -> bool:
    """Whether the door refuses a message with these fields."""
    return wire.decode(type(message), wire.encode(msgspec.structs.replace(message, **fields))) is None


def sample(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """The sample of one class."""
    return next(sample for sample in SAMPLES if type(sample) is kind)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (m.Sighting, {"source": ""}),
        (m.Sighting, {"source": "cam dock"}),
        (m.Sighting, {"source": "c" * 81}),
        (m.Sighting, {"seq": -1}),
        (m.Sighting, {"boxes": (BOX,) * 33}),
        (m.Sighting, {"evidence": (EVIDENCE,) * 5}),
        (m.Sighting, {"evidence": (msgspec.structs.replace(EVIDENCE, llr_nats=50.1),)}),
        (m.Sighting, {"evidence": (msgspec.structs.replace(EVIDENCE, llr_nats=float("nan")),)}),
        (m.Sighting, {"boxes": (msgspec.structs.replace(BOX, left=1.1),)}),
        (m.ThermalFrame, {"cells": bytes(4097)}),
        (m.AlarmChanged, {"id": ""}),
        (m.AlarmChanged, {"explanation": msgspec.structs.replace(EXPLANATION, text="x" * 401)}),
        (m.AlarmChanged, {"now": "on_fire"}),
        (m.Reset, {"by": ""}),
        (m.Reset, {"target": "x" * 81}),
        (m.Snapshot, {"jpeg": bytes(524289)}),
        (m.Done, {"why": "x" * 401}),
    ],
)
def test_what_is_beyond_a_limit_is_refused_at_the_door(kind: type[msgspec.Struct], fields: dict[str, object]) -> None:
    """No stranger may fill a queue, a disk or a page with what no part of ours would ever say."""
    assert not refused(sample(kind))
    assert refused(sample(kind), **fields)


def test_one_class_is_never_taken_for_another() -> None:
    """A silence must never be taken for a reset, whatever channel it came by."""
    for one in SAMPLES:
        for other in FLOWS.values():
            if type(one) is not other and type(one) is not m.Done:
                assert wire.decode(other, wire.encode(one)) is None or other is m.Done


# --- the shape of every class -----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
def test_every_class_is_frozen_and_named_by_keyword(kind: type[msgspec.Struct]) -> None:
    """A message cannot be changed on its way, and a new field cannot shift an old one."""
    assert kind.__struct_config__.frozen
    with pytest.raises(TypeError, match="positional"):
        kind(1)


def test_every_class_that_flows_has_a_sample() -> None:
    """A new message must come with its sample, or its old form cannot be decoded one day."""
    roots = {m.Message, m.Command, m.Lasting}
    flows = {kind for kind in STRUCTS if issubclass(kind, m.Message | m.Command)} - roots
    assert set(FLOWS.values()) == flows | {m.Done, m.CheckModel, m.ClipRequest, m.Sirens, m.SnapshotRequest}


def test_samples_leave_nothing_at_its_default() -> None:
    """A golden file pins a field only where it holds something."""
    for one in SAMPLES:
        for field in msgspec.structs.fields(one):
            assert getattr(one, field.name) != field.default, f"{type(one).__name__}.{field.name}"


@pytest.mark.parametrize("kind", FLOWS.values(), ids=FLOWS)
def test_a_message_without_its_newer_fields_decodes_with_defaults(kind: type[msgspec.Struct]) -> None:
    """A process of an older release, which knows only the required fields, is still understood."""
    fields = msgspec.structs.fields(kind)
    told = msgspec.to_builtins(sample(kind), builtin_types=(bytes,))
    required = {field.encode_name for field in fields if field.required} | {"type"}
    message = wire.decode(kind, msgspec.msgpack.encode({name: told[name] for name in told if name in required}))
    assert message is not None
    for field in fields:
        if not field.required:
            default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
            assert getattr(message, field.name) == default


# --- golden -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FLOWS)
def test_golden_of_this_release_is_the_sample(name: str, rewrite_golden: bool) -> None:
    """A changed byte on the wire is a change of the protocol: it must be seen in a review."""
    file, one = GOLDEN / __version__ / f"{name}.bin", sample(FLOWS[name])
    if rewrite_golden:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(wire.encode(one))
    assert file.exists(), f"{file} is missing; run `make golden`"
    assert file.read_bytes() == wire.encode(one)


def test_golden_of_every_release_decodes() -> None:
    """A journal, an outbox or a node of any earlier release must still be read."""
    files = sorted(GOLDEN.glob("*/*.bin"))
    assert files
    for file in files:
        assert wire.decode(FLOWS[file.stem], file.read_bytes()) is not None, file

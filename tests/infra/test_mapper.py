"""Facts to bytes and back: canonical, strict both ways, and for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from compact_domain.kernel import Aggregate, Fact
from compact_domain.organization import Organization
from compact_domain.published import facts
from compact_domain.vocabulary import CompactStatus, Names, OrganizationKind
from compact_infra.event_store import KINDS, EventMapper, Unreadable, read_fact
from tests.domain.scenario import actor, command
from tests.golden import shapes

MAPPER = EventMapper()
ANEW = "run `python -m tests.golden.write`, and commit what it writes"


class Sample(Aggregate):
    """Something that changes its mind about what is to be known of it."""

    TOPIC = "test_sample"

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to a sample."""

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """It was taken."""

        TOPIC: ClassVar[str] = "test_sample.taken"

    class Weighed(Event, frozen=True, kw_only=True):
        """It was weighed: since version 2 in grams, since version 3 by somebody."""

        TOPIC: ClassVar[str] = "test_sample.weighed"
        class_version: ClassVar[int] = 3
        grams: int
        by_whom: str | None

        @staticmethod
        def upcast_v1_v2(shape: dict[str, Any]) -> None:
            shape["grams"] = shape.pop("kilograms") * 1000

        @staticmethod
        def upcast_v2_v3(shape: dict[str, Any]) -> None:
            shape["by_whom"] = None


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "test_sample.weighed", Sample.Weighed)


def registered(**fields: Any) -> Organization.Created:
    made = Organization.register(
        code="AU",
        names=Names(en="Union africaine — Африканский союз", ar="الاتحاد الأفريقي"),
        kind=OrganizationKind.REGIONAL_ORGANIZATION,
        regions=["WEST-AFRICA", "EAST-AFRICA"],
        cmd=command(by=actor()),
    )
    return msgspec.structs.replace(made.first, **fields)  # type: ignore[return-value]  # the first fact is Created


def state_of(**changed: Any) -> bytes:
    """A stored organization whose fields have been tampered with; `...` takes one away."""
    outer = msgspec.json.decode(MAPPER.to_stored_event(registered()).state)
    outer["data"].update({name: value for name, value in changed.items() if value is not ...})
    for name in [name for name, value in changed.items() if value is ...]:
        del outer["data"][name]
    return msgspec.json.encode(outer)


# --- to bytes and back


def test_what_is_stored_is_canonical_json_with_its_version_first_to_read() -> None:
    stored = MAPPER.to_stored_event(registered())
    outer = msgspec.json.decode(stored.state)
    assert (stored.topic, list(outer), outer["version"]) == ("organization.registered", ["data", "version"], 1)
    assert stored.state == msgspec.json.encode(outer, order="sorted")
    assert all(name.isascii() for name in outer["data"])


def test_what_is_read_is_what_was_written_types_and_all() -> None:
    fact = registered(compact_status=CompactStatus.MEMBER, compact_status_since=date(2018, 12, 6))
    back = MAPPER.to_domain_event(MAPPER.to_stored_event(fact))
    assert back == fact
    assert isinstance(back, Organization.Created)
    assert (type(back.regions), type(back.kind), type(back.timestamp)) == (tuple, OrganizationKind, datetime)


def test_the_same_fact_is_the_same_bytes() -> None:
    assert MAPPER.to_stored_event(registered()).state == MAPPER.to_stored_event(registered()).state


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "no code at all"},
        {"regions": ["WEST-AFRICA"]},
        {"names": "African Union"},
        {"compact_status_since": datetime(2018, 12, 6, tzinfo=UTC)},
        {"timestamp": datetime(2025, 6, 1)},  # noqa: DTZ001  (that it has no zone is the point)
        {"originator_version": "1"},
    ],
)
def test_what_would_not_be_read_back_is_not_written(fields: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="would"):
        MAPPER.to_stored_event(registered(**fields))


def test_an_instant_of_any_zone_is_the_same_instant() -> None:
    there = datetime(2025, 6, 1, 8, 0, tzinfo=timezone(timedelta(hours=-4)))
    assert MAPPER.to_domain_event(MAPPER.to_stored_event(registered(timestamp=there))).timestamp == there


# --- what is not read


@pytest.mark.parametrize(
    "topic",
    [
        "organization.unheard_of",
        "organization",
        "compact_domain.organization:Organization.Created",
        "os:system",
        "os",
        "",
    ],
)
def test_a_topic_that_is_no_fact_of_this_release_is_refused(topic: str) -> None:
    with pytest.raises(Unreadable, match="no fact this release knows"):
        read_fact(topic, state_of())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"surprise": 1}, "surprise"),
        ({"kind": ...}, "kind"),
        ({"kind": "club"}, "club"),
        ({"code": "not a code"}, "regex"),
        ({"regions": None}, "array"),
        ({"timestamp": "2025-06-01T12:00:00"}, "timezone"),
        ({"provenance": {}}, "by"),
    ],
)
def test_what_is_not_of_the_shape_of_its_version_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_fact("organization.registered", state_of(**changed))


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"data":{},"version":"1"}',
        b'{"data":{},"version":0}',
        b'{"data":{},"version":1,"x":2}',
    ],
)
def test_what_is_no_stored_fact_is_refused(state: bytes) -> None:
    with pytest.raises(Unreadable):
        read_fact("organization.registered", state)


def test_a_version_of_a_later_release_is_refused_before_its_body_is_read() -> None:
    with pytest.raises(Unreadable, match=r"version 2 is newer than this release \(1\)"):
        read_fact("organization.registered", b'{"data":"whatever that will be","version":2}')


def test_a_fact_stands_where_it_was_put() -> None:
    stored = MAPPER.to_stored_event(registered())
    with pytest.raises(Unreadable, match="another fact"):
        MAPPER.to_domain_event(StoredEvent(UUID(int=7), 1, stored.topic, stored.state))
    with pytest.raises(Unreadable, match="another fact"):
        MAPPER.to_domain_event(StoredEvent(stored.originator_id, 2, stored.topic, stored.state))


# --- versions


def of_version(version: int, **own: Any) -> bytes:
    """A weighing as a release of that version stored it."""
    stamp = {name: value for name, value in msgspec.to_builtins(registered()).items() if name in Fact.__struct_fields__}
    return msgspec.json.encode({"data": {**stamp, **own}, "version": version})


@pytest.mark.parametrize(
    ("version", "own", "expected"),
    [
        (1, {"kilograms": 2}, (2000, None)),
        (2, {"grams": 2000}, (2000, None)),
        (3, {"grams": 2000, "by_whom": "Ann"}, (2000, "Ann")),
    ],
)
def test_older_versions_are_brought_up_step_by_step(
    version: int, own: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    fact = read_fact("test_sample.weighed", of_version(version, **own))
    assert isinstance(fact, Sample.Weighed)
    assert (fact.grams, fact.by_whom) == expected


@pytest.mark.parametrize(("version", "own"), [(1, {"pounds": 4}), (1, {"kilograms": None}), (2, {"kilograms": 2})])
def test_an_older_version_is_held_to_its_own_shape_too(version: int, own: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_fact("test_sample.weighed", of_version(version, **own))


# --- what was ever released


@pytest.mark.parametrize("key", shapes.keys())
def test_a_fact_has_a_golden_file(key: str) -> None:
    assert shapes.file_of(key).is_file(), f"{key} has none: {ANEW}"


@pytest.mark.parametrize("file", sorted(shapes.FOLDER.glob("*.v*.json")), ids=lambda file: file.stem)
def test_what_was_ever_stored_is_still_read(file: Path) -> None:
    topic, _, version = file.stem.rpartition(".v")
    fact = read_fact(topic, file.read_bytes())
    assert isinstance(fact, facts()[topic])
    if int(version) == fact.class_version:
        stored = MAPPER.to_stored_event(fact)
        assert msgspec.json.format(stored.state, indent=1) + b"\n" == file.read_bytes()


@pytest.mark.parametrize("key", shapes.keys())
def test_a_shape_changes_with_its_version_only(key: str) -> None:
    known = msgspec.json.decode(shapes.SCHEMAS.read_bytes())
    assert key in known["facts"], f"{key} has no schema yet: {ANEW}"
    now = shapes.whole(shapes.schemas(), key)
    assert shapes.grew(shapes.whole(known, key), now), (
        f"{key} has another shape: it needs a new class_version, and an upcast"
    )
    assert shapes.whole(known, key) == now, f"an enumeration in {key} has grown: {ANEW}"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, True),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, False),
        ({"type": "string"}, {"type": "string", "pattern": "x"}, False),
        ({"required": ["a"]}, {"required": ["a", "b"]}, False),
        ({"properties": {"a": {}}}, {"properties": {"a": {}, "b": {}}}, False),
    ],
)
def test_a_shape_may_take_in_names_and_nothing_else(old: Any, new: Any, same: bool) -> None:
    assert shapes.grew(old, new) is same

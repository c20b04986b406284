"""What is to happen at a moment happens once, and counts from that moment, however late the process wakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from compact_domain.kernel import Role
from compact_infra import Compact, Settings
from compact_infra.operations import compare_claims
from tests.conftest import Service, running

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
TRAIL = """query ($id: UUID!) { trail(filter: {subject: $id}, first: 50) { edges { node {
    type effectiveOn recordedAt causationId channel eventId } } } }"""


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(demonstration=True)


def focal_point(service: Service) -> str:
    """A focal point whose term ends with the year 2031; answers its id."""
    officer = service.officer
    names = {"code": "ECOWAS", "names": {"en": "ECOWAS"}, "kind": "REGIONAL_ORGANIZATION", "regions": ["WEST-AFRICA"]}
    officer.do("organizationRegister", names)
    nomination = {
        "organization": "ECOWAS",
        "expectedVersion": None,
        "person": {"name": "Amina", "email": "amina@example.org"},
        "regions": ["WEST-AFRICA"],
        "nominationLetter": "ECW/2031/17",
        "startsOn": "2031-03-01",
        "endsOn": "2031-12-31",
    }
    id: str = officer.do("focalPointNominate", nomination, select="focalPoint { id }")["focalPoint"]["id"]
    officer.do("focalPointConfirm", {"id": id})
    return id


def told(service: Service, id: str) -> list[dict[str, Any]]:
    """The trail of a thing, once all that was to happen has."""
    assert service.compact.settle()
    auditor = service.as_(Role.AUDITOR)
    subject = auditor.ask(
        "query ($id: ID!) { node(id: $id) { ... on FocalPoint { history(first: 1) { edges { node { subject } } } } } }",
        id=id,
    )["node"]["history"]["edges"][0]["node"]["subject"]
    return [edge["node"] for edge in auditor.ask(TRAIL, id=subject)["trail"]["edges"]]


def test_a_term_that_ends_while_nobody_is_awake_ends_once_and_on_its_day(settings: Settings) -> None:
    with running(settings) as service:
        service.compact.store.set_clock(START)
        id = focal_point(service)
        confirmed = told(service, id)[-1]
    asleep = Compact(settings)
    with asleep.commanding():
        asleep.store.set_clock(datetime(2032, 1, 3, 7, 30, tzinfo=UTC))
    for _ in range(3):
        with running(settings) as service:
            woken_up(service)
            facts = told(service, id)
            assert [fact["type"] for fact in facts].count("focal_point.term_ended") == 1
            ended = facts[-1]
            assert (ended["type"], ended["effectiveOn"], ended["channel"]) == (
                "focal_point.term_ended",
                "2032-01-01",
                "process",
            )
            assert ended["recordedAt"] >= "2032-01-03T07:30:00"
            assert ended["causationId"] == confirmed["eventId"]
            assert compare_claims(service.compact) == []


def test_what_was_done_by_hand_before_its_moment_is_not_done_again(settings: Settings) -> None:
    with running(settings) as service:
        service.compact.store.set_clock(START)
        id = focal_point(service)
        service.officer.do("focalPointVacate", {"id": id, "reason": "Posted elsewhere."})
        service.compact.store.set_clock(datetime(2032, 1, 1, 0, 0, 1, tzinfo=UTC))
        assert service.compact.clockwork.ring() == 0
        assert told(service, id)[-1]["type"] == "focal_point.vacated"


def test_a_term_that_was_extended_ends_at_its_new_end_alone(settings: Settings) -> None:
    with running(settings) as service:
        service.compact.store.set_clock(START)
        id = focal_point(service)
        service.officer.do("focalPointExtendTerm", {"id": id, "endsOn": "2032-06-30"})
        clockwork = service.compact.clockwork
        assert clockwork.next(datetime(2032, 6, 30, 23, 59, 59, tzinfo=UTC)) is None
        assert clockwork.next(datetime(2040, 1, 1, tzinfo=UTC)) == datetime(2032, 7, 1, tzinfo=UTC)
        service.compact.store.set_clock(datetime(2032, 7, 1, 0, 0, 1, tzinfo=UTC))
        clockwork.ring()
        assert [fact["type"] for fact in told(service, id)][-2:] == [
            "focal_point.term_extended",
            "focal_point.term_ended",
        ]


def woken_up(service: Service) -> None:
    """The process has looked at the clock: it and who asks here ring the same, and it happens once."""
    service.compact.clockwork.ring()


def test_one_alarm_that_fails_keeps_no_other_from_its_moment(settings: Settings) -> None:
    with running(settings) as service:
        service.compact.store.set_clock(START)
        id = focal_point(service)
        with psycopg.connect(service.compact.database_url(), autocommit=True) as connection:
            connection.execute(
                service.compact.store.sql(
                    "insert into {s}.claim"
                    " values ('due:2031-01-01T00:00:00.000000Z:nothing.known:x', gen_random_uuid(), 1)"
                )
            )
        service.compact.store.set_clock(datetime(2032, 1, 1, 0, 0, 1, tzinfo=UTC))
        service.compact.clockwork.ring()
        assert told(service, id)[-1]["type"] == "focal_point.term_ended"

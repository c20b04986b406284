"""The programme of a retreat is as little known as the retreat, until that is announced; then all of it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from compact_domain.kernel import Fact, Forbidden, Role
from compact_domain.reactions import commands
from compact_domain.retreat import Format, Logistics, Retreat, Retreats
from compact_domain.session import Session, SessionKind, Sessions, programme_claim
from tests.domain.desk import PROCESS, event_id
from tests.domain.histories import Histories
from tests.domain.scenario import Scenario, actor, command, said
from tests.domain.test_session import SCHEDULED

PREPARED = said(Session.Created, **{**SCHEDULED.fields, "announced": False})
ANNOUNCED = said(Session.Announced, retreat="CTCR-2025")
SESSION: dict[str, Any] = {
    "title": "Capacity building",
    "kind": SessionKind.THEMATIC,
    "starts_at": datetime(2025, 6, 25, 14, 0, tzinfo=UTC),
    "ends_at": datetime(2025, 6, 25, 16, 0, tzinfo=UTC),
}


@pytest.fixture
def histories() -> Histories:
    """A retreat that is planned, and not announced."""
    planned = Histories()
    planned.run(
        "retreat.plan",
        lambda work: Retreats(work).plan(
            code="CTCR-2025",
            series="Counter-Terrorism Compact Retreat",
            edition=1,
            title="Counter-Terrorism Compact Retreat",
            theme="Strengthening partnerships",
            starts_on=date(2025, 6, 25),
            ends_on=date(2025, 6, 25),
            zone="America/New_York",
            logistics=Logistics(format=Format.VIRTUAL, contact="desk@example.org"),
        ),
    )
    return planned


def schedule(histories: Histories, code: str) -> list[Fact]:
    return histories.run("session.schedule", lambda work: Sessions(work).schedule("CTCR-2025", code=code, **SESSION))


def announce(histories: Histories) -> list[Fact]:
    """Announce the retreat, and let the process react to that; answers what it states."""
    (known,) = histories.run("retreat.announce", lambda work: Retreats(work).announce("CTCR-2025"))
    assert isinstance(known, Retreat.Announced)
    return [
        fact
        for intended in commands(known, event_id(known), histories)
        for fact in histories.run(intended.then.command, intended.then.decide, by=PROCESS)
    ]


def test_the_announcement_of_a_retreat_announces_what_was_scheduled_before(histories: Histories) -> None:
    schedule(histories, "TS-1")
    schedule(histories, "TS-2")
    assert histories.claims("programme:") == sorted(
        programme_claim("CTCR-2025", Session.identify(code)) for code in ("TS-1", "TS-2")
    )
    stated = announce(histories)
    assert {(type(fact), fact.originator_id) for fact in stated} == {
        (Session.Announced, Session.identify("TS-1")),
        (Session.Announced, Session.identify("TS-2")),
    }
    assert histories.claims("programme:") == []


def test_what_is_scheduled_later_is_known_at_once_and_the_same_as_before(histories: Histories) -> None:
    schedule(histories, "TS-1")
    announce(histories)
    (later,) = schedule(histories, "TS-2")
    assert isinstance(later, Session.Created)
    assert later.announced
    assert schedule(histories, "TS-1") == []


def test_a_session_is_announced_once_and_by_the_process(histories: Histories) -> None:
    Scenario(Session).given(PREPARED).when(lambda it: it.announce(cmd=command())).then(ANNOUNCED)
    Scenario(Session).given(PREPARED, ANNOUNCED).when(lambda it: it.announce(cmd=command())).nothing()
    Scenario(Session).given(SCHEDULED).when(lambda it: it.announce(cmd=command())).nothing()
    schedule(histories, "TS-1")
    with pytest.raises(Forbidden):
        histories.run(
            "session.announce", lambda work: Sessions(work).announce("TS-1"), by=actor(Role.SECRETARIAT_OFFICER)
        )


def test_a_session_cancelled_meanwhile_is_announced_too(histories: Histories) -> None:
    schedule(histories, "TS-1")
    histories.run("session.cancel", lambda work: Sessions(work).cancel("TS-1"), reason="Merged.")
    assert [type(fact) for fact in announce(histories)] == [Session.Announced]

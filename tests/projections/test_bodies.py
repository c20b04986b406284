"""Bodies as rows: who sits there and who leads, then and now."""

from __future__ import annotations

from datetime import UTC, date, datetime

from compact_domain.body import Body, Membership, Officer
from compact_domain.role import Office
from compact_projections.bodies import Bodies, BodyMembers, BodyOfficers
from tests.domain.scenario import person, said
from tests.projections.rows import Rows, shown

AMINA = person("amina")
LATER = datetime(2025, 9, 1, tzinfo=UTC)
ESTABLISHED = said(Body.Created, code="BMLE")
UNDP_OBSERVES = said(Body.Joined, organization="UNDP", membership=Membership.OBSERVER)
UNDP_IS_MEMBER = said(Body.Joined, at=LATER, organization="UNDP", membership=Membership.MEMBER)
UNDP_LEFT = said(Body.Left, organization="UNDP")
CHAIR = Officer(office=Office.CHAIR, organization="UNDP")
AMINA_CHAIRS = said(Body.Appointed, person=AMINA, officer=CHAIR)
AMINA_RELEASED = said(Body.Released, person=AMINA, officer=CHAIR)


def bodies() -> Rows:
    return Rows(Bodies, BodyMembers, BodyOfficers)


def test_each_fact_counts_in_the_version_of_the_body() -> None:
    rows = bodies().given(Body, ESTABLISHED, UNDP_OBSERVES, UNDP_IS_MEMBER, AMINA_CHAIRS, AMINA_RELEASED, UNDP_LEFT)
    assert shown(rows.one(Bodies), "code", "version") == ("BMLE", 6)


def test_who_observed_and_is_a_member_is_one_and_counts_from_then() -> None:
    rows = bodies().given(Body, ESTABLISHED, UNDP_OBSERVES, UNDP_IS_MEMBER)
    assert shown(rows.one(BodyMembers), "organization", "membership", "member_since") == (
        "UNDP",
        Membership.MEMBER,
        date(2025, 9, 1),
    )
    assert shown(rows.one(BodyMembers, position=2), "membership", "member_since") == (
        Membership.OBSERVER,
        date(2025, 6, 1),
    )


def test_who_left_is_seen_only_in_the_past() -> None:
    rows = bodies().given(Body, ESTABLISHED, UNDP_IS_MEMBER, UNDP_LEFT)
    assert rows.of(BodyMembers) == []
    assert [row.organization for row in rows.of(BodyMembers, position=2)] == ["UNDP"]


def test_an_officer_is_one_until_released() -> None:
    rows = bodies().given(Body, ESTABLISHED, UNDP_IS_MEMBER, AMINA_CHAIRS)
    assert shown(rows.one(BodyOfficers), "person", "office", "organization", "office_since") == (
        AMINA,
        Office.CHAIR,
        "UNDP",
        date(2025, 6, 1),
    )
    assert rows.given(Body, AMINA_RELEASED).of(BodyOfficers) == []


def test_two_bodies_do_not_mix() -> None:
    rows = bodies()
    for code in ("BMLE", "GSA"):
        rows.given(Body, said(Body.Created, code=code), UNDP_IS_MEMBER, AMINA_CHAIRS, id=Body.identify(code))
    rows.given(Body, AMINA_RELEASED, UNDP_LEFT, id=Body.identify("BMLE"))
    assert [row.body for row in rows.of(BodyMembers)] == [Body.identify("GSA")]
    assert [row.body for row in rows.of(BodyOfficers)] == [Body.identify("GSA")]

"""Roles as rows: a row for each grant, and one for each revocation, which ends the grants of its power before it."""

from __future__ import annotations

from datetime import date

from compact_domain.kernel import Role
from compact_domain.role import Grant, Office, RolesOfPerson
from compact_projections.roles import RoleGrants, RoleHolders, RoleRevocations
from tests.domain.scenario import Said, person, said
from tests.projections.rows import Rows, shown

AMINA = person("amina")
ENTERED = said(RolesOfPerson.Created, subject=AMINA)


def granted(valid_from: date, valid_until: date | None = None, *, office: Office | None = None) -> Said:
    grant = Grant(
        role=Role.WORKING_GROUP_CHAIR,
        scope="BMLE",
        organization="UNODC",
        valid_from=valid_from,
        valid_until=valid_until,
        office=office,
    )
    return said(RolesOfPerson.Granted, grant=grant)


def revoked(*, came_with_office: bool = False) -> Said:
    return said(RolesOfPerson.Revoked, role=Role.WORKING_GROUP_CHAIR, scope="BMLE", came_with_office=came_with_office)


LAST_YEAR, THIS_YEAR = granted(date(2024, 1, 1), date(2024, 12, 31)), granted(date(2025, 1, 1))
BY_OFFICE = granted(date(2025, 3, 1), office=Office.CO_CHAIR)


def roles(*facts: Said) -> Rows:
    return Rows(RoleHolders, RoleGrants, RoleRevocations).given(RolesOfPerson, ENTERED, *facts)


def ended(rows: Rows) -> list[date]:
    """First days of the grants that were revoked."""
    revocations = rows.of(RoleRevocations)
    return [
        grant.valid_from
        for grant in rows.of(RoleGrants)
        if any(x.power == grant.power and x.version > grant.version for x in revocations)
    ]


def test_each_grant_has_its_row() -> None:
    rows = roles(LAST_YEAR, THIS_YEAR)
    assert [shown(row, "valid_from", "valid_until", "version") for row in rows.of(RoleGrants)] == [
        (date(2024, 1, 1), date(2024, 12, 31), 2),
        (date(2025, 1, 1), None, 3),
    ]
    assert shown(rows.one(RoleHolders), "subject", "version") == (AMINA, 3)


def test_a_revocation_ends_what_was_granted_before_it() -> None:
    assert ended(roles(LAST_YEAR, THIS_YEAR, revoked())) == [date(2024, 1, 1), date(2025, 1, 1)]


def test_what_is_granted_after_a_revocation_stands() -> None:
    assert ended(roles(LAST_YEAR, revoked(), THIS_YEAR)) == [date(2024, 1, 1)]


def test_what_came_with_an_office_goes_apart_from_what_was_granted() -> None:
    assert ended(roles(THIS_YEAR, BY_OFFICE, revoked(came_with_office=True))) == [date(2025, 3, 1)]
    assert ended(roles(THIS_YEAR, BY_OFFICE, revoked())) == [date(2025, 1, 1)]


def test_a_grant_holds_on_its_days() -> None:
    first, second = roles(LAST_YEAR, THIS_YEAR).of(RoleGrants)
    days = (date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1))
    assert [(first.holds(day), second.holds(day)) for day in days] == [
        (False, False),
        (True, False),
        (True, False),
        (False, True),
    ]

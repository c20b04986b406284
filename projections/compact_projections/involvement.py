"""Involvement: which regional organization, and which of civil society, had a part in which stage of what."""

from __future__ import annotations

from compact_domain.initiative import Stage
from compact_domain.kernel import Value
from compact_domain.vocabulary import OrganizationKind
from compact_projections.asking import Asking, Condition, Order
from compact_projections.initiatives import InitiativeRow
from compact_projections.organizations import OrganizationRow

OUTSIDE = (OrganizationKind.REGIONAL_ORGANIZATION, OrganizationKind.CIVIL_SOCIETY)
"""Those whose involvement the retreat asked for (concept note, second session)."""


class Involved(Value, frozen=True, kw_only=True):
    """An organization, and the initiatives in which it has had a part, by stage; of those the viewer may know of."""

    organization: OrganizationRow
    asked_for: tuple[str, ...]
    by_stage: dict[Stage, tuple[str, ...]]

    @property
    def never(self) -> bool:
        """Whether it had a part in nothing."""
        return not self.by_stage


TAKEN_PART = """
    select p.organization, p.stage, array_agg(distinct t.code order by t.code)
    from {r}.initiative_partner p join {r}.initiative t on t.id = p.initiative
    where {parts} and {shown} group by p.organization, p.stage
"""
ASKED_FOR = """
    select t.requested_by, array_agg(t.code order by t.code) from {r}.initiative t
    where {shown} and t.requested_by is not null group by t.requested_by
"""


async def involvement_of(asking: Asking, kinds: tuple[OrganizationKind, ...] = OUTSIDE) -> list[Involved]:
    """Organizations of those kinds by code, each with what it has had a part in; also who never had one."""
    organizations = await asking.all(OrganizationRow, Condition("kind", "in", list(kinds)), order=[Order("code")])
    shown = asking.shows(InitiativeRow)
    parts: dict[str, dict[Stage, tuple[str, ...]]] = {}
    for organization, stage, codes in await asking.rows(
        asking.compose(TAKEN_PART, parts=asking.stands("p"), shown=shown)
    ):
        parts.setdefault(organization, {})[Stage(stage)] = tuple(codes)
    asked = {
        organization: tuple(codes) for organization, codes in await asking.rows(asking.compose(ASKED_FOR, shown=shown))
    }
    return [
        Involved(organization=row, asked_for=asked.get(row.code, ()), by_stage=parts.get(row.code, {}))
        for row in organizations
    ]

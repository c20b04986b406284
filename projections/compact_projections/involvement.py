"""Involvement: which organizations were asked, had a hand in the plan or the work of initiatives, and which never."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from psycopg import sql

from compact_domain.initiative import Stage
from compact_domain.kernel import Value
from compact_domain.vocabulary import OrganizationKind
from compact_projections.asking import Asking
from compact_projections.initiatives import InitiativeRow, PartnerRow
from compact_projections.overlaps import literal

INVOLVED = (OrganizationKind.REGIONAL_ORGANIZATION, OrganizationKind.CIVIL_SOCIETY)
"""Kinds of organizations that are to have a part in every stage."""


class Involved(Value, frozen=True, kw_only=True):
    """In how many initiatives an organization has a part in each stage, or had, and how many it leads."""

    by_stage: Mapping[Stage, int] = {}
    leads: int = 0

    @property
    def never(self) -> bool:
        return not (self.leads or any(self.by_stage.values()))


async def involvement(asking: Asking, organizations: Collection[str]) -> dict[str, Involved]:
    """What part each of the organizations has, as far as the viewer may know of the initiatives."""
    wanted = literal(sorted(organizations), "text[]")
    parts = await asking.rows(
        asking.compose(
            "select t.organization, t.stage, count(*) from {r}.initiative_partner t"
            " where t.organization = any({wanted}) and {shown} group by t.organization, t.stage",
            wanted=wanted,
            shown=asking.shows(PartnerRow),
        )
    )
    led = await asking.rows(
        asking.compose(
            "select t.lead, count(*) from {r}.initiative t where t.lead = any({wanted}) and {shown} group by t.lead",
            wanted=wanted,
            shown=asking.shows(InitiativeRow),
        )
    )
    by_stage: dict[str, dict[Stage, int]] = {}
    for organization, stage, count in parts:
        by_stage.setdefault(organization, {})[Stage(stage)] = count
    leads = dict(led)
    return {code: Involved(by_stage=by_stage.get(code, {}), leads=leads.get(code, 0)) for code in organizations}


def ever_involved(asking: Asking, wanted: bool, stages: Collection[Stage] | None) -> sql.Composed:
    """The condition that an organization `t` had a part in one of the stages, or in none; None: in any, or the lead."""
    parts = asking.compose(
        "exists (select from {r}.initiative_partner p where p.organization = t.code and {shown}"
        " and ({stages} is null or p.stage = any({stages})))",
        shown=asking.shows(PartnerRow, "p"),
        stages=literal(None if stages is None else sorted(stage.value for stage in stages), "text[]"),
    )
    leads = asking.compose(
        "exists (select from {r}.initiative i where i.lead = t.code and {shown})",
        shown=asking.shows(InitiativeRow, "i"),
    )
    had = sql.SQL("({} or {})").format(parts, leads) if stages is None else parts
    return had if wanted else sql.SQL("(not {})").format(had)

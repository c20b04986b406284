"""The read models of this release: one list. A new one is a new line here."""

from __future__ import annotations

from typing import Any

from compact_projections.bodies import Bodies, BodyMembers, BodyOfficers
from compact_projections.catalogue import CatalogueEntries
from compact_projections.kit import ReadModel
from compact_projections.organizations import Organizations
from compact_projections.retreats import (
    Acknowledgements,
    ActionPlans,
    AgendaVersions,
    Communications,
    Invitations,
    LogisticsVersions,
    Retreats,
    SummaryReports,
)
from compact_projections.roles import RoleGrants, RoleHolders, RoleRevocations


def models() -> list[ReadModel[Any]]:
    """Every read model; together they advance, in one transaction."""
    return [
        CatalogueEntries(),
        Organizations(),
        Bodies(),
        BodyMembers(),
        BodyOfficers(),
        RoleHolders(),
        RoleGrants(),
        RoleRevocations(),
        Retreats(),
        LogisticsVersions(),
        Acknowledgements(),
        Invitations(),
        AgendaVersions(),
        Communications(),
        SummaryReports(),
        ActionPlans(),
    ]

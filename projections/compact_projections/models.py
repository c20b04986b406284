"""The read models of this release: one list. A new one is a new line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compact_projections.bodies import Bodies, BodyMembers, BodyOfficers
from compact_projections.catalogue import CatalogueEntries
from compact_projections.decisions import Decisions
from compact_projections.focal_points import FocalPoints
from compact_projections.indicators import IndicatorJoins, Indicators, Measurements
from compact_projections.initiatives import (
    GapReviews,
    InitiativeRow,
    Initiatives,
    OverlapReviewRow,
    OverlapReviews,
    Partners,
)
from compact_projections.kit import ReadModel, Row
from compact_projections.meetings import ActionPoints, Agenda, Attendances, MeetingDecisions, Meetings, Minutes
from compact_projections.organizations import Organizations
from compact_projections.recommendations import Progress, Recommendations, Reminders, Responses, Texts
from compact_projections.registration_desk import (
    Desk,
    EntitySeatsRow,
    PlacesTaken,
    RegistrationRow,
    SeatsHeld,
    WaitingLists,
)
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
from compact_projections.roles import RoleGrants, RoleHolderRow, RoleHolders, RoleRevocations
from compact_projections.rotations import Rotations, Swaps, Turns
from compact_projections.sessions import (
    CapacityGaps,
    GoodPractices,
    Interventions,
    Priorities,
    Programme,
    RecordCorrections,
    Speakers,
)
from compact_projections.silences import Objections, ObjectionWithdrawals, SilenceEnds, Silences


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
        Programme(),
        Speakers(),
        Interventions(),
        RecordCorrections(),
        CapacityGaps(),
        GoodPractices(),
        Priorities(),
        Recommendations(),
        Texts(),
        Responses(),
        Progress(),
        Reminders(),
        Decisions(),
        Silences(),
        SilenceEnds(),
        Objections(),
        ObjectionWithdrawals(),
        FocalPoints(),
        Rotations(),
        Turns(),
        Swaps(),
        Meetings(),
        Agenda(),
        MeetingDecisions(),
        Attendances(),
        Minutes(),
        ActionPoints(),
        Desk(),
        SeatsHeld(),
        PlacesTaken(),
        WaitingLists(),
        Initiatives(),
        Partners(),
        OverlapReviews(),
        GapReviews(),
        Indicators(),
        IndicatorJoins(),
        Measurements(),
    ]


PRIVATE: Mapping[str, type[Row] | None] = {
    "registration": RegistrationRow,
    "entity_seats": EntitySeatsRow,
    "places": None,
    "initiative": InitiativeRow,
    "overlap_review": OverlapReviewRow,
    "role": RoleHolderRow,
    "administrators": None,
}
"""Kinds of facts that are for the secretariat, auditors and those alone who see the row; where there is none, for
nobody else: the facts of places name all who have one."""

"""Lines about who speaks for whom."""

from __future__ import annotations

from collections.abc import Sequence

from compact_domain.policy import ENTITY, FOCAL_POINT, FOCAL_POINT_THERE, SECRETARIAT, Reach
from compact_projections.duties.lines import Due, Duty, Line

END_OF_TERM = Due(words="the end of the term", on="t.ends_on", at="t.ends_on + 1")
BEFORE_TERM = Due(words="the day before the term begins", on="t.starts_on - 1", at="t.starts_on")

FOCAL_POINTS: Sequence[Line] = (
    Line(
        duty=Duty.FOCAL_POINT_NOMINATION,
        title="Confirm the focal point",
        why="An organization has named somebody to speak for it, who has no powers before it is confirmed.",
        roles=SECRETARIAT,
        command="focal_point.confirm",
        alternatives=("focal_point.decline",),
        rule="focal_point.region",
        subject="FocalPoint",
        rows="from {focal_point} t",
        when="t.state = 'nominated' and t.ends_on >= {today}",
        key="t.id",
        reference="t.id",
        organization="t.organization",
        since="t.nominated_on",
        due=BEFORE_TERM,
        facts={"regions": "array_to_string(t.regions, ' ')", "starts_on": "t.starts_on", "ends_on": "t.ends_on"},
    ),
    Line(
        duty=Duty.VACANCY,
        title="Name a focal point",
        why="Nobody speaks for the organization in a region where somebody is expected to, and nobody is nominated.",
        roles=(*SECRETARIAT, *ENTITY, *FOCAL_POINT),
        command="focal_point.nominate",
        subject="Organization",
        rows="from (select o.code as organization, region from {organization} o, unnest(o.regions) region"
        " where o.kind = 'regional_organization' and o.active"
        " union select f.organization, region from {focal_point} f"
        " join {organization} o on o.code = f.organization and o.active, unnest(f.regions) region"
        " where f.state in ('confirmed', 'term_ended', 'vacated', 'handed_over')) v",
        when="not exists (select from {focal_point} f where f.organization = v.organization"
        " and f.regions && array[v.region, 'GLOBAL']"
        " and (f.state = 'nominated' or (f.state = 'confirmed' and f.ends_on >= {today})))",
        whose={Reach.ANY: "true", Reach.OWN_ORGANIZATION: "v.organization = any({organizations})"},
        key="v.organization",
        code="v.organization",
        reference="v.organization || '/' || v.region",
        organization="v.organization",
        since="greatest((select max(coalesce(f.ended_on, f.ends_on) + 1) from {focal_point} f"
        " where f.organization = v.organization and f.regions && array[v.region, 'GLOBAL']"
        " and f.confirmed_on is not null), (select o.registered_on from {organization} o"
        " where o.code = v.organization))",
        facts={"region": "v.region"},
    ),
    Line(
        duty=Duty.TERM,
        title="Extend the term, or see who follows",
        why="The term ends within sixty days, and with it the powers.",
        roles=SECRETARIAT,
        command="focal_point.extend_term",
        rule="focal_point.term",
        subject="FocalPoint",
        rows="from {focal_point} t",
        when="t.state = 'confirmed' and t.ends_on between {today} and {today} + 60",
        key="t.id",
        reference="t.id",
        organization="t.organization",
        since="greatest(t.ends_on - 60, t.confirmed_on)",
        due=END_OF_TERM,
        facts={"regions": "array_to_string(t.regions, ' ')", "ends_on": "t.ends_on"},
    ),
    Line(
        duty=Duty.SUCCESSION,
        title="Hand the function over",
        why="One's own term ends within sixty days, and open work goes along with a hand-over.",
        roles=FOCAL_POINT_THERE,
        command="focal_point.hand_over",
        rule="focal_point.term",
        subject="FocalPoint",
        rows="from {focal_point} t",
        when="t.state = 'confirmed' and t.ends_on between {today} and {today} + 60 and t.starts_on <= {today}",
        whose={Reach.OWN_REGION: "t.subject = {me} and t.organization = any({organizations})"},
        key="t.id",
        reference="t.id",
        organization="t.organization",
        since="greatest(t.ends_on - 60, t.confirmed_on)",
        due=END_OF_TERM,
        facts={"regions": "array_to_string(t.regions, ' ')", "ends_on": "t.ends_on"},
    ),
)

"""Lines about initiatives, and what they leave open or do twice."""

from __future__ import annotations

from collections.abc import Sequence

from compact_domain.policy import CHAIR, ENTITY, FOCAL_POINT, SECRETARIAT, Reach
from compact_projections.duties.lines import Duty, Line

INITIATIVES: Sequence[Line] = (
    Line(
        duty=Duty.INITIATIVE_BEHIND,
        title="Bring the initiative's status up to date",
        why="By its dates it has begun, or is over, and its status says otherwise.",
        roles=(*ENTITY, *FOCAL_POINT),
        command="initiative.change_status",
        alternatives=("initiative.revise", "initiative.suspend", "initiative.cancel"),
        subject="Initiative",
        rows="from {initiative} t",
        when="(t.status = 'pipeline' and t.starts_on <= {today})"
        " or (t.status = 'implementation' and t.ends_on < {today})",
        whose={Reach.OWN_ORGANIZATION: "t.lead = any({organizations})"},
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.lead",
        since="greatest(t.status_since, case t.status when 'pipeline' then t.starts_on else t.ends_on + 1 end)",
        facts={"status": "t.status", "starts_on": "t.starts_on", "ends_on": "t.ends_on"},
    ),
    Line(
        duty=Duty.INITIATIVE_OVER,
        title="Conclude the initiative with its evaluation",
        why="Its last day is over, and it is in its finalisation.",
        roles=(*ENTITY, *FOCAL_POINT),
        command="initiative.conclude",
        alternatives=("initiative.revise",),
        subject="Initiative",
        rows="from {initiative} t",
        when="t.status = 'finalisation' and t.ends_on < {today}",
        whose={Reach.OWN_ORGANIZATION: "t.lead = any({organizations})"},
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.lead",
        since="greatest(t.status_since, t.ends_on + 1)",
        facts={"ends_on": "t.ends_on"},
    ),
    Line(
        duty=Duty.MEASUREMENT,
        title="Report what was measured",
        why="A period of an indicator has ended, and nothing is reported of it.",
        roles=(*ENTITY, *FOCAL_POINT),
        command="initiative.report_measurement",
        alternatives=("initiative.close_period",),
        rule="initiative.period",
        subject="Initiative",
        rows="from {initiative} t cross join lateral (select d.code, d.periods, d.closed_periods, d.shared,"
        " d.defined_on as measured_from from {indicator} d where d.initiative = t.id"
        " union all select d.code, d.periods, d.closed_periods, d.shared, j.joined_on"
        " from {indicator_join} j join {indicator} d on d.code = j.indicator where j.initiative = t.id) d"
        " cross join lateral (select case d.periods when 'monthly' then 'month' when 'quarterly' then 'quarter'"
        " else 'year' end as unit, case d.periods when 'monthly' then interval '1 month'"
        " when 'quarterly' then interval '3 months' else interval '1 year' end as length) l"
        " cross join lateral (select (p + l.length)::date as over_on, case d.periods when 'monthly'"
        " then to_char(p, 'YYYY-MM') when 'quarterly' then to_char(p, 'YYYY-\"Q\"Q') else to_char(p, 'YYYY')"
        " end as name"
        " from generate_series(date_trunc(l.unit, greatest(t.starts_on, d.measured_from)::timestamp),"
        " least(t.ends_on, {today})::timestamp, l.length) p) period",
        when="t.status in ('implementation', 'finalisation') and period.over_on <= {today}"
        " and period.name <> all (d.closed_periods) and not exists (select from {counted_measurement} x"
        " where x.indicator = d.code and x.period = period.name and (x.initiative = t.id or d.shared) offset 0)",
        whose={Reach.OWN_ORGANIZATION: "t.lead = any({organizations})"},
        key="t.code",
        code="t.code",
        reference="t.code || '/' || d.code || '/' || period.name",
        organization="t.lead",
        since="greatest(period.over_on, d.measured_from)",
        facts={"indicator": "d.code", "period": "period.name"},
    ),
    Line(
        duty=Duty.UNCOVERED_GAP,
        title="Review the gap that nobody acts on",
        why="Gaps of the region were voiced in the working group's field, nothing acts there, and no review holds.",
        roles=(*SECRETARIAT, *CHAIR),
        command="initiative.review_gap",
        rule="finding.gap",
        subject="Region",
        rows='from (select w.whole as region, g.working_group, array_agg(g.code order by g.code collate "C") as gaps,'
        " max(g.identified_on) as since from {capacity_gap} g join {within} w on w.part = g.region where g.open"
        " group by w.whole, g.working_group having bool_or(g.region = w.whole)) v"
        " join {holding} h on h.whole = v.region",
        when="not exists (select from {counted_initiative} a where a.acting and v.working_group = any(a.working_groups)"
        " and a.regions && h.parts) and not exists (select from {gap_review} x where x.region = v.region"
        " and x.working_group = v.working_group and x.gaps = v.gaps)",
        whose={Reach.ANY: "true", Reach.OWN_BODY: "v.working_group = any({bodies})"},
        key="v.region",
        code="v.region",
        reference="v.region || '/' || v.working_group",
        since="v.since",
        facts={
            "region": "v.region",
            "working_group": "v.working_group",
            "gaps": "array_to_string(v.gaps, ' ')",
        },
    ),
    Line(
        duty=Duty.OVERLAP,
        title="Review the overlap again",
        why="Dates, regions, groups or status of one of the two changed after it was reviewed: the review is outdated.",
        roles=(*SECRETARIAT, *CHAIR),
        command="initiative.review_overlap",
        subject="Initiative",
        rows="from {overlap_review} v join {initiative} t on t.id = v.one_id join {initiative} a on a.id = v.other_id",
        when="(v.ground_one <> t.ground or v.ground_other <> a.ground) and t.acting and a.acting and t.lead <> a.lead"
        " and t.first_month <= a.last_month and t.last_month >= a.first_month and t.working_groups && a.working_groups"
        " and exists (select from unnest(t.regions) one (region) cross join unnest(a.regions) other (region)"
        " join {within} w on w.part in (one.region, other.region) and w.whole in (one.region, other.region)"
        " where one.region = other.region or w.part <> w.whole)",
        whose={
            Reach.ANY: "true",
            Reach.OWN_BODY: "t.working_groups && {bodies} and a.working_groups && {bodies}",
        },
        key="t.code",
        code="t.code",
        reference="t.code || '/' || a.code",
        organization="t.lead",
        since="v.recorded_at",
        facts={"one": "t.code", "other": "a.code", "outcome": "v.outcome", "score": "v.score"},
    ),
)

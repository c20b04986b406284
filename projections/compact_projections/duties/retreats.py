"""Lines about retreats, from the invitation to the action plan, and about their sessions."""

from __future__ import annotations

from collections.abc import Sequence

from compact_domain.policy import ENTITY, FOCAL_POINT, ONESELF, ORGANIZATION, SECRETARIAT, Reach
from compact_projections.duties.lines import Due, Duty, Line

BEFORE_START = Due(words="the day before the retreat starts", on="r.starts_on - 1", at="{start}")
DEADLINE = Due(
    words="the deadline of registration", on="(r.deadline at time zone r.deadline_zone)::date", at="r.deadline"
)
SESSION_STARTS = Due(words="the start of the session", on="(t.starts_at at time zone r.zone)::date", at="t.starts_at")
SESSION_IS_OVER = Due(words="the end of the session", on="(t.ends_at at time zone r.zone)::date", at="t.ends_at")

RETREATS: Sequence[Line] = (
    Line(
        duty=Duty.NOMINATION,
        title="Confirm the nomination",
        why="Somebody was nominated, holds a place meanwhile, and waits for the secretariat's word.",
        roles=SECRETARIAT,
        command="registration.confirm",
        alternatives=("registration.reject",),
        subject="Registration",
        rows="from {retreat} r join {registration} t on t.retreat = r.code and t.state = 'nominated'",
        when="{under_way}",
        key="t.id",
        reference="t.id",
        organization="t.organization",
        since="t.nominated_at",
        due=BEFORE_START,
        facts={"retreat": "t.retreat", "category": "t.category", "mode": "t.mode"},
    ),
    Line(
        duty=Duty.WAITING_LIST,
        title="Fill the free places from the waiting list",
        why="Places are free while somebody waits for them, and nobody else is given one before.",
        roles=SECRETARIAT,
        command="registration.promote",
        alternatives=("registration.skip_waiting",),
        rule="room.full",
        subject="Places",
        rows="from {retreat} r join {places} t on t.retreat = r.code",
        when="{under_way} and t.waiting > 0 and (t.room is null or t.taken < t.room)",
        key="t.id",
        reference="t.retreat || '/' || t.mode",
        since="{last_changed}",
        due=BEFORE_START,
        facts={"retreat": "t.retreat", "mode": "t.mode", "waiting": "t.waiting", "free": "t.room - t.taken"},
    ),
    Line(
        duty=Duty.REGISTRATION_PAST_DEADLINE,
        title="Close registration, or move its deadline",
        why="The deadline has passed, nobody is admitted but late, and registration still stands as open.",
        roles=SECRETARIAT,
        command="retreat.close_registration",
        alternatives=("retreat.change_deadline",),
        rule="registration.deadline",
        subject="Retreat",
        rows="from {retreat} r",
        when="r.state = 'registration_open' and r.deadline < {now}",
        key="r.code",
        code="r.code",
        reference="r.code",
        since="r.deadline",
        due=BEFORE_START,
        facts={"deadline": "r.deadline"},
    ),
    Line(
        duty=Duty.RETREAT_BEGINS,
        title="Open the retreat",
        why="Its first day has come: sessions start, and attendance is recorded, once it is open.",
        roles=SECRETARIAT,
        command="retreat.open",
        alternatives=("retreat.postpone", "retreat.cancel"),
        subject="Retreat",
        rows="from {retreat} r",
        when="r.state in ('registration_open', 'registration_closed') and {start} <= {now}",
        key="r.code",
        code="r.code",
        reference="r.code",
        since="{start}",
        due=Due(
            words="the end of its first day",
            on="r.starts_on",
            at="((r.starts_on + 1)::timestamp at time zone r.zone)",
        ),
        facts={"starts_on": "r.starts_on", "zone": "r.zone"},
    ),
    Line(
        duty=Duty.RETREAT_ENDS,
        title="Conclude the retreat",
        why="Its last day is over: who was absent, the report and the action plan follow from its conclusion.",
        roles=SECRETARIAT,
        command="retreat.conclude",
        subject="Retreat",
        rows="from {retreat} r",
        when="r.state = 'in_session' and {end} <= {now}",
        key="r.code",
        code="r.code",
        reference="r.code",
        since="{end}",
        facts={"ends_on": "r.ends_on", "zone": "r.zone"},
    ),
    Line(
        duty=Duty.SUMMARY_REPORT,
        title="Issue the summary report",
        why="The retreat has concluded, and no final summary report was issued.",
        roles=SECRETARIAT,
        command="retreat.issue_summary_report",
        subject="Retreat",
        rows="from {retreat} t",
        when="t.state = 'concluded'",
        key="t.code",
        code="t.code",
        reference="t.code",
        since="{concluded}",
        facts={"ends_on": "t.ends_on", "drafts": "t.report_version"},
    ),
    Line(
        duty=Duty.ACTION_PLAN,
        title="Record the action plan",
        why="The retreat has concluded, and no body has adopted an action plan on it.",
        roles=SECRETARIAT,
        command="retreat.adopt_action_plan",
        subject="Retreat",
        rows="from {retreat} t",
        when="t.state in ('concluded', 'reported')"
        " and not exists (select from {part_retreat_action_plan} a where a.retreat = t.id and a.version <= t.version)",
        key="t.code",
        code="t.code",
        reference="t.code",
        since="{concluded}",
        facts={"ends_on": "t.ends_on"},
    ),
    Line(
        duty=Duty.INVITATION,
        title="Nominate those who come",
        why="The organization was invited and has nominated nobody.",
        roles=ENTITY,
        command="registration.nominate",
        rule="seats.quota",
        subject="Retreat",
        rows="from {retreat} r join {part_retreat_invitation} i on i.retreat = r.id and i.version <= r.version"
        " join {organization} o on o.code = i.organization",
        when="{registering} and {is_compact} and not exists (select from {registration} g"
        " where g.retreat = r.code and g.organization = i.organization)",
        whose={Reach.OWN_ORGANIZATION: "i.organization = any({organizations})"},
        key="r.code",
        code="r.code",
        reference="r.code || '/' || i.organization",
        organization="i.organization",
        since="i.invited_at",
        due=DEADLINE,
        facts={"retreat": "r.code", "deadline": "r.deadline"},
    ),
    Line(
        duty=Duty.SEATS,
        title="Use the seats that are left",
        why="The organization has seats that nobody holds, and none is taken after the deadline.",
        roles=ENTITY,
        command="registration.nominate",
        rule="seats.quota",
        subject="Retreat",
        rows="from {retreat} r join {organization} o on o.code = any({organizations})"
        " left join {entity_seats} e on e.retreat = r.code and e.organization = o.code cross join lateral ("
        "select (r.seat_rules ->> 'representatives')::int + coalesce(granted.representatives, 0)"
        " - coalesce(held.representatives, 0) as representatives,"
        " (r.seat_rules ->> 'delegates')::int + coalesce(granted.delegates, 0) - coalesce(held.delegates, 0)"
        " as delegates from (select"
        " sum((x ->> 'seats')::int) filter (where x ->> 'category' = 'representative') as representatives,"
        " sum((x ->> 'seats')::int) filter (where x ->> 'category' = 'delegate') as delegates"
        " from jsonb_array_elements(e.exceptions) x) granted cross join (select"
        " count(*) filter (where x ->> 'category' = 'representative') as representatives,"
        " count(*) filter (where x ->> 'category' = 'delegate') as delegates"
        " from jsonb_array_elements(e.held) x) held offset 0) unused",
        when="{registering} and {is_compact} and greatest(unused.representatives, unused.delegates) > 0"
        " and (not exists (select from {part_retreat_invitation} i where i.retreat = r.id and i.version <= r.version"
        " and i.organization = o.code and i.organization = any({organizations}))"
        " or exists (select from {registration} g where g.retreat = r.code and g.organization = o.code"
        " and g.organization = any({organizations})))",
        whose={Reach.OWN_ORGANIZATION: "true"},
        key="r.code",
        code="r.code",
        reference="r.code || '/' || o.code",
        organization="o.code",
        since="(select max(f.recorded_at) from {facts} f where f.subject = r.id and f.position <= r.since"
        " and f.topic = 'retreat.registration_opened')",
        due=DEADLINE,
        facts={
            "retreat": "r.code",
            "representatives": "unused.representatives",
            "delegates": "unused.delegates",
            "deadline": "r.deadline",
        },
    ),
    Line(
        duty=Duty.LOGISTICS,
        title="Take note of the new logistics",
        why="What people need to know to come was revised, and the organization has not taken note of it.",
        roles=ORGANIZATION,
        command="retreat.acknowledge_logistics",
        subject="Retreat",
        rows="from {retreat} r"
        " join {part_retreat_logistics} l on l.retreat = r.id and l.version <= r.version and l.n = r.logistics_version"
        " cross join unnest({organizations}) o (code)",
        when="r.state in ('announced', 'registration_open', 'registration_closed', 'in_session', 'postponed')"
        " and r.logistics_version > 1"
        " and (exists (select from {part_retreat_invitation} i where i.retreat = r.id and i.version <= r.version"
        " and i.organization = o.code and i.organization = any({organizations}))"
        " or exists (select from {registration} g where g.retreat = r.code and g.organization = o.code"
        " and g.organization = any({organizations}) and g.state in ('nominated', 'waitlisted', 'confirmed')))"
        " and not exists (select from {part_retreat_acknowledgement} a where a.retreat = r.id"
        " and a.version <= r.version and a.organization = o.code and a.n >= r.logistics_version)",
        whose={Reach.OWN_ORGANIZATION: "true"},
        key="r.code",
        code="r.code",
        reference="r.code || '/' || o.code",
        organization="o.code",
        since="l.issued_at",
        due=BEFORE_START,
        facts={"organization": "o.code", "version": "r.logistics_version"},
    ),
)

SESSIONS: Sequence[Line] = (
    Line(
        duty=Duty.SESSION_BEGINS,
        title="Start the session",
        why="Its time has come, and the retreat is held.",
        roles=SECRETARIAT,
        command="session.start",
        alternatives=("session.reschedule", "session.cancel"),
        subject="Session",
        rows="from {retreat} r join {session} t on t.retreat = r.code",
        when="r.state = 'in_session' and t.state = 'scheduled' and t.starts_at <= {now}",
        key="t.code",
        code="t.code",
        reference="t.code",
        since="t.starts_at",
        due=SESSION_IS_OVER,
        facts={"retreat": "t.retreat", "starts_at": "t.starts_at"},
    ),
    Line(
        duty=Duty.SESSION_ENDS,
        title="Conclude the session",
        why="Its time is over: its record is approved once it has concluded.",
        roles=SECRETARIAT,
        command="session.conclude",
        subject="Session",
        rows="from {session} t",
        when="t.state = 'in_progress' and t.ends_at <= {now}",
        key="t.code",
        code="t.code",
        reference="t.code",
        since="t.ends_at",
        facts={"retreat": "t.retreat", "ends_at": "t.ends_at"},
    ),
    Line(
        duty=Duty.RECORD,
        title="Approve the record",
        why="The session has concluded: what it leads to rests on a record that stands.",
        roles=SECRETARIAT,
        command="session.approve_record",
        subject="Session",
        rows="from {session} t",
        when="t.state = 'concluded'",
        key="t.code",
        code="t.code",
        reference="t.code",
        since="{concluded}",
        facts={"retreat": "t.retreat"},
    ),
    Line(
        duty=Duty.SPEAKER,
        title="Settle who speaks",
        why="Somebody has not answered the invitation to speak for a week, or with a week to go.",
        roles=SECRETARIAT,
        command="session.withdraw_speaker",
        alternatives=("session.accept_invitation", "session.decline_invitation"),
        subject="Session",
        rows="from {speaker} p join {session} t on t.id = p.session join {retreat} r on r.code = t.retreat",
        when="p.invitation = 'invited' and t.state in ('scheduled', 'in_progress')"
        " and (p.invited_on + {patience} <= {now}"
        " or t.starts_at - {patience} <= {now})",
        key="t.code",
        code="t.code",
        reference="t.code || '/' || p.registration",
        organization="p.organization",
        since="greatest(p.invited_on, least(p.invited_on + {patience}, t.starts_at - {patience}))",
        due=SESSION_STARTS,
        facts={"registration": "p.registration", "starts_at": "t.starts_at", "minutes": "p.minutes"},
    ),
    Line(
        duty=Duty.INVITATION_TO_SPEAK,
        title="Answer the invitation to speak",
        why="The programme waits for the word of who was invited, or of the organization.",
        roles=(*ORGANIZATION, *ONESELF),
        command="session.accept_invitation",
        alternatives=("session.decline_invitation",),
        subject="Session",
        rows="from {speaker} p join {session} t on t.id = p.session join {retreat} r on r.code = t.retreat",
        when="p.invitation = 'invited' and t.state in ('scheduled', 'in_progress')",
        whose={Reach.OWN_ORGANIZATION: "p.organization = any({organizations})", Reach.SELF: "p.subject = {me}"},
        key="t.code",
        code="t.code",
        reference="t.code || '/' || p.registration",
        organization="p.organization",
        since="p.invited_on",
        due=SESSION_STARTS,
        facts={"registration": "p.registration", "starts_at": "t.starts_at", "minutes": "p.minutes", "mode": "p.mode"},
    ),
    Line(
        duty=Duty.CAPACITY_GAP,
        title="Answer the capacity gap",
        why="A region voiced what it lacks, and no recommendation or initiative that stands is meant to fill it.",
        roles=(*SECRETARIAT, *ENTITY, *FOCAL_POINT),
        command="recommendation.propose",
        alternatives=("initiative.answer_gap", "session.close_capacity_gap"),
        subject="CapacityGap",
        rows="from {capacity_gap} t",
        when="t.open and t.code not in (select unnest(a.gaps) from {recommendation} a"
        " where a.answers_gaps and a.decision not in ('not_adopted', 'withdrawn') and a.ending is null)"
        " and t.code not in (select unnest(a.gaps) from {counted_initiative} a where a.acting)",
        whose={
            Reach.ANY: "true",
            Reach.OWN_ORGANIZATION: "exists (select from {capacities} c where c.organization = t.voiced_by"
            " and (c.there is null or t.region = any(c.there)))",
        },
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.voiced_by",
        since="t.identified_on",
        facts={
            "gap": "t.code",
            "region": "t.region",
            "working_group": "t.working_group",
            "severity": "t.severity",
            "voiced_by": "t.voiced_by",
        },
    ),
)

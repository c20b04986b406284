"""The table of what is to be done today: what, why, for whom, by which command it is settled, and where it shows.

A line is a question over rows. In its SQL `{name} t` stands for the rows of a read model that stand at the moment and
are for the viewer, so that nothing withheld can come in, and `{part_name} a` for parts of a thing `t` that is there
already, no later than it (`a.version <= t.version`). These stand for the moment and for the one who asks:
`{now}`, `{today}`; `{own}`, which holds for what is the viewer's (`whose`, by the reach of the roles that the viewer
holds); `{organizations}`, `{bodies}` and `{me}`, for whom and as whom the viewer acts in the roles of the line;
`{capacities}`, the same organizations with `regional`, the regions that theirs meet (`near`), and those that the
viewer's own as a focal point meet (`there`; null: not limited); `{speaking}`, every organization that the viewer
belongs to or speaks for; `{facts}`, the trail up to the moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import LiteralString

from compact_domain.kernel import Role
from compact_domain.policy import (
    CHAIR,
    ENTITY,
    FOCAL_POINT,
    FOCAL_POINT_THERE,
    ONESELF,
    ORGANIZATION,
    SECRETARIAT,
    Reach,
)


class Duty(StrEnum):
    """What there may be to do."""

    NOMINATION = "nomination"
    WAITING_LIST = "waiting_list"
    REGISTRATION_PAST_DEADLINE = "registration_past_deadline"
    RETREAT_BEGINS = "retreat_begins"
    RETREAT_ENDS = "retreat_ends"
    SUMMARY_REPORT = "summary_report"
    ACTION_PLAN = "action_plan"
    INVITATION = "invitation"
    SEATS = "seats"
    LOGISTICS = "logistics"
    SESSION_BEGINS = "session_begins"
    SESSION_ENDS = "session_ends"
    RECORD = "record"
    SPEAKER = "speaker"
    INVITATION_TO_SPEAK = "invitation_to_speak"
    CAPACITY_GAP = "capacity_gap"
    PROPOSAL = "proposal"
    DEFERRAL = "deferral"
    DECISION = "decision"
    TEXT = "text"
    ANNOUNCEMENT = "announcement"
    LEAD = "lead"
    OVERDUE = "overdue"
    PROGRESS = "progress"
    CLAIM = "claim"
    VERIFICATION = "verification"
    CONTEST = "contest"
    RULING = "ruling"
    FOCAL_POINT_NOMINATION = "focal_point_nomination"
    VACANCY = "vacancy"
    TERM = "term"
    SUCCESSION = "succession"


@dataclass(frozen=True, kw_only=True)
class Due:
    """By when something is to be done: in words, and as SQL the last day and the instant at which it is over."""

    words: str
    on: LiteralString
    at: LiteralString


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table.

    `command` settles it, one of `alternatives` does too. `subject` is the type of the thing it is about, `key` its
    code or id, and `reference` what tells it from others of the same duty. `since` is when it became so: an instant
    that was recorded, or the start of the day that a fact counts from. `facts` are what it rests on, and what the
    command has to name.
    """

    duty: Duty
    title: str
    why: str
    roles: tuple[tuple[Role, Reach], ...]
    command: str
    alternatives: tuple[str, ...] = ()
    rule: str | None = None
    subject: str
    rows: LiteralString
    when: LiteralString = "true"
    whose: Mapping[Reach, LiteralString] = field(default_factory=lambda: {Reach.ANY: "true"})
    key: LiteralString
    code: LiteralString = "null"
    reference: LiteralString
    organization: LiteralString = "null"
    since: LiteralString
    due: Due | None = None
    facts: Mapping[str, LiteralString] = field(default_factory=dict)

    @property
    def sql(self) -> tuple[LiteralString, ...]:
        """Every piece of SQL it is made of."""
        on, at = (self.due.on, self.due.at) if self.due else ("null", "null")
        pieces = (self.key, self.code, self.reference, self.organization, self.since, on, at, self.rows, self.when)
        return (*pieces, *self.facts.values())


FRAGMENTS: Mapping[str, LiteralString] = {
    "patience": "interval '7 days'",
    "quiet": "interval '30 days'",
    "start": "(r.starts_on::timestamp at time zone r.zone)",
    "end": "((r.ends_on + 1)::timestamp at time zone r.zone)",
    "under_way": "r.state in ('registration_open', 'registration_closed', 'in_session', 'postponed')",
    "registering": "r.state = 'registration_open' and r.deadline >= {now}",
    "is_compact": "o.active and o.compact_status <> 'none'",
    "concluded": "(select max(f.recorded_at) from {facts} f where f.subject = t.id and f.position <= t.since"
    " and f.topic in ('retreat.concluded', 'session.concluded'))",
    "is_known": "t.until > {position}",
    "contests": "(select c.value ->> 'organization' as organization, (c.value ->> 'recorded_at')::timestamptz as since,"
    " (c.value -> 'answers' -> -1 ->> 'recorded_at')::timestamptz as answered_at"
    " from jsonb_array_elements(t.claims -> -1 -> 'contests') c where c.value ->> 'ending' is null)",
}
"""SQL that several lines have in common, by the name it goes by there: of a retreat `r`, an organization `o`, a thing
`t`. `patience` is how long others are given for an answer before the secretariat is told, and how long ahead it has to
know; `quiet`, how long nothing may be heard of work that is due within that time, or overdue; `contests`, the open
contests of the latest claim. What was decided of a thing and not announced is not for all to know, and no command to it
is theirs meanwhile: `is_known`."""

BEFORE_START = Due(words="the day before the retreat starts", on="r.starts_on - 1", at="{start}")
DEADLINE = Due(
    words="the deadline of registration", on="(r.deadline at time zone r.deadline_zone)::date", at="r.deadline"
)
SESSION_STARTS = Due(words="the start of the session", on="(t.starts_at at time zone r.zone)::date", at="t.starts_at")
SESSION_IS_OVER = Due(words="the end of the session", on="(t.ends_at at time zone r.zone)::date", at="t.ends_at")
DUE_DATE = Due(words="the due date", on="t.due_on", at="t.falls_due_at")
END_OF_TERM = Due(words="the end of the term", on="t.ends_on", at="t.ends_on + 1")
BEFORE_TERM = Due(words="the day before the term begins", on="t.starts_on - 1", at="t.starts_on")

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
        since="(select f.recorded_at from {facts} f where f.position = t.since)",
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
        why="A region voiced what it lacks, and no recommendation that still stands is meant to answer it.",
        roles=(*SECRETARIAT, *ENTITY, *FOCAL_POINT),
        command="recommendation.propose",
        alternatives=("session.close_capacity_gap",),
        subject="CapacityGap",
        rows="from {capacity_gap} t",
        when="t.open and t.code not in (select unnest(a.gaps) from {recommendation} a"
        " where a.answers_gaps and a.decision <> all ('{{not_adopted,withdrawn}}'))",
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

RECOMMENDATIONS: Sequence[Line] = (
    Line(
        duty=Duty.PROPOSAL,
        title="Put the recommendation before a body",
        why="It was proposed, and no body has it before it.",
        roles=SECRETARIAT,
        command="recommendation.put_under_review",
        subject="Recommendation",
        rows="from {recommendation} t",
        when="t.decision = 'proposed'",
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.proposer",
        since="t.stands_since",
        facts={"proposer": "t.proposer", "text_version": "t.text_version"},
    ),
    Line(
        duty=Duty.DEFERRAL,
        title="Take the deferred recommendation up again",
        why="The body put its decision off to a day, and that day has come.",
        roles=SECRETARIAT,
        command="recommendation.put_under_review",
        alternatives=("recommendation.adopt", "recommendation.decline_to_adopt", "recommendation.defer"),
        subject="Recommendation",
        rows="from {recommendation} t",
        when="t.decision = 'deferred' and t.deferred_to_date <= {today}",
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.proposer",
        since="greatest(t.stands_since, t.deferred_to_date)",
        facts={"body": "t.body", "deferred_to_date": "t.deferred_to_date", "decision": "t.act ->> 'number'"},
    ),
    Line(
        duty=Duty.DECISION,
        title="Bring the recommendation to a decision",
        why="It is before the body: under review, referred to it, or put off to a day that has come.",
        roles=CHAIR,
        command="recommendation.adopt",
        alternatives=("recommendation.decline_to_adopt", "recommendation.defer", "recommendation.refer"),
        rule="recommendation.body",
        subject="Recommendation",
        rows="from {recommendation} t",
        when="(t.decision in ('under_review', 'referred')"
        " or (t.decision = 'deferred' and t.deferred_to_date <= {today}))",
        whose={Reach.OWN_BODY: "t.body = any({bodies})"},
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.proposer",
        since="greatest(t.stands_since, t.deferred_to_date)",
        facts={"body": "t.body", "meeting": "t.meeting", "text_version": "t.text_version"},
    ),
    Line(
        duty=Duty.TEXT,
        title="Say what the organization makes of the text",
        why="The text is before a body that the organization sits in, or concerns the regions it stands for.",
        roles=ORGANIZATION,
        command="recommendation.respond",
        rule="recommendation.text_version",
        subject="Recommendation",
        rows="from {recommendation} t cross join {capacities} c",
        when="{is_known} and t.decision = 'under_review' and t.proposer <> c.organization"
        " and (exists (select from {body} b join {body_member} m on m.body = b.id"
        " where b.code = t.body and m.organization = c.organization) or (c.regional and t.regions && c.near))"
        " and not exists (select from {part_recommendation_response} a where a.recommendation = t.id"
        " and a.version <= t.version and a.organization = c.organization and a.text_version = t.text_version)",
        whose={Reach.OWN_ORGANIZATION: "true"},
        key="t.code",
        code="t.code",
        reference="t.code || '/' || c.organization",
        organization="c.organization",
        since="t.stands_since",
        facts={"body": "t.body", "meeting": "t.meeting", "text_version": "t.text_version"},
    ),
    Line(
        duty=Duty.ANNOUNCEMENT,
        title="Announce the decision",
        why="A body has decided, and nobody is to know of it before it is announced.",
        roles=SECRETARIAT,
        command="recommendation.announce",
        rule="recommendation.announcement",
        subject="Recommendation",
        rows="from {recommendation} t",
        when="t.withheld_from is not null",
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.proposer",
        since="(select f.recorded_at from {facts} f where f.subject = t.id and f.position <= t.since"
        " and f.version = t.withheld_from)",
        facts={"number": "t.unannounced[cardinality(t.unannounced)]", "decision": "t.decision"},
    ),
    Line(
        duty=Duty.LEAD,
        title="Give the recommendation a lead and a due date",
        why="It was adopted, and nobody carries it out.",
        roles=(*SECRETARIAT, *CHAIR),
        command="recommendation.assign",
        subject="Recommendation",
        rows="from {recommendation} t",
        when="t.follow_up = 'unassigned'",
        whose={Reach.ANY: "true", Reach.OWN_BODY: "t.decided_by = any({bodies})"},
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.proposer",
        since="t.stands_since",
        facts={"body": "t.decided_by", "decision": "t.act ->> 'number'", "decided_on": "t.decided_on"},
    ),
    Line(
        duty=Duty.OVERDUE,
        title="Move the due date, or give the work to another",
        why="Its last day is over, and its lead has not claimed that it is done.",
        roles=(*SECRETARIAT, *CHAIR),
        command="recommendation.change_due_date",
        alternatives=("recommendation.reassign",),
        subject="Recommendation",
        rows="from {recommendation} t",
        when="t.falls_due_at < {now}",
        whose={Reach.ANY: "true", Reach.OWN_BODY: "t.decided_by = any({bodies})"},
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.lead",
        since="t.falls_due_at",
        due=DUE_DATE,
        facts={"lead": "t.lead", "percentage": "t.percentage", "last_progress_at": "t.last_progress_at"},
    ),
    Line(
        duty=Duty.PROGRESS,
        title="Report how far the work is",
        why="It is due within thirty days, or overdue, and for thirty days nothing was heard of it.",
        roles=ORGANIZATION,
        command="recommendation.report_progress",
        rule="recommendation.reporter",
        subject="Recommendation",
        rows="from {recommendation} t",
        when="{is_known} and t.falls_due_at - {quiet} <= {now}"
        " and (t.last_progress_at is null or t.last_progress_at + {quiet} <= {now})",
        whose={Reach.OWN_ORGANIZATION: "t.lead = any({organizations})"},
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.lead",
        since="greatest(t.falls_due_at - {quiet}, coalesce(t.last_progress_at + {quiet}, t.stands_since))",
        due=DUE_DATE,
        facts={"percentage": "t.percentage", "last_progress_at": "t.last_progress_at"},
    ),
    Line(
        duty=Duty.CLAIM,
        title="Claim that the work is done",
        why="All of it is reported done, or its last day is over.",
        roles=ORGANIZATION,
        command="recommendation.claim_implementation",
        rule="recommendation.claimant",
        subject="Recommendation",
        rows="from {recommendation} t",
        when="{is_known} and t.follow_up = 'in_progress' and (t.percentage = 100 or t.falls_due_at < {now})",
        whose={Reach.OWN_ORGANIZATION: "t.lead = any({organizations})"},
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="t.lead",
        since="case when t.percentage = 100 then least(t.last_progress_at, case when t.falls_due_at < {now}"
        " then t.falls_due_at end) else t.falls_due_at end",
        due=DUE_DATE,
        facts={"percentage": "t.percentage", "last_progress_at": "t.last_progress_at"},
    ),
    Line(
        duty=Duty.VERIFICATION,
        title="Verify the claim, or contest it",
        why="The lead says that it is done, and it is for others to confirm that.",
        roles=(*SECRETARIAT, *FOCAL_POINT),
        command="recommendation.verify",
        alternatives=("recommendation.contest_claim",),
        rule="recommendation.verifier",
        subject="Recommendation",
        rows="from {recommendation} t cross join lateral (select t.claims -> -1 ->> 'organization' as organization,"
        " t.claims -> -1 -> 'provenance' -> 'by' as recorded_by) claim",
        when="{is_known} and t.follow_up = 'implemented' and claim.organization <> all ({speaking})"
        " and claim.recorded_by ->> 'id' <> {me}::text"
        " and coalesce(claim.recorded_by ->> 'organization' <> all ({speaking}), true)"
        " and not exists (select from jsonb_array_elements(claim.recorded_by -> 'roles') held"
        " where held ->> 'scope' = any({speaking}))",
        whose={
            Reach.ANY: "cardinality({speaking}) > 0",
            Reach.OWN_ORGANIZATION: "exists (select from {capacities} c where c.regional and t.regions && c.near"
            " and (c.there is null or t.regions && c.there))",
        },
        key="t.code",
        code="t.code",
        reference="t.code",
        organization="claim.organization",
        since="t.stands_since",
        facts={"claimant": "claim.organization", "evidence": "jsonb_array_length(t.claims -> -1 -> 'evidence')"},
    ),
    Line(
        duty=Duty.CONTEST,
        title="Answer those who contest the claim",
        why="Somebody says that it is not done, and has no answer.",
        roles=ORGANIZATION,
        command="recommendation.answer_contest",
        alternatives=("recommendation.withdraw_contest",),
        rule="recommendation.claimant",
        subject="Recommendation",
        rows="from {recommendation} t cross join lateral {contests} contest",
        when="{is_known} and t.follow_up = 'contested' and contest.answered_at is null",
        whose={Reach.OWN_ORGANIZATION: "t.claims -> -1 ->> 'organization' = any({organizations})"},
        key="t.code",
        code="t.code",
        reference="t.code || '/' || contest.organization",
        organization="t.claims -> -1 ->> 'organization'",
        since="contest.since",
        facts={"contest": "contest.organization"},
    ),
    Line(
        duty=Duty.RULING,
        title="Rule on the contest",
        why="The claim is contested, the claimant has answered, and the body that adopted can end it.",
        roles=(*SECRETARIAT, *CHAIR),
        command="recommendation.withdraw_contest",
        rule="recommendation.contest_ending",
        subject="Recommendation",
        rows="from {recommendation} t cross join lateral {contests} contest",
        when="t.follow_up = 'contested' and contest.answered_at is not null",
        whose={Reach.ANY: "true", Reach.OWN_BODY: "t.decided_by = any({bodies})"},
        key="t.code",
        code="t.code",
        reference="t.code || '/' || contest.organization",
        organization="t.claims -> -1 ->> 'organization'",
        since="contest.answered_at",
        facts={"body": "t.decided_by", "contest": "contest.organization"},
    ),
)

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

TABLE: Mapping[Duty, Line] = {line.duty: line for line in (*RETREATS, *SESSIONS, *RECOMMENDATIONS, *FOCAL_POINTS)}
"""The table."""

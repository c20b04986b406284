"""What a line of the table is made of, and what lines have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import LiteralString

from compact_domain.kernel import Role
from compact_domain.policy import Reach


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
    SILENCE = "silence"
    AGENDA = "agenda"
    OUTCOME = "outcome"
    ANNOUNCEMENT = "announcement"
    LEAD = "lead"
    OVERDUE = "overdue"
    PROGRESS = "progress"
    MILESTONE = "milestone"
    CLAIM = "claim"
    VERIFICATION = "verification"
    CONTEST = "contest"
    RULING = "ruling"
    FOCAL_POINT_NOMINATION = "focal_point_nomination"
    VACANCY = "vacancy"
    TERM = "term"
    SUCCESSION = "succession"
    TURN = "turn"
    TURN_LAPSES = "turn_lapses"
    TURN_OF_SECRETARIAT = "turn_of_secretariat"
    TURN_ACCEPTED = "turn_accepted"
    SWAP = "swap"
    MEETING_BEGINS = "meeting_begins"
    MEETING_ENDS = "meeting_ends"
    AGENDA_ITEM = "agenda_item"
    MINUTES = "minutes"
    WAITING_ITEM = "waiting_item"
    ACTION = "action"
    ACTION_OVERDUE = "action_overdue"
    INITIATIVE_BEHIND = "initiative_behind"
    INITIATIVE_OVER = "initiative_over"
    MEASUREMENT = "measurement"
    UNCOVERED_GAP = "uncovered_gap"
    OVERLAP = "overlap"


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
    "last_changed": "(select f.recorded_at from {facts} f where f.position = t.since)",
    "is_not_convened": "not exists (select from {coordination_meeting} m where m.rotation = o.code"
    " and m.turn = t.number and m.state <> 'cancelled')",
    "is_chaired": "t.kind = 'working_group_session' and t.body = any({bodies})",
    "is_hosted": "t.rotation is not null and t.host = any({organizations})",
    "contests": "(select c.value ->> 'organization' as organization, (c.value ->> 'recorded_at')::timestamptz as since,"
    " (c.value -> 'answers' -> -1 ->> 'recorded_at')::timestamptz as answered_at"
    " from jsonb_array_elements(t.claims -> -1 -> 'contests') c where c.value ->> 'ending' is null)",
}
"""SQL that several lines have in common, by the name it goes by there: of a retreat `r`, an organization `o`, a thing
`t`. `patience` is how long others are given for an answer before the secretariat is told, and how long ahead it has to
know; `quiet`, how long nothing may be heard of work that is due within that time, or overdue; `contests`, the open
contests of the latest claim. What was decided of a thing and not announced is not for all to know: who may not, goes on
to have the duties that follow from what can be seen, so that no list tells by what is missing in it."""

DUE_DATE = Due(words="the due date", on="t.due_on", at="t.falls_due_at")

"""Reports of a retreat as Markdown: each a question about a moment, and a pure function from its answer to a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Answer = dict[str, Any]

MADE_UP = "(fill-in)"
"""Marks, in titles and texts of a demonstration, what is made up."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")
_LIST = re.compile(r"^(?:([-+=])|(\d+)([.)]))")


@dataclass(frozen=True)
class Report:
    """A report of one retreat: what it is called, what it asks, which list comes in pages, and how it reads.

    The question has the variables `$retreat`, `$at` (the instant it is about) and `$after` (of the list in pages).
    """

    name: str
    query: str
    paged: str
    markdown: Callable[[Answer], str]

    def written(self, ask: Callable[[str, dict[str, Any]], Answer], *, retreat: str, at: str) -> str:
        """The report as of an instant. `ask` answers a query with variables."""
        variables = {"retreat": retreat, "at": at}
        answer: Answer = ask(self.query, variables)["snapshot"]
        whole = page = answer[self.paged]
        while page["pageInfo"]["hasNextPage"]:
            following = ask(self.query, {**variables, "after": page["pageInfo"]["endCursor"]})
            page = following["snapshot"][self.paged]
            whole["edges"] += page["edges"]
        return self.markdown(answer)


def escaped(text: object) -> str:
    """A text on one line in which Markdown sees nothing but text."""
    line = _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
    return _LIST.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", line)


AGENDA = """
query Agenda($retreat: Code!, $at: DateTime!, $after: String) {
  snapshot(at: { time: $at }) {
    head { position now }
    retreat(code: $retreat) {
      title theme startsOn endsOn zone
      logistics { number venue { place room } platform contact information }
      agenda { number sessions { session title startsAt endsAt room } }
      agendaVersions(first: 100) { edges { node { number publishedAt changeNote } } }
    }
    sessions(filter: { retreat: { eq: $retreat } }, first: 10, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges {
        node {
          code objectives
          regions { name }
          moderator { person { name title } }
          rapporteurs { person { name title } }
          speakers(first: 20) {
            totalCount
            edges { node { order minutes mode invitation person { name title } organization { name } } }
          }
        }
      }
    }
  }
}
"""


def agenda(answer: Answer) -> str:
    """The agenda in force, with objectives and speakers, and what changed from version to version."""
    retreat = answer["retreat"]
    zone = ZoneInfo(retreat["zone"])
    return _page(
        [
            f"# {escaped(retreat['title'])}: agenda",
            f"*{escaped(retreat['theme'])}*",
            "\n".join(_where_and_when(retreat)),
            *_programme(answer, zone),
            *_agenda_versions(retreat, zone),
        ],
        answer,
        zone,
    )


def _where_and_when(retreat: Answer) -> Iterator[str]:
    logistics = retreat["logistics"]
    venue = logistics["venue"] or {}
    days = dict.fromkeys((retreat["startsOn"], retreat["endsOn"]))
    yield f"- {' to '.join(map(_day, days))}, times in {escaped(retreat['zone'])}"
    if place := ", ".join(escaped(part) for part in (venue.get("room"), venue.get("place")) if part):
        yield f"- {place}"
    if logistics["platform"]:
        yield f"- Online: {escaped(logistics['platform'])}"
    if logistics["information"]:
        yield f"- {escaped(logistics['information'])}"
    yield f"- Contact: {escaped(logistics['contact'])}"


def _programme(answer: Answer, zone: ZoneInfo) -> Iterator[str]:
    published = answer["retreat"]["agenda"]
    if published is None:
        yield "No agenda has been published."
        return
    yield f"## Programme, version {published['number']}"
    yield _table(
        ("Time", "Session", "Room"),
        (
            (_times(entry, zone), escaped(entry["title"]), escaped(entry["room"] or ""))
            for entry in published["sessions"]
        ),
    )
    sessions = {session["code"]: session for session in _nodes(answer["sessions"])}
    for entry in published["sessions"]:
        if session := sessions.get(entry["session"]):
            yield f"### {escaped(entry['title'])}"
            yield from _session(session)


def _session(session: Answer) -> Iterator[str]:
    if session["regions"]:
        yield "Regions: " + ", ".join(escaped(region["name"]) for region in session["regions"])
    if session["objectives"]:
        yield "\n".join(f"{n}. {escaped(objective)}" for n, objective in enumerate(session["objectives"], 1))
    kept = [("Moderator", [session["moderator"]] if session["moderator"] else []), ("Record", session["rapporteurs"])]
    if told := [f"{what}: {', '.join(_person(k['person']) for k in keepers)}" for what, keepers in kept if keepers]:
        yield "; ".join(told)
    expected = [speaker for speaker in _nodes(session["speakers"]) if speaker["invitation"] in ("INVITED", "ACCEPTED")]
    if expected:
        yield _table(
            ("No.", "Speaker", "For", "Minutes", "Mode", "Invitation"),
            (
                (
                    str(speaker["order"]),
                    _person(speaker["person"]),
                    escaped(_name(speaker["organization"])),
                    str(speaker["minutes"]),
                    _word(speaker["mode"]),
                    _word(speaker["invitation"]),
                )
                for speaker in sorted(expected, key=lambda speaker: speaker["order"])
            ),
        )
    yield from _left_out(session, "speakers")


def _agenda_versions(retreat: Answer, zone: ZoneInfo) -> Iterator[str]:
    versions = _nodes(retreat["agendaVersions"])
    if versions:
        yield "## Versions"
        yield _table(
            ("Version", "Published", "What changed"),
            (
                (str(v["number"]), _instant(v["publishedAt"], zone), escaped(v["changeNote"] or ""))
                for v in sorted(versions, key=lambda v: v["number"])
            ),
        )


RECOMMENDATIONS = """
query Recommendations($retreat: Code!, $at: DateTime!, $after: String) {
  snapshot(at: { time: $at }) {
    head { position now }
    retreat(code: $retreat) {
      title zone
      actionPlans(first: 20) { edges { node { number title act { number meeting decidedOn } } } }
    }
    actionPlan(retreat: $retreat) { total overdue }
    recommendations(
      filter: { retreat: $retreat }, orderBy: [{ field: CODE, direction: ASC }], first: 10, after: $after
    ) {
      pageInfo { hasNextPage endCursor }
      edges {
        node {
          code title text textVersion decision followUp dueOn overdue announced
          proposer { name }
          clauses { code }
          regions { name }
          workingGroups { name }
          lead { name }
          partners { name }
          verifiedBy { name }
          decisions(first: 10) {
            totalCount
            edges {
              node {
                outcome reason basis deferredToMeeting deferredToDate referredTo
                act { number meeting decidedOn }
                assessment { humanRights gender ruleOfLaw }
              }
            }
          }
          progress(first: 10) {
            totalCount
            edges { node { recordedAt percentage text organization { code } } }
          }
          claims { number state actionTaken recordedAt organization { code } }
          contests { ending reason recordedAt organization { code } }
        }
      }
    }
  }
}
"""


def recommendations(answer: Answer) -> str:
    """Every recommendation as it stands: decision, assessment, who leads, until when, and how far it is."""
    retreat, found = answer["retreat"], _nodes(answer["recommendations"])
    zone = ZoneInfo(retreat["zone"])
    plan = answer["actionPlan"]
    return _page(
        [
            f"# {escaped(retreat['title'])}: recommendations",
            f"{len(found)} recommendations; {plan['total']} adopted, of which {plan['overdue']} overdue.",
            *_plans(retreat),
            _table(
                ("Code", "Title", "Decision", "Follow-up", "Lead", "Due"),
                (
                    (
                        escaped(it["code"]),
                        escaped(it["title"] or ""),
                        _word(it["decision"]),
                        _word(it["followUp"]),
                        escaped(_name(it["lead"])),
                        _due(it),
                    )
                    for it in found
                ),
            ),
            *(part for it in found for part in _recommendation(it, zone)),
        ],
        answer,
        zone,
    )


def _plans(retreat: Answer) -> Iterator[str]:
    if plans := _nodes(retreat["actionPlans"]):
        yield "\n".join(
            f"- {escaped(plan['title'])}: {escaped(plan['act']['number'])}, {escaped(plan['act']['meeting'])},"
            f" {_day(plan['act']['decidedOn'])}"
            for plan in sorted(plans, key=lambda plan: plan["number"])
        )


def _recommendation(it: Answer, zone: ZoneInfo) -> Iterator[str]:
    yield f"## {escaped(it['code'])} {escaped(it['title'] or '')}".rstrip()
    yield escaped(it["text"])
    facts = {
        "Proposed by": _name(it["proposer"]),
        "Regions": ", ".join(region["name"] for region in it["regions"]),
        "Working groups": ", ".join(group["name"] for group in it["workingGroups"]),
        "Clauses": ", ".join(clause["code"] for clause in it["clauses"]),
        "Lead": ", with ".join(filter(None, [_name(it["lead"]), ", ".join(_name(p) for p in it["partners"])])),
        "Verified by": _name(it["verifiedBy"]),
    }
    yield "\n".join(
        [
            f"- Text: version {it['textVersion']}",
            *(f"- {what}: {escaped(told)}" for what, told in facts.items() if told),
            *(["- Due: " + _due(it)] if it["dueOn"] else []),
            *([] if it["announced"] else ["- **Not announced yet**"]),
        ]
    )
    for decision in _nodes(it["decisions"]):
        yield "\n".join(_decision(decision))
    if done := sorted(_followed(it, zone)):
        yield "**Follow-up**"
        yield "\n".join(line for _, line in done)
    yield from _left_out(it, "decisions", "progress")


def _followed(it: Answer, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """What was reported, claimed and contested: each with its instant."""
    for report in _nodes(it["progress"]):
        percentage = "" if report["percentage"] is None else f", {report['percentage']} %"
        yield _dated(report, zone, f"progress{percentage}", report["text"])
    for claim in it["claims"]:
        yield _dated(claim, zone, f"claim {claim['number']}, now {_word(claim['state'])}", claim["actionTaken"])
    for contest in it["contests"]:
        yield _dated(contest, zone, f"contest, {_word(contest['ending']) or 'open'}", contest["reason"])


def _dated(thing: Answer, zone: ZoneInfo, what: str, text: str | None) -> tuple[str, str]:
    at = thing["recordedAt"]
    return at, f"- {_instant(at, zone)}, {escaped(_of(thing['organization']))}, {what}: {escaped(text or '…')}"


def _decision(decision: Answer) -> Iterator[str]:
    act, target = decision["act"], decision["deferredToMeeting"] or decision["deferredToDate"] or decision["referredTo"]
    yield (
        f"**{_word(decision['outcome']).capitalize()}{f' to {escaped(target)}' if target else ''}**:"
        f" {escaped(act['number'])}, {escaped(act['meeting'])}, {_day(act['decidedOn'])}"
    )
    said = {"Reason": decision["reason"], "Under": decision["basis"]}
    assessment = decision["assessment"] or {}
    said |= {
        what: assessment.get(field)
        for what, field in (("Human rights", "humanRights"), ("Gender", "gender"), ("Rule of law", "ruleOfLaw"))
    }
    if told := [f"- {what}: {escaped(text)}" for what, text in said.items() if text]:
        yield ""
        yield from told


REPORTS = (
    Report("agenda", AGENDA, "sessions", agenda),
    Report("recommendations", RECOMMENDATIONS, "recommendations", recommendations),
)
"""Every report of a retreat."""


def _page(parts: Iterable[str], answer: Answer, zone: ZoneInfo) -> str:
    """Paragraphs, and at the end the moment that they are as of, and what their marks mean."""
    head = answer["head"]
    told = list(parts)
    if any(MADE_UP in part for part in told):
        told.append(f"*{MADE_UP} marks what is made up for the demonstration.*")
    told.append(f"*As of {_instant(head['now'], zone)} ({escaped(zone)}), position {head['position']}.*")
    return "\n\n".join(told) + "\n"


def _left_out(it: Answer, *lists: str) -> Iterator[str]:
    """What a list has beyond the entries that were asked for."""
    for name in lists:
        if more := it[name]["totalCount"] - len(it[name]["edges"]):
            yield f"*{name.capitalize()}: {more} more.*"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _nodes(connection: Answer) -> list[Answer]:
    return [edge["node"] for edge in connection["edges"]]


def _instant(text: str, zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{at.day} {at:%B %Y, %H:%M}"


def _times(entry: Answer, zone: ZoneInfo) -> str:
    starts, ends = (datetime.fromisoformat(entry[edge]).astimezone(zone) for edge in ("startsAt", "endsAt"))
    return f"{starts:%H:%M}–{ends:%H:%M}"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%B %Y}"


def _due(it: Answer) -> str:
    return "" if it["dueOn"] is None else _day(it["dueOn"]) + (" **overdue**" if it["overdue"] else "")


def _word(value: str | None) -> str:
    return (value or "").lower().replace("_", " ")


def _name(organization: Answer | None) -> str:
    return organization["name"] if organization else ""


def _of(thing: Answer | None) -> str:
    return thing["code"] if thing else ""


def _person(person: Answer) -> str:
    return escaped(", ".join(filter(None, [person["name"] or "…", person["title"]])))

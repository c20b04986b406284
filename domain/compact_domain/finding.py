"""Findings: where initiatives overlap, by one rule, and what a review made of an overlap or a gap.

The rule is a pure function of what two initiatives say of themselves. A review keeps what it was told, so that whether
it still holds is a comparison and no judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from compact_domain.catalogue import GLOBAL
from compact_domain.kernel import Aggregate, Code, Command, RuleViolation, Sealed, Value

RULES: Mapping[str, str] = {
    "finding.overlap": "A review of an overlap is about two initiatives that overlap.",
    "finding.gap": "A review of a gap is about open gaps voiced in that region and in that working group's field.",
    "finding.gaps": "A review of gaps names all that are open in that region and in that working group's field.",
}
CLAIMS: Mapping[str, str] = {}


class Status(StrEnum):
    """Where an initiative stands, in the words of the International Aid Transparency Initiative."""

    PIPELINE = "pipeline"
    IMPLEMENTATION = "implementation"
    FINALISATION = "finalisation"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


ACTING = frozenset({Status.PIPELINE, Status.IMPLEMENTATION, Status.FINALISATION})
"""Where an initiative acts: only then does it cover anything, or overlap with anything."""

Codes = Annotated[tuple[Code, ...], Meta(min_length=1)]
Score = Annotated[Decimal, Meta(description="points, to one decimal")]


def month(day: date) -> int:
    """The month of a day, counted from the year 0, so that months can be subtracted."""
    return day.year * 12 + day.month - 1


class Scope(Value, frozen=True, kw_only=True):
    """What an initiative says of itself that an overlap rests on."""

    lead: Code
    status: Status
    starts_on: date
    ends_on: date
    regions: Annotated[Codes, Meta(description="codes of regions, sorted; none lies in another")]
    working_groups: Annotated[Codes, Meta(description="codes of working groups, sorted")]

    @property
    def acting(self) -> bool:
        return self.status in ACTING

    @property
    def months(self) -> int:
        """The calendar months that it touches."""
        return month(self.ends_on) - month(self.starts_on) + 1

    @property
    def ground(self) -> str:
        """Dates, status, regions and working groups in one text: a review holds while it reads the same."""
        days = f"{self.starts_on.isoformat()}/{self.ends_on.isoformat()}"
        return f"{days} {self.status.value} {' '.join(self.regions)} | {' '.join(self.working_groups)}"


class Overlap(Value, frozen=True, kw_only=True):
    """What two initiatives share, and the score that follows from it. The score is the sum of its parts as shown."""

    working_groups: Annotated[tuple[Code, ...], Meta(description="working groups of both, sorted")]
    regions: Annotated[tuple[Code, ...], Meta(description="regions of both, by the wider of the two names, sorted")]
    first_month: Annotated[date, Meta(description="first day of the first month that both touch")]
    months: Annotated[int, Meta(ge=1, description="calendar months that both touch")]
    group_score: Annotated[Score, Meta(description="40 · shared working groups / those of the one with fewer")]
    region_score: Annotated[Score, Meta(description="30 · shared regions / those of the one with fewer")]
    month_score: Annotated[Score, Meta(description="30 · shared months / those of the shorter one")]

    @property
    def score(self) -> Decimal:
        return self.group_score + self.region_score + self.month_score


def overlap(one: Scope, other: Scope, *, within: Mapping[str, Set[str]]) -> Overlap | None:
    """How two initiatives overlap; None if they do not.

    They overlap if other organizations lead them, both act, and they share a region, a working group and a calendar
    month. `within` tells of each region in which it lies, itself included. A region is shared by the name of the wider
    one: what lies in it counts there.
    """
    return None if one.lead == other.lead else shared_by(one, other, within=within)


def shared_by(one: Scope, other: Scope, *, within: Mapping[str, Set[str]]) -> Overlap | None:
    """What two initiatives share, whoever leads them: all that an overlap asks for but other leads."""
    if not (one.acting and other.acting):
        return None
    groups = sorted(set(one.working_groups) & set(other.working_groups))
    regions = shared_regions(one.regions, other.regions, within=within)
    first = max(one.starts_on, other.starts_on)
    months = month(min(one.ends_on, other.ends_on)) - month(first) + 1
    if not groups or not regions or months < 1:
        return None
    return Overlap(
        working_groups=tuple(groups),
        regions=tuple(regions),
        first_month=first.replace(day=1),
        months=months,
        group_score=_part(40, len(groups), min(len(one.working_groups), len(other.working_groups))),
        region_score=_part(30, len(regions), min(len(one.regions), len(other.regions))),
        month_score=_part(30, months, min(one.months, other.months)),
    )


def shared_regions(some: Iterable[str], others: Iterable[str], *, within: Mapping[str, Set[str]]) -> list[str]:
    """The regions that two sets share: of two of which one lies in the other, the wider. Neighbours share nothing."""
    shared: set[str] = set()
    theirs = tuple(others)
    for one in some:
        for other in theirs:
            if other == GLOBAL or other in within[one]:
                shared.add(other)
            elif one == GLOBAL or one in within[other]:
                shared.add(one)
    return sorted(shared)


def _part(weight: int, shared: int, of: int) -> Decimal:
    return (Decimal(weight * shared) / of).quantize(Decimal("0.1"), ROUND_HALF_UP)


class OverlapOutcome(StrEnum):
    """What is to be done about an overlap."""

    COORDINATE = "coordinate"
    MERGE = "merge"
    JUSTIFIED = "justified"
    DISMISSED = "dismissed"


class GapOutcome(StrEnum):
    """What is to be done about a gap that nobody acts on."""

    ADDRESS = "address"
    COVERED_ELSEWHERE = "covered_elsewhere"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


Note = Annotated[Sealed | None, Meta(description="what was found, in words")]
OverlapJudged = Annotated[OverlapOutcome, Meta(description="what is to be done about it")]
GapJudged = Annotated[GapOutcome, Meta(description="what is to be done about it")]
OfOne = Annotated[Scope, Meta(description="the first initiative as it was: the review holds while it reads the same")]
OfOther = Annotated[Scope, Meta(description="the second initiative as it was")]
AsFound = Annotated[Overlap, Meta(description="what they shared, and the score")]
GapCodes = Annotated[Codes, Meta(description="codes of the open gaps it is about, sorted: it holds while they are all")]


class OverlapReview(Aggregate):
    """What was made of the overlap of two initiatives, review after review; its id follows from their two codes."""

    TOPIC = "overlap_review"

    def __init__(
        self, *, one: str, other: str, outcome: OverlapOutcome, of_one: Scope, of_other: Scope, overlap: Overlap
    ) -> None:
        self.one, self.other, self.outcome = one, other, outcome
        self.of_one, self.of_other, self.overlap = of_one, of_other, overlap

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to the review of an overlap."""

    @property
    def state(self) -> str:
        return self.outcome

    @classmethod
    def policy_noun(cls) -> str:
        return "initiative"

    @classmethod
    def key(cls, one: str, other: str) -> UUID:
        """The id of the review of two initiatives, in whichever order they are named."""
        return cls.identify(":".join(sorted((one, other))))

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The overlap of two initiatives was reviewed for the first time."""

        TOPIC: ClassVar[str] = "overlap_review.made"
        one: Annotated[Code, Meta(description="code of the initiative that comes first by code")]
        other: Annotated[Code, Meta(description="code of the other initiative")]
        outcome: OverlapJudged
        of_one: OfOne
        of_other: OfOther
        overlap: AsFound
        note: Note = None

    @classmethod
    def make(
        cls,
        *,
        scopes: Mapping[str, Scope],
        found: Overlap | None,
        outcome: OverlapOutcome,
        note: Sealed | None,
        cmd: Command,
    ) -> OverlapReview:
        """A first review. `scopes` has both initiatives by code, `found` how they overlap, if they do."""
        (one, of_one), (other, of_other) = _pair(scopes)
        return cls._begin(
            cls.Created(
                **cls._first(cls.key(one, other), cmd),
                one=one,
                other=other,
                outcome=outcome,
                of_one=of_one,
                of_other=of_other,
                overlap=_required(found, scopes),
                note=note,
            )
        )

    def renew(
        self,
        *,
        scopes: Mapping[str, Scope],
        found: Overlap | None,
        outcome: OverlapOutcome,
        note: Sealed | None,
        cmd: Command,
    ) -> None:
        """Review again: what was said before holds no longer, or is thought better of.

        A note is always stated: sealed texts cannot be compared.
        """
        (_, of_one), (_, of_other) = _pair(scopes)
        same = (self.outcome, self.of_one, self.of_other, self.overlap) == (outcome, of_one, of_other, found)
        if same and note is None:
            return
        self._states(
            self.Renewed(
                **self._next(cmd),
                one=self.one,
                other=self.other,
                outcome=outcome,
                of_one=of_one,
                of_other=of_other,
                overlap=_required(found, scopes),
                note=note,
            )
        )

    class Renewed(Event, frozen=True, kw_only=True):
        """The overlap was reviewed again; what was said before holds no longer."""

        TOPIC: ClassVar[str] = "overlap_review.renewed"
        one: Annotated[Code, Meta(description="code of the initiative that comes first by code")]
        other: Annotated[Code, Meta(description="code of the other initiative")]
        outcome: OverlapJudged
        of_one: OfOne
        of_other: OfOther
        overlap: AsFound
        note: Note = None

        def apply(self, it: OverlapReview) -> None:
            it.outcome, it.of_one, it.of_other, it.overlap = self.outcome, self.of_one, self.of_other, self.overlap


def _pair(scopes: Mapping[str, Scope]) -> Sequence[tuple[str, Scope]]:
    pair = sorted(scopes.items())
    if len(pair) != 2:
        raise RuleViolation("finding.overlap", details={"initiatives": len(pair)})
    return pair


def _required(found: Overlap | None, scopes: Mapping[str, Scope]) -> Overlap:
    if found is None:
        details: dict[str, str | int] = {code: scope.status.value for code, scope in scopes.items()}
        raise RuleViolation("finding.overlap", details=details)
    return found


class GapReview(Aggregate):
    """What was made of the open gaps of a region in a working group's field, review after review."""

    TOPIC = "gap_review"

    def __init__(self, *, region: str, working_group: str, outcome: GapOutcome, gaps: tuple[str, ...]) -> None:
        self.region, self.working_group, self.outcome, self.gaps = region, working_group, outcome, gaps

    class Event(Aggregate.Event, frozen=True, kw_only=True):
        """What happens to the review of a gap."""

    @property
    def state(self) -> str:
        return self.outcome

    @classmethod
    def policy_noun(cls) -> str:
        return "initiative"

    @classmethod
    def key(cls, region: str, working_group: str) -> UUID:
        """The id of the review of a region in a working group's field."""
        return cls.identify(f"{region}:{working_group}")

    class Created(Event, Aggregate.Created, frozen=True, kw_only=True):
        """The open gaps of a region in a working group's field were reviewed for the first time."""

        TOPIC: ClassVar[str] = "gap_review.made"
        region: Annotated[Code, Meta(description="code of the region")]
        working_group: Annotated[Code, Meta(description="code of the working group")]
        outcome: GapJudged
        gaps: GapCodes
        note: Note = None

    @classmethod
    def make(
        cls,
        *,
        region: str,
        working_group: str,
        outcome: GapOutcome,
        gaps: Iterable[str],
        note: Sealed | None,
        cmd: Command,
    ) -> GapReview:
        return cls._begin(
            cls.Created(
                **cls._first(cls.key(region, working_group), cmd),
                region=region,
                working_group=working_group,
                outcome=outcome,
                gaps=tuple(sorted(set(gaps))),
                note=note,
            )
        )

    def has_said(self, *, outcome: GapOutcome, gaps: Iterable[str], note: Sealed | str | None) -> bool:
        """Whether the latest review says the same. A note is always new: sealed texts cannot be compared."""
        return note is None and (self.outcome, self.gaps) == (outcome, tuple(sorted(set(gaps))))

    def renew(self, *, outcome: GapOutcome, gaps: Iterable[str], note: Sealed | None, cmd: Command) -> None:
        """Review again: other gaps are open, or what was said is thought better of."""
        if self.has_said(outcome=outcome, gaps=gaps, note=note):
            return
        self._states(
            self.Renewed(
                **self._next(cmd),
                region=self.region,
                working_group=self.working_group,
                outcome=outcome,
                gaps=tuple(sorted(set(gaps))),
                note=note,
            )
        )

    class Renewed(Event, frozen=True, kw_only=True):
        """The open gaps were reviewed again; what was said before holds no longer."""

        TOPIC: ClassVar[str] = "gap_review.renewed"
        region: Annotated[Code, Meta(description="code of the region")]
        working_group: Annotated[Code, Meta(description="code of the working group")]
        outcome: GapJudged
        gaps: GapCodes
        note: Note = None

        def apply(self, it: GapReview) -> None:
            it.outcome, it.gaps = self.outcome, self.gaps

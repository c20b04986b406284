"""Focal points: who speaks for an organization in a region, for how long, and what goes to who comes after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compact_domain.catalogue import GLOBAL, Catalogue, EntryKind
from compact_domain.focal_point import (
    FocalPoint,
    FocalPoints,
    FocalPointState,
    OpenItem,
    Term,
    open_items,
    open_work,
)
from compact_domain.kernel import (
    Actor,
    Command,
    Fact,
    Forbidden,
    InvalidInput,
    NotFound,
    PersonDetails,
    Role,
    RoleHeld,
    RuleViolation,
)
from compact_domain.organization import Organizations
from compact_domain.policy import needs_reason
from compact_domain.vocabulary import Category, Mode, Names, OrganizationKind
from tests.domain.desk import Desk, of
from tests.domain.histories import Histories
from tests.domain.scenario import NOW, Said, Scenario, actor, command, person, said

AMINA, BOUBACAR, CHIDI = person("amina"), person("boubacar"), person("chidi")
TERM = Term(starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))
AFTER = datetime(2026, 1, 1, tzinfo=UTC)
LAST_MOMENT = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
REGION = ("WEST-AFRICA",)
OF: dict[str, Any] = {"organization": "ECOWAS", "regions": REGION}

NOMINATED = said(
    FocalPoint.Created,
    **OF,
    subject=AMINA,
    details_hash="0" * 64,
    working_groups=("BMLE",),
    nomination_letter="ECW/2025/14",
    term=TERM,
)
CONFIRMED = said(FocalPoint.Confirmed, **OF, subject=AMINA, ends_on=TERM.ends_on)
DECLINED = said(FocalPoint.Declined, **OF, subject=AMINA)
ALTERNATE = said(FocalPoint.AlternateDesignated, **OF, subject=BOUBACAR, details_hash="1" * 64)
VACATED = said(FocalPoint.Vacated, **OF, persons=(AMINA, BOUBACAR), ends_on=TERM.ends_on)
ENDED = said(FocalPoint.TermEnded, at=AFTER, **OF, persons=(AMINA, BOUBACAR), ended_on=TERM.ends_on)
HANDED_OVER = said(
    FocalPoint.HandedOver,
    **OF,
    persons=(AMINA, BOUBACAR),
    ends_on=TERM.ends_on,
    successor=UUID(int=5),
    successor_subject=CHIDI,
)
REACHES: dict[FocalPointState, tuple[Said, ...]] = {
    FocalPointState.NOMINATED: (NOMINATED,),
    FocalPointState.CONFIRMED: (NOMINATED, CONFIRMED, ALTERNATE),
    FocalPointState.TERM_ENDED: (NOMINATED, CONFIRMED, ALTERNATE, ENDED),
    FocalPointState.VACATED: (NOMINATED, CONFIRMED, ALTERNATE, VACATED),
    FocalPointState.HANDED_OVER: (NOMINATED, CONFIRMED, ALTERNATE, HANDED_OVER),
    FocalPointState.DECLINED: (NOMINATED, DECLINED),
}
ENDS = {
    "confirm": FocalPointState.CONFIRMED,
    "decline": FocalPointState.DECLINED,
    "hand_over": FocalPointState.HANDED_OVER,
    "vacate": FocalPointState.VACATED,
    "end_term": FocalPointState.TERM_ENDED,
}


def hand_over(it: FocalPoint, cmd: Command, *, to: UUID = CHIDI) -> None:
    it.hand_over(successor=UUID(int=5), successor_subject=to, moves=(), cmd=cmd)


VERBS: dict[str, Callable[[FocalPoint, Command], None]] = {
    "confirm": lambda it, cmd: it.confirm(taken={}, cmd=cmd),
    "decline": lambda it, cmd: it.decline(cmd=cmd),
    "designate_alternate": lambda it, cmd: it.designate_alternate(subject=CHIDI, details_hash="2" * 64, cmd=cmd),
    "remove_alternate": lambda it, cmd: it.remove_alternate(subject=BOUBACAR, cmd=cmd),
    "update_contact": lambda it, cmd: it.update_contact(details_hash="3" * 64, cmd=cmd),
    "extend_term": lambda it, cmd: it.extend_term(ends_on=date(2026, 6, 30), cmd=cmd),
    "hand_over": hand_over,
    "vacate": lambda it, cmd: it.vacate(cmd=cmd),
    "end_term": lambda it, cmd: it.end_term(cmd=cmd),
    "take_over_nomination": lambda it, cmd: it.take_over_nomination(nominator=CHIDI, cmd=cmd),
}


def test_every_verb_has_its_states() -> None:
    assert FocalPoint.MAY_START_FROM.keys() == VERBS.keys()


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in VERBS
        for state in FocalPointState
        if state not in FocalPoint.MAY_START_FROM[verb] and ENDS.get(verb) is not state
    ],
)
def test_a_verb_is_refused_in_other_states(verb: str, state: FocalPointState) -> None:
    scenario = Scenario(FocalPoint).given(*REACHES[state]).when(lambda it: VERBS[verb](it, command()))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert scenario.refusal.state == state
    assert verb not in scenario.refusal.allowed


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if FocalPointState.CONFIRMED in FocalPoint.MAY_START_FROM[verb]]
)
def test_a_term_that_is_over_has_ended_before_it_is_recorded(verb: str) -> None:
    confirmed = REACHES[FocalPointState.CONFIRMED]
    scenario = Scenario(FocalPoint).given(*confirmed).when(lambda it: VERBS[verb](it, command(now=AFTER)))
    scenario.refused("state")
    assert scenario.refusal is not None
    assert (scenario.refusal.state, scenario.refusal.allowed) == ("term_ended", ("end_term",))
    in_time = Scenario(FocalPoint).given(*confirmed).when(lambda it: VERBS[verb](it, command(now=LAST_MOMENT)))
    assert (in_time.refusal, len(in_time.new)) == (None, 1)


@pytest.mark.parametrize(
    ("verb", "state"), [(verb, state) for verb in VERBS for state in FocalPoint.MAY_START_FROM[verb]]
)
def test_a_verb_states_one_fact_and_twice_is_once(verb: str, state: str) -> None:
    start = FocalPointState.CONFIRMED if verb == "end_term" else FocalPointState(state)
    now = AFTER if verb == "end_term" else NOW
    scenario = Scenario(FocalPoint).given(*REACHES[start]).when(lambda it: VERBS[verb](it, command(now=now)))
    assert scenario.refusal is None
    assert len(scenario.new) == 1
    again = Scenario(FocalPoint)
    again.history = [*scenario.history, *scenario.new]
    again.when(lambda it: VERBS[verb](it, command(now=now, key="2"))).nothing()


def test_a_nomination_whose_term_is_over_is_not_confirmed() -> None:
    scenario = Scenario(FocalPoint).given(NOMINATED)
    scenario.when(lambda it: it.confirm(taken={}, cmd=command(now=AFTER))).refused(
        "focal_point.term", ends_on="2025-12-31"
    )
    assert "confirm" not in scenario.aggregate().allowed(AFTER)
    assert "confirm" in scenario.aggregate().allowed(LAST_MOMENT)


def test_the_end_of_a_term_is_the_last_day_of_the_term_however_late_it_is_recorded() -> None:
    late = datetime(2026, 3, 1, tzinfo=UTC)
    (
        Scenario(FocalPoint)
        .given(*REACHES[FocalPointState.CONFIRMED])
        .when(lambda it: it.end_term(cmd=command(now=late)))
        .then(ENDED)
    )


def test_a_region_held_by_another_is_not_confirmed() -> None:
    (
        Scenario(FocalPoint)
        .given(NOMINATED)
        .when(lambda it: it.confirm(taken={"WEST-AFRICA": date(2025, 9, 30)}, cmd=command()))
        .refused("focal_point.region", organization="ECOWAS", region="WEST-AFRICA", held_until="2025-09-30")
    )


def test_a_term_is_not_extended_backwards() -> None:
    (
        Scenario(FocalPoint)
        .given(*REACHES[FocalPointState.CONFIRMED])
        .when(lambda it: it.extend_term(ends_on=date(2025, 11, 30), cmd=command()))
        .refused("focal_point.extension", ends_on="2025-12-31", asked="2025-11-30")
    )


def test_nobody_is_his_own_alternate_or_successor() -> None:
    confirmed = Scenario(FocalPoint).given(NOMINATED, CONFIRMED)
    confirmed.when(lambda it: it.designate_alternate(subject=AMINA, details_hash="0" * 64, cmd=command())).refused(
        "focal_point.alternate"
    )
    confirmed.when(lambda it: hand_over(it, command(), to=AMINA)).refused("focal_point.alternate")


@pytest.mark.parametrize("verb", ["hand_over", "vacate", "designate_alternate"])
def test_an_alternate_does_not_dispose_of_the_function(verb: str) -> None:
    alternate = Actor(
        id=BOUBACAR, organization="ECOWAS", roles=(RoleHeld(role=Role.REGIONAL_FOCAL_POINT, scope="ECOWAS"),)
    )
    scenario = Scenario(FocalPoint).given(*REACHES[FocalPointState.CONFIRMED])
    scenario.when(lambda it: VERBS[verb](it, command(by=alternate))).refused("focal_point.by_alternate")


def test_an_alternate_removes_himself_and_no_other() -> None:
    alternate = Actor(
        id=BOUBACAR, organization="ECOWAS", roles=(RoleHeld(role=Role.REGIONAL_FOCAL_POINT, scope="ECOWAS"),)
    )
    another = said(FocalPoint.AlternateDesignated, **OF, subject=CHIDI, details_hash="2" * 64)
    scenario = Scenario(FocalPoint).given(*REACHES[FocalPointState.CONFIRMED], another)
    scenario.when(lambda it: it.remove_alternate(subject=CHIDI, cmd=command(by=alternate))).refused(
        "focal_point.by_alternate"
    )
    scenario.when(lambda it: it.remove_alternate(subject=BOUBACAR, cmd=command(by=alternate))).then(
        said(FocalPoint.AlternateRemoved, **OF, subject=BOUBACAR)
    )


def test_who_was_never_an_alternate_is_not_found() -> None:
    it = Scenario(FocalPoint).given(*REACHES[FocalPointState.CONFIRMED]).aggregate()
    with pytest.raises(NotFound, match="Alternate"):
        it.remove_alternate(subject=CHIDI, cmd=command())


@pytest.mark.parametrize(
    ("history", "at", "speaking"),
    [
        (REACHES[FocalPointState.NOMINATED], NOW, set()),
        (REACHES[FocalPointState.CONFIRMED], datetime(2024, 12, 31, tzinfo=UTC), set()),
        (REACHES[FocalPointState.CONFIRMED], NOW, {AMINA, BOUBACAR}),
        (REACHES[FocalPointState.CONFIRMED], LAST_MOMENT, {AMINA, BOUBACAR}),
        (REACHES[FocalPointState.CONFIRMED], AFTER, set()),
        (REACHES[FocalPointState.VACATED], NOW, set()),
        (REACHES[FocalPointState.HANDED_OVER], NOW, set()),
    ],
)
def test_who_has_the_powers_at_a_moment(history: tuple[Said, ...], at: datetime, speaking: set[UUID]) -> None:
    it = Scenario(FocalPoint).given(*history).aggregate()
    assert {who for who in (AMINA, BOUBACAR, CHIDI) if it.speaks(who, at)} == speaking


@given(
    st.sampled_from(["ECOWAS", "OAS-CICTE"]),
    st.one_of(st.uuids(), st.sampled_from(["WEST-AFRICA", "WEST"])),
    st.lists(st.tuples(st.sampled_from(["rotation", "focal_point"]), st.uuids(), st.sampled_from([None, "turn:5"]))),
)
def test_open_work_is_found_under_who_answers_for_it_and_under_nobody_else(
    organization: str, answerable: UUID | str, works: list[tuple[str, UUID, str | None]]
) -> None:
    histories = Histories()
    for kind, reference, item in works:
        histories.held[open_work(organization, answerable, kind, reference, item)] = reference
    histories.held[open_work(organization, f"{answerable}-SOUTH", "rotation", "ROT-1")] = UUID(int=1)
    assert {(one.kind, one.reference, one.item) for one in open_items(histories, organization, answerable)} == {
        (kind, str(reference), item) for kind, reference, item in works
    }


# commands, with everything they touch


def details(name: str) -> PersonDetails:
    return PersonDetails(name=name.title(), email=f"{name}@ecowas.example")


class Office:
    """Where focal points are kept: regions, organizations, and what one may ask."""

    def __init__(
        self, histories: Histories | None = None, *, organizations: tuple[str, ...] = ("ECOWAS", "IGAD", "UNOCT")
    ) -> None:
        self.histories = histories or Histories()
        for kind, code in (
            (EntryKind.REGION, GLOBAL),
            (EntryKind.REGION, "WEST-AFRICA"),
            (EntryKind.REGION, "EAST-AFRICA"),
            (EntryKind.WORKING_GROUP, "BMLE"),
        ):
            self._add_entry(kind, code)
        for code in organizations:
            self._register(code)

    def _add_entry(self, kind: EntryKind, code: str) -> None:
        self.histories.run(
            "catalogue.add_entry",
            lambda work: Catalogue(work).add_entry(kind=kind, code=code, names=Names(en=code)),
        )

    def _register(self, code: str) -> None:
        self.histories.run(
            "organization.register",
            lambda work: Organizations(work).register(
                code=code, names=Names(en=code), kind=OrganizationKind.REGIONAL_ORGANIZATION
            ),
        )

    def ask(self, name: str, *subject: UUID, by: Actor | None = None, **fields: Any) -> list[Fact]:
        return self.histories.run(
            f"focal_point.{name}",
            lambda work: getattr(FocalPoints(work), name)(*subject, **fields),
            by=by,
            reason="As agreed." if needs_reason(f"focal_point.{name}") else None,
        )

    def nominate(self, name: str, *regions: str, by: Actor | None = None, **changes: Any) -> list[Fact]:
        fields: dict[str, Any] = {
            "organization": "ECOWAS",
            "person": details(name),
            "regions": regions or REGION,
            "nomination_letter": "ECW/2025/14",
            "starts_on": TERM.starts_on,
            "ends_on": TERM.ends_on,
            **changes,
        }
        return self.ask("nominate", by=by, **fields)

    def confirmed(self, name: str, *regions: str, **changes: Any) -> UUID:
        (nominated,) = self.nominate(name, *regions, **changes)
        self.ask("confirm", nominated.originator_id)
        return nominated.originator_id

    def the(self, id: UUID) -> FocalPoint:
        it = self.histories.load(FocalPoint, id)
        assert it is not None
        return it

    def subject(self, name: str) -> UUID:
        return self.histories.people[details(name).email]

    def acting(self, name: str) -> Actor:
        """A focal point as the claims of that moment make him one."""
        subject = self.subject(name)
        keys = [key.split(":") for key in self.histories.claims(f"focal-person:{subject}:")]
        regions = tuple(sorted(region for *_, region in keys))
        roles = tuple(
            RoleHeld(role=Role.REGIONAL_FOCAL_POINT, scope=code, regions=regions)
            for code in sorted({organization for _, _, organization, _ in keys})
        )
        return Actor(id=subject, organization="ECOWAS", roles=roles)

    def powers(self) -> set[str]:
        return {name for name in ("amina", "boubacar", "chidi") if self._known(name) and self.acting(name).roles}

    def _known(self, name: str) -> bool:
        return details(name).email in self.histories.people


@pytest.fixture
def office() -> Office:
    return Office()


def test_the_same_nomination_twice_is_one_and_another_for_the_same_region_waits_for_its_decision(
    office: Office,
) -> None:
    (nominated,) = office.nominate("amina", "WEST-AFRICA", "EAST-AFRICA")
    assert office.nominate("amina", "EAST-AFRICA", "WEST-AFRICA") == []
    with pytest.raises(RuleViolation) as refused:
        office.nominate("amina", "EAST-AFRICA", ends_on=date(2026, 6, 30))
    assert refused.value.rule == "focal_point.nominated"
    assert refused.value.details == {"organization": "ECOWAS", "regions": "EAST-AFRICA WEST-AFRICA"}
    office.ask("confirm", nominated.originator_id)
    assert office.nominate("amina", "EAST-AFRICA", "WEST-AFRICA") == []


def test_who_declined_may_be_nominated_again(office: Office) -> None:
    (nominated,) = office.nominate("amina")
    office.ask("decline", nominated.originator_id)
    assert len(office.nominate("amina")) == 1


def test_a_nomination_names_what_is_there(office: Office) -> None:
    with pytest.raises(NotFound, match="ATLANTIS"):
        office.nominate("amina", "ATLANTIS")
    with pytest.raises(NotFound, match="NONE"):
        office.nominate("amina", working_groups=["NONE"])
    with pytest.raises(NotFound, match="UNKNOWN"):
        office.nominate("amina", organization="UNKNOWN")
    with pytest.raises(InvalidInput, match="GLOBAL stands alone"):
        office.nominate("amina", GLOBAL, "WEST-AFRICA")
    with pytest.raises(InvalidInput, match="regions"):
        office.ask(
            "nominate",
            organization="ECOWAS",
            person=details("amina"),
            regions=(),
            nomination_letter="ECW/2025/14",
            starts_on=TERM.starts_on,
            ends_on=TERM.ends_on,
        )
    with pytest.raises(RuleViolation, match=r"focal_point\.term"):
        office.nominate("amina", starts_on=date(2026, 1, 1))
    with pytest.raises(RuleViolation, match=r"focal_point\.organization"):
        office.nominate("amina", organization="UNOCT")


def test_one_focal_point_for_an_organization_in_a_region(office: Office) -> None:
    office.confirmed("amina", "WEST-AFRICA", "EAST-AFRICA")
    (nominated,) = office.nominate("boubacar", "EAST-AFRICA")
    with pytest.raises(RuleViolation) as refused:
        office.ask("confirm", nominated.originator_id)
    assert refused.value.rule == "focal_point.region"
    assert refused.value.details["region"] == "EAST-AFRICA"
    office.confirmed("boubacar", GLOBAL)
    office.confirmed("chidi", organization="IGAD")


def test_whose_term_is_over_makes_room_although_nobody_recorded_it(office: Office) -> None:
    first = office.confirmed("amina", "WEST-AFRICA", "EAST-AFRICA")
    (nominated,) = office.nominate("boubacar", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    with pytest.raises(RuleViolation, match=r"focal_point\.region"):
        office.ask("confirm", nominated.originator_id)
    office.histories.now = AFTER
    ended, confirmed = office.ask("confirm", nominated.originator_id)
    assert isinstance(ended, FocalPoint.TermEnded)
    assert (ended.originator_id, ended.ended_on) == (first, date(2025, 12, 31))
    assert isinstance(confirmed, FocalPoint.Confirmed)
    assert office.powers() == {"boubacar"}


def test_only_a_process_records_the_end_of_a_term(office: Office) -> None:
    first = office.confirmed("amina")
    office.histories.now = AFTER
    with pytest.raises(Forbidden):
        office.ask("end_term", first)
    assert office.ask("end_term", first, by=actor(Role.PROCESS))
    assert office.histories.held == {}


def test_powers_come_with_confirmation_and_go_with_the_function(office: Office) -> None:
    (nominated,) = office.nominate("amina")
    id = nominated.originator_id
    assert office.powers() == set()
    office.ask("confirm", id)
    office.ask("designate_alternate", id, person=details("boubacar"), by=office.acting("amina"))
    assert office.powers() == {"amina", "boubacar"}
    office.ask("remove_alternate", id, alternate=office.subject("boubacar"))
    assert office.powers() == {"amina"}
    office.ask("designate_alternate", id, person=details("chidi"))
    office.ask("vacate", id, by=office.acting("amina"))
    assert office.powers() == set()
    assert office.histories.held == {}


def test_a_person_keeps_the_same_subject_under_a_new_address(office: Office) -> None:
    id = office.confirmed("amina")
    office.ask("designate_alternate", id, person=details("boubacar"))
    subject = office.subject("amina")
    (updated,) = office.ask("update_contact", id, person=PersonDetails(name="Amina", email="amina@new.example"))
    assert isinstance(updated, FocalPoint.ContactUpdated)
    assert office.histories.people["amina@new.example"] == subject
    with pytest.raises(RuleViolation) as refused:
        office.ask("update_contact", id, person=details("boubacar"))
    assert (refused.value.rule, refused.value.details) == ("focal_point.contact", {})


def test_what_is_told_of_a_vacancy_lies_under_the_persons_key(office: Office) -> None:
    id = office.confirmed("amina")
    (vacated,) = office.ask("vacate", id)
    assert vacated.provenance.reason is not None
    assert vacated.provenance.reason.key == office.subject("amina")


def test_the_focal_point_of_another_organization_has_no_say(office: Office) -> None:
    id = office.confirmed("amina")
    office.confirmed("chidi", organization="IGAD")
    with pytest.raises(Forbidden):
        office.ask("extend_term", id, ends_on=date(2026, 6, 30), by=office.acting("amina"))
    with pytest.raises(Forbidden):
        office.ask("vacate", id, by=office.acting("chidi"))


def test_a_hand_over_is_one_transaction(office: Office) -> None:
    first = office.confirmed("amina", working_groups=["BMLE"])
    office.ask("designate_alternate", first, person=details("chidi"))
    office.histories.now = datetime(2025, 5, 2, 9, 0, tzinfo=UTC)
    handed, nominated, confirmed, designated = office.ask(
        "hand_over", first, successor=details("boubacar"), by=office.acting("amina")
    )
    assert isinstance(handed, FocalPoint.HandedOver)
    assert isinstance(nominated, FocalPoint.Created)
    assert isinstance(confirmed, FocalPoint.Confirmed)
    assert isinstance(designated, FocalPoint.AlternateDesignated)
    assert (handed.successor, handed.successor_subject) == (nominated.originator_id, office.subject("boubacar"))
    assert (nominated.succeeds, nominated.regions, nominated.working_groups) == (first, REGION, ("BMLE",))
    assert nominated.term == Term(starts_on=date(2025, 5, 2), ends_on=date(2025, 12, 31))
    assert nominated.nomination_letter is None
    assert [office.the(id).state for id in (first, nominated.originator_id)] == ["handed_over", "confirmed"]
    assert office.powers() == {"boubacar", "chidi"}


def test_handing_over_twice_is_once_and_to_another_is_refused(office: Office) -> None:
    first = office.confirmed("amina")
    office.ask("hand_over", first, successor=details("boubacar"))
    assert office.ask("hand_over", first, successor=details("boubacar")) == []
    with pytest.raises(RuleViolation) as refused:
        office.ask("hand_over", first, successor=details("chidi"))
    assert (refused.value.rule, refused.value.state) == ("state", "handed_over")


def test_an_alternate_may_become_the_successor(office: Office) -> None:
    first = office.confirmed("amina")
    office.ask("designate_alternate", first, person=details("boubacar"))
    office.ask("hand_over", first, successor=details("boubacar"))
    assert office.powers() == {"boubacar"}


def test_a_successor_takes_over_for_days_that_are_still_to_come(office: Office) -> None:
    first = office.confirmed("amina")
    with pytest.raises(RuleViolation) as refused:
        office.ask("hand_over", first, successor=details("boubacar"), ends_on=date(2025, 1, 5))
    assert refused.value.rule == "focal_point.term"
    assert office.the(first).state == "confirmed"


def test_a_hand_over_lists_the_open_work_of_the_person_and_of_the_regions(office: Office) -> None:
    first = office.confirmed("amina")
    nominator = office.acting("amina")
    (theirs,) = office.nominate("chidi", "EAST-AFRICA", by=nominator)
    (decided,) = office.nominate("boubacar", GLOBAL, by=nominator)
    office.ask("confirm", decided.originator_id)
    office.nominate("dede", "EAST-AFRICA")
    office.histories.held[open_work("ECOWAS", "WEST-AFRICA", "rotation", "ROT-1", "turn-5")] = UUID(int=1)
    office.histories.held[open_work("ECOWAS", "EAST-AFRICA", "rotation", "ROT-2", "turn-1")] = UUID(int=2)
    handed, *_ = office.ask("hand_over", first, successor=details("esi"))
    assert isinstance(handed, FocalPoint.HandedOver)
    assert handed.moves == (
        OpenItem(kind="focal_point", reference=str(theirs.originator_id)),
        OpenItem(kind="rotation", reference="ROT-1", item="turn-5"),
    )


@pytest.fixture
def desk() -> Desk:
    """An open registration desk, with the process that reacts."""
    return Desk()


@pytest.fixture
def beside(desk: Desk) -> Office:
    """The office of the organizations at that desk."""
    return Office(desk, organizations=())


def test_nominations_of_a_focal_point_go_to_the_last_successor(desk: Desk, beside: Office) -> None:
    first = beside.confirmed("amina")
    (theirs,) = beside.nominate("chidi", "EAST-AFRICA", by=beside.acting("amina"))
    handed, *_ = beside.ask("hand_over", first, successor=details("boubacar"))
    assert isinstance(handed, FocalPoint.HandedOver)
    beside.ask("hand_over", handed.successor, successor=details("esi"))
    (taken_over,) = desk.follow()
    assert isinstance(taken_over, FocalPoint.NominationTakenOver)
    assert taken_over.originator_id == theirs.originator_id
    assert (taken_over.before, taken_over.nominator) == (beside.subject("amina"), beside.subject("esi"))
    assert taken_over.provenance.causation_id is not None
    assert [item.reference for item in open_items(beside.histories, "ECOWAS", beside.subject("esi"))] == [
        str(theirs.originator_id)
    ]
    beside.ask("confirm", theirs.originator_id)
    assert not beside.histories.claims("open:")
    assert desk.follow() == []


def test_a_nomination_decided_before_the_reaction_stays_as_it_is(desk: Desk, beside: Office) -> None:
    first = beside.confirmed("amina")
    (theirs,) = beside.nominate("chidi", "EAST-AFRICA", by=beside.acting("amina"))
    beside.ask("hand_over", first, successor=details("boubacar"))
    beside.ask("decline", theirs.originator_id)
    assert desk.follow() == []
    assert not beside.histories.claims("open:")


def test_a_hand_over_lists_what_the_focal_point_nominated_for_a_retreat_and_nobody_confirmed(
    desk: Desk, beside: Office
) -> None:
    first = beside.confirmed("amina", organization="UNODC")
    representative = of("UNODC")
    amina = Actor(id=beside.subject("amina"), organization="UNODC", roles=representative.roles)
    open_one, confirmed = (
        desk.nominate(name, category=category, by=amina)
        for name, category in (("dede", Category.DELEGATE), ("esi", Category.REPRESENTATIVE))
    )
    desk.ask("confirm", confirmed)
    desk.nominate("fatou", mode=Mode.VIRTUAL, by=representative)
    handed, *_ = beside.ask("hand_over", first, successor=details("boubacar"))
    assert isinstance(handed, FocalPoint.HandedOver)
    assert handed.moves == (OpenItem(kind="registration", reference=str(open_one)),)
    assert desk.follow() == []

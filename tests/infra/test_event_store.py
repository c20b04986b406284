"""The event store: what is written is written whole, once, in one order, and for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError
from psycopg import sql

from compact_domain.kernel import (
    Aggregate,
    Channel,
    Concerns,
    Conflict,
    Fact,
    Forbidden,
    IdempotencyMismatch,
    Receipt,
    Role,
    RuleViolation,
    Unavailable,
    Work,
)
from compact_domain.organization import Organization, Organizations
from compact_domain.role import Roles
from compact_domain.seats import EntitySeats
from compact_domain.vocabulary import Category, Names
from compact_infra import Compact, Settings, event_store
from compact_infra.event_store import Attempt, Migrations, net_claims
from compact_infra.identity import SET_UP
from compact_infra.setting_up import development_identity
from tests.domain.scenario import actor, command
from tests.infra.keeper import Decision, Keeper, at_once, name_of, renames
from tests.infra.lossy import Link


@contextmanager
def linked(new_settings: Callable[..., Settings], folder: Path, **changed: Any) -> Iterator[tuple[Keeper, Link]]:
    """A keeper whose store is reached through a link that can be cut."""
    settings = new_settings(pool_size=2, **changed)
    assert settings.database_url is not None
    Migrations(settings.database_url, settings.db_schema).apply()
    with Link(settings.database_url, folder) as link:
        compact = Compact(settings.model_copy(update={"database_url": link.url}))
        with compact.commanding():
            yield Keeper(compact), link


# --- one transaction


def seats(work: Work, retreat: str = "RET-1", entity: str = "UNODC") -> EntitySeats:
    """An entity's seats at a retreat, opened if need be."""
    work.allow(Concerns())
    work.about(EntitySeats.key(retreat, entity))
    found = work.find(EntitySeats, EntitySeats.key(retreat, entity))
    if found is None:
        found = EntitySeats.open(retreat=retreat, entity=entity, cmd=work.cmd)
        work.aggregates[found.id] = found
    return found


def takes(registration: UUID) -> Decision:
    def decide(work: Work) -> Aggregate:
        it = seats(work)
        it.take(category=Category.REPRESENTATIVE, registration=registration, rule=1, cmd=work.cmd)
        return it

    return decide


def test_facts_claims_log_and_vault_are_written_together(keeper: Keeper) -> None:
    receipt = keeper.give(takes(uuid4()), reason="the first to come")
    written = keeper.contents()
    assert [(row[3], row[0]) for row in written["{s}.event"]] == [("entity_seats.opened", 1), ("entity_seats.taken", 2)]
    assert [(row[0], row[1]) for row in written["{s}.claim"]] == [
        ("seat:RET-1:UNODC:representative:1", EntitySeats.key("RET-1", "UNODC"))
    ]
    assert [(row[0], row[6]) for row in written["{s}.command_log"]] == [(SET_UP, 2)]
    assert [row[0] for row in written["{v}.key"]] == [EntitySeats.key("RET-1", "UNODC")]
    assert (receipt.position, receipt.version, len(receipt.events)) == (2, 2, 2)


def test_what_cannot_be_written_whole_is_not_written_at_all(keeper: Keeper) -> None:
    keeper.register()
    before = keeper.contents()
    with keeper.store.attempt() as attempt:
        attempt.secrets.seal("a reason", field="reason", about=uuid4(), bound=uuid4())
        fact = organization(attempt).pending_events[0]
        doubled = [fact, fact]
        with pytest.raises(Conflict):
            append(attempt, doubled)
    assert keeper.contents() == before


def organization(attempt: Attempt, code: str = "AU", to: str = "Union") -> Organization:
    """An organization that has stated a fact which is not saved."""
    it = attempt.load(Organization, Organization.identify(code))
    assert it is not None
    it.rename(names=Names(en=to), cmd=command(by=actor(), now=it.created_on))
    return it


def append(attempt: Attempt, facts: Any, **changed: Any) -> Receipt:
    given = {"actor": SET_UP, "command_id": uuid4(), "request": b"", "subject": SET_UP, "version": 1, **changed}
    return attempt.append(facts, **given)


def test_a_dry_run_answers_as_if_and_writes_nothing(keeper: Keeper) -> None:
    keeper.register()
    before = keeper.contents()
    tried = keeper.give(takes(uuid4()), reason="to see", dry_run=True)
    assert (tried.dry_run, [fact.topic for fact in tried.events]) == (
        True,
        ["entity_seats.opened", "entity_seats.taken"],
    )
    assert tried.position == 1
    assert keeper.contents() == before
    done = keeper.give(takes(uuid4()), reason="to do")
    assert [fact.position for fact in done.events] == [2, 3]


def test_a_command_that_finds_nothing_to_do_is_answered_and_remembered(keeper: Keeper) -> None:
    keeper.register()
    first = keeper.rename(to="African Union")
    again = keeper.rename(to="African Union")
    assert (again.replayed, again.events, again.position) == (True, (), first.position)


# --- for ever


@pytest.mark.parametrize(
    ("role", "table"),
    [
        *((role, table) for role in ("owner", "application") for table in ("event", "command_log", "installation")),
        ("application", "claim"),
    ],
)
@pytest.mark.parametrize("statement", ["update {t} set {c} = {c}", "delete from {t}", "truncate {t}"])
def test_what_is_written_is_for_ever(keeper: Keeper, role: str, table: str, statement: LiteralString) -> None:
    keeper.give(takes(uuid4()))
    column = {"event": "topic", "command_log": "position", "claim": "key", "installation": "demonstration"}[table]
    change = sql.SQL(statement).format(t=sql.Identifier(keeper.store.schema, table), c=sql.Identifier(column))
    with keeper.owner() as connection:
        if role == "application":
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(keeper.store.app_role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change)


@pytest.mark.parametrize("table", ["event", "command_log", "claim", "installation", "simulated_clock"])
def test_the_application_writes_through_the_function_only(keeper: Keeper, table: str) -> None:
    with keeper.owner() as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(keeper.store.app_role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                sql.SQL("insert into {} select * from {}").format(*[sql.Identifier(keeper.store.schema, table)] * 2)
            )


def test_the_library_cannot_write_around_commands(keeper: Keeper) -> None:
    with pytest.raises(IntegrityError):
        keeper.store.recorder.insert_events([])


def test_migrations_are_applied_once_however_many_start_together(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings()
    assert settings.database_url is not None
    migrations = Migrations(settings.database_url, settings.db_schema)
    assert migrations.pending() == [name for _, name, _ in Migrations.files()]
    applied = at_once(6, lambda _: migrations.apply())
    assert sorted(len(names) for names in applied if isinstance(names, list)) == [0] * 5 + [len(Migrations.files())]
    assert migrations.pending() == []


# --- one order


def test_positions_are_dense_and_instants_never_go_back(keeper: Keeper) -> None:
    done = at_once(16, lambda n: [keeper.register(f"ORG-{n}-{i}") for i in range(5)])
    assert not [outcome for outcome in done if isinstance(outcome, Exception)]
    events = keeper.events()
    assert [position for position, *_ in events] == list(range(1, 81))
    instants = [instant for *_, instant in events]
    assert instants == sorted(instants)


def test_nothing_appears_behind_a_reader(keeper: Keeper) -> None:
    """A reader that asks for what lies beyond the last it saw gets everything, once, in order."""
    seen: list[int] = []
    over = threading.Event()

    def read() -> None:
        with keeper.owner() as connection:
            statement = keeper.store.sql("select position from {s}.event where position > %s order by position")
            while True:
                is_last = over.is_set()
                found = connection.execute(statement, (seen[-1] if seen else 0,)).fetchall()
                seen.extend(position for (position,) in found)
                if is_last:
                    return

    reader = threading.Thread(target=read)
    reader.start()
    at_once(16, lambda n: [keeper.register(f"ORG-{n}-{i}") for i in range(5)])
    over.set()
    reader.join()
    assert seen == list(range(1, 81))


def test_a_writer_waits_for_the_one_before_it(keeper: Keeper) -> None:
    """Why nothing appears behind a reader: a position is given out only when all before it are to be seen."""
    keeper.register("AU")
    keeper.register("EU")
    finished: list[int] = []

    def second() -> None:
        with keeper.store.attempt() as attempt:
            finished.append(append(attempt, organization(attempt, "EU").pending_events).position)

    with keeper.store.attempt(alone=True) as attempt:
        first = append(attempt, organization(attempt, "AU").pending_events).position
        writer = threading.Thread(target=second)
        writer.start()
        with keeper.owner() as connection:
            until = time.monotonic() + 10
            while not connection.execute(WAITING).fetchall():
                assert time.monotonic() < until, "the second writer does not wait"
        assert (finished, keeper.store.head()) == ([], 2)
    writer.join()
    assert (first, finished) == (3, [4])


WAITING = "select from pg_locks where locktype = 'advisory' and not granted"


def test_with_a_plain_sequence_something_does_appear_behind_a_reader(keeper: Keeper) -> None:
    """The control: the same two writers on a table that takes its numbers from a sequence."""
    with keeper.owner() as connection, keeper.owner() as slow, keeper.owner() as fast:
        connection.execute(keeper.store.sql("create table {s}.plain (position bigserial, note text)"))
        insert = keeper.store.sql("insert into {s}.plain (note) values (%s)")
        select = keeper.store.sql("select position from {s}.plain where position > %s")
        with slow.transaction():
            slow.execute(insert, ("slow",))
            fast.execute(insert, ("fast",))
            assert connection.execute(select, (0,)).fetchall() == [(2,)]
        assert connection.execute(select, (2,)).fetchall() == []
        assert len(connection.execute(select, (0,)).fetchall()) == 2


def test_the_library_reads_and_follows_the_store(keeper: Keeper) -> None:
    keeper.register("AU")
    recorder = keeper.store.recorder
    with recorder.subscribe(gt=0) as subscription:
        first = next(subscription)
        keeper.rename("AU", "African Union")
        second = next(subscription)
    assert [(n.id, n.topic) for n in (first, second)] == [(1, "organization.registered"), (2, "organization.renamed")]
    assert recorder.max_notification_id() == 2
    assert [n.id for n in recorder.select_notifications(1, 10, inclusive_of_start=False)] == [2]
    assert [n.id for n in recorder.select_notifications(0, 10, topics=["organization.registered"])] == [1]
    stream = recorder.select_events(Organization.identify("AU"), desc=True, limit=1)
    assert [event.originator_version for event in stream] == [2]


# --- races


def test_of_two_writers_on_one_stream_one_decides_again(keeper: Keeper) -> None:
    keeper.register()
    with keeper.store.attempt() as first, keeper.store.attempt() as second:
        won, lost = organization(first, to="Won"), organization(second, to="Lost")
        append(first, won.pending_events)
        with pytest.raises(Conflict):
            append(second, lost.pending_events)
    outcomes = at_once(16, lambda n: keeper.rename(to=f"Name {n}"))
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [version for _, _, version, *_ in keeper.events()] == list(range(1, 19))


def meanwhile(keeper: Keeper, other: Callable[[], object], decide: Decision) -> tuple[Decision, list[Aggregate]]:
    """A decision in whose first run somebody else is faster, and the aggregates it was made about, run by run."""
    about: list[Aggregate] = []

    def slow(work: Work) -> Aggregate:
        try:
            it = decide(work)
        finally:
            if not about:
                other()
            about.append(next(iter(work.aggregates.values()), None))  # type: ignore[arg-type]  # None of a refusal
        about[-1] = it
        return it

    return slow, about


def test_a_failed_aggregate_is_dead_and_another_is_decided_on(keeper: Keeper) -> None:
    keeper.register()
    slow, about = meanwhile(keeper, lambda: keeper.rename(to="Faster"), renames("AU", "Slower"))
    receipt = keeper.give(slow)
    assert len(about) == 2
    assert about[0] is not about[1]
    assert [version for _, _, version, *_ in keeper.events()] == [1, 2, 3]
    assert receipt.version == 3


def test_a_stream_that_was_only_looked_at_must_stand_still_too(keeper: Keeper) -> None:
    keeper.register("AU")
    keeper.register("EU")

    def as_the_union_is_called(work: Work) -> Aggregate:
        return Organizations(work).rename("EU", names=Names(en=f"like {name_of(work, 'AU')}"))

    slow, about = meanwhile(keeper, lambda: keeper.rename("AU", "African Union"), as_the_union_is_called)
    keeper.give(slow)
    assert len(about) == 2
    assert isinstance(about[1], Organization)
    assert about[1].names.en == "like African Union"


@pytest.mark.parametrize("look", ["holder", "claims"])
def test_a_claim_that_was_only_looked_at_must_stand_still_too(keeper: Keeper, look: str) -> None:
    keeper.register("AU")
    claim = "seat:RET-1:UNODC:representative:1"

    def counting(work: Work) -> Aggregate:
        store = work.store
        held = [store.holder(claim)] if look == "holder" else store.claims("seat:RET-1:")
        return Organizations(work).rename("AU", names=Names(en=f"{sum(map(bool, held))} held"))

    slow, about = meanwhile(keeper, lambda: keeper.give(takes(uuid4())), counting)
    keeper.give(slow)
    assert [it.names.en for it in about if isinstance(it, Organization)] == ["0 held", "1 held"]


def test_who_lost_his_role_meanwhile_may_no_longer(keeper: Keeper) -> None:
    """What an actor may is read with the decision, and has to stand still like everything else."""
    keeper.register()
    officer = development_identity(keeper.commander, Role.SECRETARIAT_OFFICER, None)

    def dismiss() -> None:
        revokes: Decision = lambda work: Roles(work).revoke(officer.subject, role=Role.SECRETARIAT_OFFICER)  # noqa: E731
        keeper.give(revokes, "role.revoke", reason="moved on")

    slow, about = meanwhile(keeper, dismiss, renames("AU", "African Union"))
    with pytest.raises(Forbidden):
        keeper.give(slow, by=officer.subject, channel=Channel.GRAPHQL)
    assert len(about) == 2
    assert [topic for *_, topic, _ in keeper.events()].count("organization.renamed") == 0


def test_what_nobody_looked_at_may_move(keeper: Keeper) -> None:
    keeper.register("AU")
    keeper.register("EU")
    slow, about = meanwhile(keeper, lambda: keeper.rename("EU", "European Union"), renames("AU", "African Union"))
    keeper.give(slow)
    assert len(about) == 1


def test_a_refusal_on_what_has_moved_is_decided_again(keeper: Keeper) -> None:
    keeper.register()

    def unless_union(work: Work) -> Aggregate:
        if name_of(work, "AU") != "African Union":
            raise RuleViolation("state")
        return Organizations(work).rename("AU", names=Names(en="AU"))

    slow, about = meanwhile(keeper, lambda: keeper.rename(to="African Union"), unless_union)
    assert keeper.give(slow).version == 3
    assert len(about) == 2
    with pytest.raises(RuleViolation):
        keeper.give(unless_union)


def test_who_loses_once_decides_while_nobody_else_writes(keeper: Keeper) -> None:
    """However hot the stream: nobody decides more than twice, and nobody is told to come again."""
    keeper.register()
    runs: list[int] = []

    def give(n: int) -> list[Receipt]:
        def decide(work: Work) -> Aggregate:
            runs.append(n)
            return renames("AU", f"Name {len(runs)}")(work)

        before = runs.count(n)
        receipts = [keeper.give(decide) for _ in range(4)]
        assert runs.count(n) - before <= 8
        return receipts

    outcomes = at_once(16, give)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]


# --- claims


def test_of_sixteen_that_want_one_thing_one_has_it(keeper: Keeper) -> None:
    def wants(n: int) -> Receipt:
        def decide(work: Work) -> Aggregate:
            work.allow(Concerns())
            it = EntitySeats.open(retreat="RET-1", entity=f"E-{n}", cmd=work.cmd)
            work.aggregates[it.id] = it
            fact = EntitySeats.Taken(
                **it._next(work.cmd),
                retreat="RET-1",
                entity="UNODC",
                category=Category.REPRESENTATIVE,
                n=1,
                registration=uuid4(),
                allowed=1,
            )
            it._states(fact)
            return it

        return keeper.give(decide)

    outcomes = at_once(16, wants)
    refused = [outcome for outcome in outcomes if isinstance(outcome, RuleViolation)]
    assert [refusal.rule for refusal in refused] == ["seats.quota"] * 15
    assert len(keeper.rows("select * from {s}.claim")) == 1
    assert len(keeper.events()) == 2


def test_a_claim_is_given_back_and_passes_from_hand_to_hand(keeper: Keeper) -> None:
    first, second = uuid4(), uuid4()
    keeper.give(takes(first))

    def exchange(work: Work) -> Aggregate:
        it = seats(work)
        it.release(category=Category.REPRESENTATIVE, registration=first, cmd=work.cmd)
        it.take(category=Category.REPRESENTATIVE, registration=second, rule=1, cmd=work.cmd)
        return it

    def release(work: Work) -> Aggregate:
        it = seats(work)
        it.release(category=Category.REPRESENTATIVE, registration=second, cmd=work.cmd)
        return it

    held = [("seat:RET-1:UNODC:representative:1", EntitySeats.key("RET-1", "UNODC"))]
    assert len(keeper.give(exchange).events) == 2
    assert keeper.rows("select key, holder from {s}.claim") == held
    keeper.give(release)
    assert keeper.rows("select key, holder from {s}.claim") == []


SEAT = "seat:RET-1:UNODC:delegate:1"


def claiming(kind: type[EntitySeats.Taken | EntitySeats.Released], by: str) -> Fact:
    """A fact of an entity's seats that takes or gives back one and the same seat."""
    it = EntitySeats.open(retreat="RET-1", entity=by, cmd=command())
    own: dict[str, Any] = {"retreat": "RET-1", "entity": "UNODC", "category": Category.DELEGATE, "n": 1}
    own |= {"allowed": 1} if kind is EntitySeats.Taken else {}
    return kind(**it._next(command()), **own, registration=SET_UP)


def test_a_batch_takes_and_gives_back_in_its_order() -> None:
    takes_, releases = EntitySeats.Taken, EntitySeats.Released
    first, second = claiming(takes_, "UNODC"), claiming(takes_, "INTERPOL")
    assert net_claims([first, claiming(releases, "UNODC")]) == ([], {})
    assert net_claims([claiming(releases, "UNODC"), second]) == ([SEAT], {SEAT: second.originator_id})
    with pytest.raises(RuleViolation):
        net_claims([first, second])
    with pytest.raises(RuntimeError, match="before it is given back"):
        net_claims([second, claiming(releases, "UNODC")])


def test_claims_are_found_by_the_beginning_of_their_key_alone(keeper: Keeper) -> None:
    """In whatever order the database sorts texts."""
    with keeper.owner() as connection:
        for key in ("seat:A:1", "seat:A:2", "seat:AB:1", "seat-A:1", "Seat:A:1", "seat:A", "seat:A:é", "seat:B:1"):
            connection.execute(keeper.store.sql("insert into {s}.claim values (%s, %s, 1)"), (key, uuid4()))
    with keeper.store.attempt() as attempt:
        assert attempt.claims("seat:A:") == ["seat:A:1", "seat:A:2", "seat:A:é"]
        assert attempt.holder("seat:A") is not None
        assert attempt.holder("seat:") is None


# --- the same command again


def test_the_same_command_five_times_at_once_is_done_once_and_answered_five_times(keeper: Keeper) -> None:
    keeper.register()
    key = uuid4()
    outcomes = at_once(5, lambda _: keeper.rename(to="African Union", key=key, content="rename"))
    answers = {(o.position, o.version, o.events) for o in outcomes if isinstance(o, Receipt)}
    assert len(answers) == 1
    assert sorted(o.replayed for o in outcomes if isinstance(o, Receipt)) == [False, True, True, True, True]
    assert len(keeper.events()) == 2


def test_it_is_not_refused_by_what_it_did_itself(keeper: Keeper) -> None:
    """Also where the rules would refuse it a second time: a race with oneself is not lost."""
    keeper.register()
    key = uuid4()

    def once(work: Work) -> Aggregate:
        if name_of(work, "AU") == "African Union":
            raise RuleViolation("state")
        return Organizations(work).rename("AU", names=Names(en="African Union"))

    def faster(work: Work) -> Aggregate:
        if not first:
            first.append(keeper.give(once, key=key))
        return once(work)

    first: list[Receipt] = []
    again = keeper.give(faster, key=key)
    assert (again.position, again.events, again.replayed) == (2, first[0].events, True)


def test_a_key_stands_for_one_content_and_belongs_to_its_actor(keeper: Keeper) -> None:
    key = uuid4()
    first = keeper.register("AU", key=key, content="AU")
    with pytest.raises(IdempotencyMismatch):
        keeper.register("EU", key=key, content="EU")
    again = keeper.register("AU", key=key, content="AU")
    assert (again.replayed, again.events) == (True, first.events)
    somebody = uuid4()
    with keeper.store.attempt() as attempt:
        assert attempt.begin(SET_UP, key)[1] is not None
        assert attempt.begin(somebody, key)[1] is None


def test_a_commit_whose_answer_is_lost_is_known_again(new_settings: Callable[..., Settings], folder: Path) -> None:
    with linked(new_settings, folder) as (keeper, link):
        keeper.register()
        key, tries = uuid4(), []

        def decide(work: Work) -> Aggregate:
            tries.append(work)
            return renames("AU", "African Union")(work)

        with psycopg.connect(link.straight, autocommit=True) as connection:
            renamed = keeper.store.sql("select from {s}.event where position = 2")
            link.drop_answer_when(lambda: bool(connection.execute(renamed).fetchall()))
            receipt = keeper.give(decide, key=key, content="rename")
        assert len(tries) == 1, "what was decided was committed"
        assert (receipt.replayed, receipt.position) == (True, 2)
        assert [event.topic for event in receipt.events] == ["organization.renamed"]
        again = keeper.give(decide, key=key, content="rename")
        assert again == receipt
        assert len(keeper.events()) == 2


# --- when the database is away


def test_a_connection_that_broke_while_it_lay_idle_is_replaced(keeper: Keeper) -> None:
    keeper.register()
    with keeper.owner() as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s",
            (f"{keeper.store.schema}-commands",),
        )
    assert keeper.rename().position == 2


def test_a_database_that_is_away_is_said_to_be_soon(new_settings: Callable[..., Settings], folder: Path) -> None:
    with linked(new_settings, folder) as (keeper, link):
        keeper.register()
        keeper.store.pool.timeout = 0.5
        key, before = uuid4(), link.accepted
        link.cut()
        started = time.monotonic()
        with pytest.raises(Unavailable):
            keeper.rename(key=key)
        assert time.monotonic() - started < 10
        assert link.accepted - before < 10, "it is not asked again and again"
        link.mend()
        keeper.store.pool.timeout = 10.0
        for _ in range(10):
            with suppress(Unavailable):  # the pool itself waits longer from try to try
                assert keeper.rename(key=key).replayed is False
                return
        pytest.fail("it never came back")


def test_a_busy_pool_is_said_to_be_soon(keeper: Keeper) -> None:
    keeper.register()
    keeper.store.pool.timeout = 0.3
    calls: list[Work] = []
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(keeper.store.attempt())
        started = time.monotonic()
        with pytest.raises(Unavailable):
            keeper.give(lambda work: calls.append(work) or renames("AU", "X")(work))  # type: ignore[func-returns-value]
        assert time.monotonic() - started < 5
    assert calls == []
    assert keeper.rename(to="X").position == 2


def test_a_lock_that_is_not_given_back_is_said_to_be_soon(
    new_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_store, "SESSION", event_store.SESSION.replace("lock_timeout=10s", "lock_timeout=200ms"))
    compact = Compact(new_settings())
    with compact.commanding():
        keeper = Keeper(compact)
        with keeper.store.attempt(alone=True), pytest.raises(Unavailable):
            keeper.register()
        assert keeper.register().position == 1


# --- time


def test_a_simulated_clock_runs_in_a_demonstration_only(keeper: Keeper) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        keeper.store.set_clock(datetime(2030, 1, 1, tzinfo=UTC))
    assert abs(keeper.store.now() - datetime.now(UTC)) < timedelta(seconds=10)


def test_a_simulated_clock_never_goes_back(new_settings: Callable[..., Settings]) -> None:
    compact = Compact(new_settings(demonstration=True))
    with compact.commanding():
        keeper = Keeper(compact)
        assert keeper.store.is_demonstration()
        june, may = datetime(2025, 6, 25, 9, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
        assert keeper.store.set_clock(june) >= june
        keeper.register("AU")
        assert keeper.store.set_clock(may) >= june
        keeper.register("EU")
        keeper.store.set_clock(june + timedelta(days=1))
        keeper.register("OAS")
        instants = [instant for *_, instant in keeper.events()]
        assert instants == sorted(instants)
        assert [instant.date() for instant in instants] == [june.date(), june.date(), (june + timedelta(days=1)).date()]
        facts = [keeper.store.mapper.to_domain_event(e) for e in keeper.store.recorder.select_notifications(0, 10)]
        assert all(
            abs(f.timestamp - instant) < timedelta(seconds=5) for f, instant in zip(facts, instants, strict=True)
        )

"""The projector: live rows are those of a rebuild, the past is as it was shown, and nothing stops it for good."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from psycopg import sql

from compact_domain.kernel import Refusal, Work
from compact_domain.organization import Organization, Organizations
from compact_domain.vocabulary import CompactStatus, Names, OrganizationKind
from compact_infra import Compact, Settings, projector
from compact_infra.event_store import KINDS
from compact_infra.operations import scrutinize
from compact_infra.projector import Projector, ReadSide, Stopped, Watermark, fingerprint, generation
from compact_infra.setting_up import load_catalogues
from compact_projections.kit import FOREVER, ReadModel, Recorded, Row, Unfoldable, on
from compact_projections.organizations import Organizations as Directory
from tests.conftest import Service
from tests.infra.keeper import Keeper, name_of
from tests.infra.lossy import Link

Connection = psycopg.Connection[Any]
_numbers = itertools.count(1)


class DraftRow(Row, frozen=True, kw_only=True):
    """An organization, withheld while its name stands in brackets; with a column of each type."""

    TABLE: ClassVar[str] = "draft"
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = (("name",), ("kind", "name"))

    id: UUID
    name: str
    names: Names
    kind: OrganizationKind
    status: CompactStatus
    regions: tuple[str, ...] = ()
    seen_by: tuple[UUID, ...] = ()
    days: tuple[date, ...] = ()
    began_at: datetime
    day: date
    amount: Decimal
    raw: bytes
    maybe: str | None = None
    perhaps: tuple[str, ...] | None = None
    active: bool = True
    changes: int = 0

    def is_withheld(self) -> bool:
        return self.name.startswith("(")


class Drafts(ReadModel[DraftRow]):
    """Organizations, as far as they are announced."""

    @on(Organization.Created)
    def begun(self, fact: Organization.Created, at: Recorded) -> DraftRow:
        return DraftRow(
            id=fact.originator_id,
            name=fact.names.en,
            names=fact.names,
            kind=fact.kind,
            status=fact.compact_status,
            seen_by=(fact.provenance.by.id,),
            began_at=at.recorded_at,
            day=at.day,
            amount=Decimal("0.10"),
            raw=fact.code.encode(),
        )

    @on(Organization.Renamed)
    def renamed(self, row: DraftRow, fact: Organization.Renamed, at: Recorded) -> DraftRow:
        return replace(
            row,
            name=fact.names.en,
            names=fact.names,
            changes=row.changes + 1,
            amount=row.amount + Decimal("0.10"),
            days=(*row.days, at.day),
            maybe=None if row.maybe else "renamed",
        )

    @on(Organization.RegionsSet)
    def placed(self, row: DraftRow, fact: Organization.RegionsSet, at: Recorded) -> DraftRow:
        return replace(row, regions=fact.regions, perhaps=row.regions or None, seen_by=(fact.provenance.by.id, row.id))

    @on(Organization.Deactivated)
    def left(self, row: DraftRow, fact: Organization.Deactivated, at: Recorded) -> None:
        return None

    @on(Organization.Reactivated)
    def came_back(self, fact: Organization.Reactivated, at: Recorded) -> DraftRow:
        return DraftRow(
            id=fact.originator_id,
            name="came back",
            names=Names(en="came back", zh="回来了"),
            kind=OrganizationKind.ACADEMIA,
            status=CompactStatus.NONE,
            began_at=at.recorded_at,
            day=at.day,
            amount=Decimal(1),
            raw=b"\x00\xff",
        )


class PlaceRow(Row, frozen=True, kw_only=True):
    """Who came to a region last: a row of a key that facts of many aggregates share."""

    TABLE: ClassVar[str] = "place"

    id: str
    last: UUID


class Places(ReadModel[PlaceRow]):
    """Regions, and who came last."""

    @on(Organization.RegionsSet, keys=lambda fact: fact.regions)
    def arrived(self, fact: Organization.RegionsSet, at: Recorded) -> PlaceRow:
        return PlaceRow(id=fact.regions[0], last=fact.originator_id)


MODELS: tuple[type[ReadModel[Any]], ...] = (Drafts, Places, Directory)


def read_side(keeper: Keeper, *models: type[ReadModel[Any]], name: str | None = None) -> ReadSide:
    return ReadSide(
        keeper.store.schema,
        [model() for model in models or MODELS],
        name=name or f"{keeper.store.schema}_r{next(_numbers)}",
    )


@pytest.fixture
def connection(keeper: Keeper) -> Iterator[Connection]:
    with keeper.owner() as connection:
        yield connection


def built(keeper: Keeper, connection: Connection, *models: type[ReadModel[Any]]) -> ReadSide:
    """A read side that has been built from what there is so far."""
    side = read_side(keeper, *models)
    side.rebuild(connection)
    return side


def caught_up(side: ReadSide, connection: Connection) -> ReadSide:
    while side.advance(connection):
        pass
    return side


def table(side: ReadSide, connection: Connection, name: str) -> list[tuple[Any, ...]]:
    statement = sql.SQL("table {} order by 1, 2, 3").format(sql.Identifier(side.schema, name))
    return sorted(connection.execute(statement).fetchall(), key=repr)


def tables(side: ReadSide, connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, positions included."""
    names = [*(model.row.TABLE for model in side.models), "trail"]
    return {name: table(side, connection, name) for name in names}


def shown(side: ReadSide, connection: Connection, position: int) -> list[list[tuple[Any, ...]]]:
    """What stands at a position, inside and outside: keys and names of drafts, and the trail."""
    at = {"p": position}
    r = sql.Identifier(side.schema)
    return [
        connection.execute(sql.SQL(statement).format(r=r), at).fetchall()
        for statement in (
            "select id, name from {r}.draft where since <= %(p)s and until > %(p)s order by id",
            "select id, name from {r}.draft where since <= %(p)s and open_until > %(p)s order by id",
            "select id, last from {r}.place where since <= %(p)s and until > %(p)s order by id",
            "select position from {r}.trail where position <= %(p)s order by position",
            "select position from {r}.trail where open_since <= %(p)s order by position",
        )
    ]


# --- rebuild, live, and the past

ACTS = st.one_of(
    st.tuples(st.just("rename"), st.sampled_from(["Union", "League", "(idea)", "(other idea)"])),
    st.tuples(st.just("set_regions"), st.sampled_from(["WEST-AFRICA", "EAST-AFRICA"])),
    st.tuples(st.sampled_from(["set_names", "deactivate", "reactivate"]), st.just("")),
)
HISTORY = st.lists(st.tuples(st.integers(0, 2), ACTS, st.booleans()), min_size=1, max_size=14)


@pytest.fixture
def seeded(keeper: Keeper) -> Keeper:
    """A store that knows the regions."""
    load_catalogues(keeper.commander)
    return keeper


def act(keeper: Keeper, code: str, what: str, how: str) -> None:
    """Give a command; one that the rules refuse is no fact."""

    def decide(work: Work) -> Organization:
        organizations = Organizations(work)
        match what:
            case "rename":
                return organizations.rename(code, names=Names(en=how if how[0] == "(" else f"{how} {next(_numbers)}"))
            case "set_names":
                return organizations.set_names(code, names=Names(en=name_of(work, code), fr=f"Nom {next(_numbers)}"))
            case "set_regions":
                return organizations.set_regions(code, regions=[how])
            case _:
                it: Organization = getattr(organizations, what)(code)
                return it

    with suppress(Refusal):
        keeper.give(decide, f"organization.{what}", reason="it had to be")


def test_live_rows_are_those_of_a_rebuild_and_the_past_is_as_it_was_shown(
    seeded: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Histories are laid one behind another, so that each example starts on what those before it left."""
    with seeded.owner() as connection:
        live = built(seeded, connection)
        seen: dict[int, list[list[tuple[Any, ...]]]] = {}

        @given(st.integers(1, 5), HISTORY)
        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        def check(batch: int, history: Sequence[tuple[int, tuple[str, str], bool]]) -> None:
            monkeypatch.setattr(projector, "BATCH", batch)
            codes = [f"ORG-{next(_numbers)}" for _ in range(3)]
            for code in codes:
                seeded.register(code)
            for number, (what, how), look in history:
                act(seeded, codes[number], what, how)
                if look:
                    live.advance(connection)
                    position = live.position(connection)
                    seen[position] = shown(live, connection, position)
            caught_up(live, connection)
            again = built(seeded, connection)
            assert tables(again, connection) == tables(live, connection)
            connection.execute(again.sql("drop schema {r} cascade"))
            for position, then in seen.items():
                assert shown(live, connection, position) == then

        check()
        assert {row[-1] == FOREVER for row in table(live, connection, "draft")} == {True, False}


def test_every_row_of_the_service_is_as_its_history_says(own_service: Service) -> None:
    officer = own_service.officer
    officer.do("organizationRegister", {"code": "AU", "names": {"en": "African Union"}, "kind": "UN_ENTITY"})
    officer.do("organizationRename", {"id": "AU", "names": {"en": "The Union"}})
    assert own_service.compact.settle()
    assert scrutinize(own_service.compact) == []
    with Keeper(own_service.compact).owner() as connection:
        connection.execute(
            own_service.compact.read_side.sql("update {r}.organization set name = 'x' where code = 'AU'")
        )
    assert scrutinize(own_service.compact) == ["organization: 4 rows differ"]


def test_what_was_said_while_withheld_opens_with_the_first_that_is_not(keeper: Keeper, connection: Connection) -> None:
    """In whatever batches it comes, and whether or not a fold takes up the fact itself."""
    keeper.register("AU")
    live = built(keeper, connection)
    keeper.rename("AU", "(idea)")
    live.advance(connection)
    act(keeper, "AU", "set_names", "")
    live.advance(connection)
    for name in ("(other)", "Union", "League", "(third)"):
        keeper.rename("AU", name)
    live.advance(connection)
    opened = connection.execute(live.sql("select position, open_since from {r}.trail order by 1")).fetchall()
    assert opened == [(1, 1), (2, 5), (3, 5), (4, 5), (5, 5), (6, 6), (7, FOREVER)]
    assert tables(built(keeper, connection), connection) == tables(live, connection)


def test_a_long_history_comes_in_batches(
    keeper: Keeper, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "BATCH", 4)
    live = built(keeper, connection)
    for n in range(10):
        keeper.register(f"ORG-{n}")
    assert [live.advance(connection) for _ in range(4)] == [4, 4, 2, 0]
    told: list[tuple[int, int]] = []
    side = read_side(keeper)
    side.rebuild(connection, progress=lambda done, of: told.append((done, of)))
    assert told == [(4, 10), (8, 10), (10, 10)]
    assert tables(side, connection) == tables(live, connection)


def test_a_rebuild_up_to_a_position_is_what_was_live_there(keeper: Keeper, connection: Connection) -> None:
    keeper.register("AU")
    live = built(keeper, connection)
    then = tables(live, connection)
    keeper.rename("AU", "Union")
    side = read_side(keeper)
    assert side.rebuild(connection, upto=1) == 1
    assert tables(side, connection) == then
    assert tables(caught_up(side, connection), connection) == tables(caught_up(live, connection), connection)


# --- folds that fail


class Fussy(Drafts):
    """It cannot bear a name."""

    row = DraftRow

    @on(Organization.Renamed)
    def renamed(self, row: DraftRow, fact: Organization.Renamed, at: Recorded) -> DraftRow:
        if fact.names.en == "unbearable":
            raise ArithmeticError("no")
        if fact.names.en == "unstorable":
            return replace(row, changes=2**70)
        return super().renamed(row, fact, at)


@pytest.mark.parametrize(("name", "error"), [("unbearable", "ArithmeticError: no"), ("unstorable", "")])
def test_a_stream_that_cannot_be_folded_or_stored_is_parked_and_folded_again(
    keeper: Keeper, connection: Connection, name: str, error: str
) -> None:
    live = built(keeper, connection, Fussy)
    for code in ("AU", "EU"):
        keeper.register(code)
    keeper.rename("EU", "first")
    keeper.rename("AU", name)
    keeper.rename("AU", "bearable")
    keeper.rename("EU", "second")
    assert live.advance(connection) == 6
    [(subject, position, topic, said)] = connection.execute(
        live.sql("select subject, position, topic, error from {r}.parked")
    ).fetchall()
    assert (subject, position, topic) == (Organization.identify("AU"), 4, "organization.renamed")
    assert error in said
    current = live.sql("select name from {r}.draft where until = {f} order by name", f=sql.Literal(FOREVER))
    assert connection.execute(current).fetchall() == [("AU",), ("second",)]
    trail = live.sql("select position from {r}.trail where open_since = {f} order by 1", f=sql.Literal(FOREVER))
    assert connection.execute(trail).fetchall() == [(4,), (5,)], "of a parked stream nobody can tell"
    mended = ReadSide(live.events, [Drafts()], name=live.schema)
    assert mended.replay_parked(connection) == 1
    assert mended.whereabouts(connection) == (6, 2)
    assert connection.execute(current).fetchall() == [("bearable",), ("second",)]
    assert connection.execute(trail).fetchall() == []
    assert mended.replay_parked(connection) == 0


def test_each_time_rows_are_built_anew_is_an_epoch(keeper: Keeper, connection: Connection) -> None:
    live = built(keeper, connection)
    keeper.register("AU")
    assert [live.whereabouts(connection), live.replace(connection), live.whereabouts(connection)] == [(0, 1), 1, (1, 2)]
    live.replace(connection)
    assert live.whereabouts(connection) == (1, 3)


def test_a_rebuild_parks_nothing_and_leaves_nothing(keeper: Keeper, connection: Connection) -> None:
    keeper.register("AU")
    keeper.rename("AU", "unbearable")
    side = read_side(keeper, Fussy)
    with pytest.raises(Unfoldable):
        side.rebuild(connection)
    assert not side.exists(connection)


def test_a_fact_of_a_later_release_stops_the_rows_there(
    keeper: Keeper, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = built(keeper, connection)
    keeper.register("AU")
    keeper.rename("AU", "Union")
    keeper.register("EU")
    with monkeypatch.context() as earlier:
        earlier.delitem(KINDS, "organization.renamed")
        assert live.advance(connection) == 1
        for _ in range(2):
            with pytest.raises(Stopped, match=r"position 2: organization\.renamed is no fact this release knows"):
                live.advance(connection)
        assert live.position(connection) == 1
        stopped = connection.execute(live.sql("select stopped_by from {r}.position")).fetchall()
        assert "organization.renamed" in stopped[0][0]
        with pytest.raises(Stopped):
            read_side(keeper).rebuild(connection)
    assert live.advance(connection) == 2
    assert connection.execute(live.sql("select stopped_by from {r}.position")).fetchall() == [(None,)]


# --- connections that break


def test_a_batch_is_folded_whole_or_not_at_all(keeper: Keeper, connection: Connection) -> None:
    live = built(keeper, connection)
    keeper.register("AU")
    before = tables(live, connection)
    failures: list[Exception] = []

    def advance(doomed: Connection) -> None:
        try:
            live.advance(doomed)
        except psycopg.OperationalError as e:
            failures.append(e)

    with keeper.owner() as doomed, connection.transaction():
        connection.execute(live.sql("lock table {r}.draft in share mode"))  # the batch's last table but one waits
        thread = threading.Thread(target=advance, args=(doomed,))
        thread.start()
        blocked = "select from pg_locks where pid = %s and not granted"
        until(lambda: bool(connection.execute(blocked, (doomed.info.backend_pid,)).fetchall()))
        connection.execute("select pg_terminate_backend(%s)", (doomed.info.backend_pid,))
        thread.join()
    assert len(failures) == 1
    assert tables(live, connection) == before
    assert live.position(connection) == 0
    caught_up(live, connection)
    assert tables(live, connection) == tables(built(keeper, connection), connection)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Look again and again until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"


class Running:
    """A projector that runs, and how far it says the rows have come."""

    def __init__(self, url: str, side: ReadSide) -> None:
        self.watermark = Watermark()
        self.projector = Projector(url, side, on_advance=self.watermark.advance, on_epoch=self.watermark.enter_epoch)

    def reaches(self, position: int) -> bool:
        return self.watermark.wait(position, 20)


@contextmanager
def running(keeper: Keeper, side: ReadSide, *urls: str) -> Iterator[list[Running]]:
    started = [Running(url, side) for url in urls or (keeper.compact.database_url(),)]
    for one in started:
        one.projector.start()
    try:
        yield started
    finally:
        for one in started:
            one.projector.stop()


def test_a_projector_builds_hears_and_tells(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "POLL", 60.0)  # so that it is told, and does not only happen to look
    keeper.register("AU")
    with running(keeper, read_side(keeper)) as [one]:
        assert one.reaches(1)
        for position in (2, 3, 4):
            keeper.rename("AU", f"Union {position}")  # nobody rings: it hears of it from the database
            assert one.reaches(position)
        assert one.projector.is_leader


def test_of_projectors_that_start_together_one_leads_and_all_tell(keeper: Keeper) -> None:
    keeper.register("AU")
    side = read_side(keeper)
    with running(keeper, side, *[keeper.compact.database_url()] * 3) as started:
        assert all(one.reaches(1) for one in started)
        keeper.rename("AU", "Union")
        assert all(one.reaches(2) for one in started)
        assert [one.projector.is_leader for one in started].count(True) == 1
        with keeper.owner() as connection:
            assert tables(side, connection) == tables(built(keeper, connection), connection)


def test_a_standby_takes_over_when_the_leader_is_cut_off(keeper: Keeper, folder: Path) -> None:
    side, straight = read_side(keeper), keeper.compact.database_url()
    with Link(straight, folder) as link, running(keeper, side, link.url) as [first]:
        assert first.reaches(0)
        with running(keeper, side, straight) as [second]:
            keeper.register("AU")
            assert second.reaches(1)
            assert (first.projector.is_leader, second.projector.is_leader) == (True, False)
            link.cut()
            keeper.rename("AU", "Union")
            assert second.reaches(2)
            assert second.projector.is_leader
            assert first.watermark.position < 2


def test_a_projector_goes_on_after_its_connection_was_lost(keeper: Keeper) -> None:
    side = read_side(keeper)
    with running(keeper, side) as [one], keeper.owner() as connection:
        assert one.reaches(0)
        holder = "select pid from pg_locks where locktype = 'advisory' and objid = 2 and granted"
        for n in range(2):
            connection.execute(f"select pg_terminate_backend(pid) from ({holder}) h").fetchall()  # noqa: S608
            keeper.register(f"ORG-{n}")
            assert one.reaches(n + 1)
        assert tables(side, connection) == tables(built(keeper, connection), connection)


def test_a_projector_that_cannot_build_says_why_and_goes_on_once_it_can(
    keeper: Keeper, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.register("AU")
    side = read_side(keeper)
    with monkeypatch.context() as earlier:
        earlier.delitem(KINDS, "organization.registered")
        with running(keeper, side) as [one]:
            until(lambda: one.projector.stopped_by is not None)
            assert "organization.registered" in (one.projector.stopped_by or "")
            assert one.watermark.position == -1
            earlier.undo()
            assert one.reaches(1)
            until(lambda: one.projector.stopped_by is None)


def test_rows_built_anew_beside_a_projector_are_told_as_an_epoch(keeper: Keeper, connection: Connection) -> None:
    keeper.register("AU")
    side = read_side(keeper)
    with running(keeper, side) as [one]:
        assert one.reaches(1)
        side.replace(connection)
        until(lambda: one.watermark.epoch == 2)
        keeper.rename("AU", "Union")
        assert one.reaches(2)
    assert tables(side, connection) == tables(built(keeper, connection), connection)


# --- generations


def test_two_generations_stand_side_by_side(keeper: Keeper, connection: Connection) -> None:
    keeper.register("AU")
    old, new = built(keeper, connection, Drafts), built(keeper, connection, Directory)
    keeper.rename("AU", "Union")
    caught_up(new, connection)
    assert (old.position(connection), new.position(connection)) == (1, 2)
    assert [row[3] for row in table(new, connection, "organization") if row[-1] == FOREVER] == ["Union"]
    caught_up(old, connection)
    assert tables(old, connection)["trail"] == tables(new, connection)["trail"]


CODE = '''"""What it is."""
def fold(row):
    """How it does it."""
    # why it does
    return row + 1
'''


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (CODE.replace("How it does it.", "Otherwise said."), True),
        (CODE.replace('    """How it does it."""\n', ""), True),
        (CODE.replace("# why it does", "# because"), True),
        (CODE.replace("row + 1", "(row\n  + 1)"), True),
        (CODE + 'LIMIT = 1\n"""Why there is one."""\n', False),
        (CODE.replace("row + 1", "row + 2"), False),
        (CODE.replace("fold", "unfold"), False),
    ],
)
def test_a_generation_is_named_after_its_code_alone(changed: str, same: bool) -> None:
    assert (fingerprint([("a.py", changed)]) == fingerprint([("a.py", CODE)])) is same


def test_said_after_a_value_is_said_only() -> None:
    with_prose, without = 'LIMIT = 1\n"""Why there is one."""\n', "LIMIT = 1\n"
    assert fingerprint([("a.py", with_prose)]) == fingerprint([("a.py", without)])
    assert fingerprint([("a.py", without)]) != fingerprint([("b.py", without)])
    assert len(generation()) == 12


def test_a_service_that_only_answers_follows_the_rows_of_another(
    new_settings: Callable[..., Settings],
) -> None:
    settings_ = new_settings()
    worker, reader = Compact(settings_), Compact(settings_.model_copy(update={"roles": "api"}))
    worker.start()
    try:
        reader.start()
        try:
            position = Keeper(reader).register("AU").position
            assert reader.watermark.wait(position, 20)
            assert worker.watermark.wait(position, 20)
        finally:
            reader.stop()
    finally:
        worker.stop()

"""Asking: the read side at one moment, through one connection, as one viewer may see it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from compact_domain.kernel import MomentRefused, PersonDetails
from compact_domain.policy import Own
from compact_projections.kit import FOREVER, Row, columns, row_of
from compact_projections.trail import TRAIL_COLUMNS, TrailRow

R = TypeVar("R", bound=Row)

AT_ONCE = 10_000
"""Rows of a table that are fetched at once; where there are more, the rest follows."""


@dataclass
class Clock:
    """What an answer has taken from the clock, so that no cache keeps it beyond the instant at which it flips."""

    read: bool = False
    """The clock itself was read: the answer holds for this instant only."""
    flips_at: datetime | None = None
    """The first instant at which something in the answer changes without any fact."""

    def flips(self, instant: datetime) -> None:
        """Say that something changes at an instant."""
        if self.flips_at is None or instant < self.flips_at:
            self.flips_at = instant


class Moment:
    """What an answer is as of: a position, and the clock that everything which depends on time is held against.

    The clock is that of the database for a live answer, and the instant asked for (or that of the position) in one
    of the past; never the wall clock of this process. Ask `is_past` and `today` where they do: a live answer is then
    known to hold until they flip. `now` is the instant itself, and a live answer that holds it is never kept.
    """

    def __init__(self, *, position: int, now: datetime, live: bool, clock: Clock | None = None) -> None:
        self.position, self.live, self._now = position, live, now
        self.clock = clock or Clock()

    @property
    def now(self) -> datetime:
        """The instant of the answer."""
        self.clock.read = self.clock.read or self.live
        return self._now

    @property
    def today(self) -> date:
        """The day of the answer, in UTC."""
        if self.live:
            self.clock.flips(
                self._now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            )
        return self._now.astimezone(UTC).date()

    def is_past(self, instant: datetime) -> bool:
        """Whether an instant lies before that of the answer: a deadline that is over, a term that has ended."""
        past = self._now > instant
        if self.live and not past:
            self.clock.flips(instant)
        return past

    @property
    def recorded_until(self) -> datetime:
        """The instant up to which records count. Later ones come with a fact, so that no answer flips by it alone."""
        return self._now

    def has_come(self, instant: datetime) -> bool:
        """Whether history has come as far as an instant: what lies later cannot be asked for."""
        return instant <= self._now


@dataclass(frozen=True)
class Condition:
    """A condition on a column: `eq`, `in`, `contains` (text: part of it; list: one of its items), `from`, `to`."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Order:
    """A column to order by. `nullable` columns have their blanks last, in either direction."""

    column: str
    descending: bool = False
    nullable: bool = False


_OPERATORS: Mapping[str, LiteralString] = {
    "eq": "{c} = {v}",
    "ne": "{c} is distinct from {v}",
    "in": "{c} = any({v})",
    "contains": "{c} ilike {v}",
    "has": "{c} @> array[{v}]",
    "overlaps": "{c} && {v}",
    "from": "{c} >= {v}",
    "to": "{c} <= {v}",
    "is_null": "({c} is null) = {v}",
}


Where = Condition | sql.Composed
"""A condition on rows: on one column, or one of a read model's own over several tables, in which `t` is the row."""


def _condition(condition: Where) -> sql.Composed:
    if isinstance(condition, sql.Composed):
        return condition
    value = condition.value
    if condition.operator == "contains":
        value = "%" + str(value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if condition.operator in ("in", "overlaps"):
        value = list(value)
    return sql.SQL(_OPERATORS[condition.operator]).format(c=sql.Identifier(condition.column), v=sql.Literal(value))


def _complete(row: type[Row], order: Sequence[Order]) -> list[Order]:
    """An order that no two rows share a place in."""
    return [*order, *([] if any(o.column == row.KEY for o in order) else [Order(row.KEY)])]


def _beyond(order: Sequence[Order], values: Sequence[Any]) -> sql.Composed:
    """Rows that come after the one whose order values are given: the keyset of the next page."""
    column, value, rest = order[0], values[0], order[1:]
    c = sql.Identifier(column.column)
    if value is None:
        later: sql.Composable = sql.SQL("false")
        same: sql.Composable = sql.SQL("{} is null").format(c)
    else:
        sign = sql.SQL("<" if column.descending else ">")
        later = sql.SQL("{} {} {}").format(c, sign, sql.Literal(value))
        if column.nullable:
            later = sql.SQL("({} or {} is null)").format(later, c)
        same = sql.SQL("{} = {}").format(c, sql.Literal(value))
    if not rest:
        return sql.SQL("{}").format(later)
    further = sql.SQL("({} or ({} and {}))").format(later, same, _beyond(rest, values[1:]))
    if value is None or column.nullable:
        return further
    start = sql.SQL("<=" if column.descending else ">=")  # implied, and what an index can begin at
    return sql.SQL("({} {} {} and {})").format(c, start, sql.Literal(value), further)


async def carry_through(work: Coroutine[Any, Any, None]) -> None:
    """Await work that must not be broken off half-way: whoever waits may be cancelled, the work goes on."""
    task = asyncio.ensure_future(work)
    _carried.add(task)
    task.add_done_callback(_carried.discard)
    await asyncio.shield(task)


_carried: set[asyncio.Future[None]] = set()
"""What is being carried through: the event loop alone would let go of it."""


class Lease:
    """A connection lent to one operation: one statement at a time, none broken off, none once it was given back.

    Fields of an operation that are cancelled, and loaders nobody waits for any more, cannot harm the others, nor
    whoever is lent the connection next.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection
        self._turn = asyncio.Lock()
        self._ended = False

    async def rows(self, statement: sql.Composed, params: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
        return await asyncio.shield(self._rows(statement, params))

    async def _rows(self, statement: sql.Composed, params: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
        async with self._turn:
            if self._ended:
                raise RuntimeError("the operation has ended")
            cursor = self.connection.cursor(row_factory=tuple_row)
            await cursor.execute(statement, params)
            return await cursor.fetchall()

    async def end(self) -> None:
        """Wait for the statement that runs, and let no other begin."""
        async with self._turn:
            self._ended = True


class Asking:
    """Answers questions about rows as of one moment. `inside`: the viewer sees what is not announced yet.

    `own` says for whom the viewer asks, of rows that are not for everybody; None: for everybody. `private` are the
    kinds of facts that only those are told of who see the row of their aggregate, or none of the confined at all.
    All questions of one operation go through one connection in one read-only snapshot, so that an answer has one
    position and its pages do not shift.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        schema: str,
        events: str,
        moment: Moment,
        private: Mapping[str, type[Row] | None],
        inside: bool = False,
        own: Own | None = None,
    ) -> None:
        self.lease, self.schema, self.events = lease, schema, events
        self.moment, self.private, self.inside, self.own = moment, private, inside, own
        self.is_kept = False
        """Whether its statements are kept, to be asked again at other positions by others who see as much."""

    def at(self, moment: Moment) -> Asking:
        """The same viewer at another moment."""
        return self._as(moment, inside=self.inside, own=self.own)

    def seen_by(self, *, inside: bool, own: Own | None) -> Asking:
        """The same moment for another viewer."""
        return self._as(self.moment, inside=inside, own=own)

    def for_keeping(self) -> Asking:
        """The same, for a statement that is kept: it names its position, and whose view it is, by `parameters`."""
        keeping = self._as(self.moment, inside=self.inside, own=self.own)
        keeping.is_kept = True
        return keeping

    @property
    def view(self) -> tuple[object, ...]:
        """All that a kept statement rests on besides its parameters."""
        own = self.own and (bool(self.own.organizations), bool(self.own.persons))
        return self.schema, self.moment.live, self.inside, own

    @property
    def parameters(self) -> dict[str, Any]:
        """What a kept statement is asked with."""
        own = self.own or Own()
        return {
            "position": self.moment.position,
            "own_organizations": sorted(own.organizations),
            "own_persons": sorted(own.persons),
            "spoken_for": sorted(own.speaks_for),
        }

    @property
    def position(self) -> sql.Composed:
        """The position, as it stands in a statement."""
        return self._parameter("position", "int8")

    def _parameter(self, name: str, kind: LiteralString) -> sql.Composed:
        value = sql.Placeholder(name) if self.is_kept else sql.Literal(self.parameters[name])
        return sql.SQL("{}::{}").format(value, sql.SQL(kind))

    def _as(self, moment: Moment, *, inside: bool, own: Own | None) -> Asking:
        return Asking(
            self.lease,
            schema=self.schema,
            events=self.events,
            moment=moment,
            private=self.private,
            inside=inside,
            own=own,
        )

    def compose(self, statement: LiteralString, **parts: sql.Composable) -> sql.Composed:
        """A statement with `{r}` for the schema of the rows, `{s}` for the event store's, and parts by name."""
        return sql.SQL(statement).format(r=sql.Identifier(self.schema), s=sql.Identifier(self.events), **parts)

    def stands(self, alias: LiteralString = "t") -> sql.Composed:
        """The predicate of a version that stands at the moment, for this viewer."""
        until = sql.SQL("until" if self.inside else "open_until")
        t, p = sql.SQL(alias), self.position
        return sql.SQL("({t}.since <= {p} and {t}.{until} > {p})").format(t=t, p=p, until=until)

    def shows(self, row: type[Row], alias: LiteralString = "t") -> sql.Composed:
        """The predicate of a row that stands at the moment, for this viewer; of a part, if its thing shows it."""
        stands = self.stands(alias) if row.OWNERS is None or self.own is None else self._owned(row, alias)
        if self.own is not None and (row.CONFINED or row.TELLS_OF):
            stands = self.such([stands, *self._known(row, alias, self.own)])
        if self.inside or not row.PART_OF:
            return stands
        return self.compose(
            "({stands} and exists (select from {r}.{whole} whole where whole.id = {t}.{whole} and {shown}"
            " and whole.version >= {t}.version))",
            stands=stands,
            whole=sql.Identifier(row.PART_OF),
            t=sql.SQL(alias),
            shown=self.stands("whole"),
        )

    def _known(self, row: type[Row], alias: LiteralString, own: Own) -> Iterator[sql.Composed]:
        """The predicates of a row that a viewer may know of, and of all that it tells of."""
        if row.CONFINED:
            yield self._confined(row, alias, own)
        for column, thing in row.TELLS_OF.items():
            yield self.compose(
                "exists (select from {r}.{table} told where told.{key} = {t}.{column} and {shown})",
                table=sql.Identifier(thing.TABLE),
                key=sql.Identifier(thing.KEY),
                t=sql.SQL(alias),
                column=sql.Identifier(column),
                shown=self.shows(thing, "told"),
            )

    def _confined(self, row: type[Row], alias: LiteralString, own: Own) -> sql.Composed:
        """The predicate of a row that a viewer may know of: as it is now, also where it is asked how it was."""
        known = sql.SQL("({t}.{c} is null or {t}.{c} && {mine})")
        column, mine = sql.Identifier(row.CONFINED), self._parameter("spoken_for", "text[]")
        if self.moment.live:
            return known.format(t=sql.SQL(alias), c=column, mine=mine)
        return self.compose(
            "exists (select from {r}.{table} now where now.{key} = {t}.{key} and now.until = {forever} and {known})",
            table=sql.Identifier(row.TABLE),
            key=sql.Identifier(row.KEY),
            t=sql.SQL(alias),
            forever=sql.Literal(FOREVER),
            known=known.format(t=sql.SQL("now"), c=column, mine=mine),
        )

    def meeting(self, row: type[Row], where: Iterable[Where]) -> sql.Composed:
        """The predicate of the rows, under the alias `t`, that stand and meet the conditions."""
        return sql.SQL(" and ").join([self.shows(row), *(_condition(c) for c in where)])

    def such(self, where: Iterable[Where]) -> sql.Composed:
        """The predicate that conditions on a row `t` make together, for a statement of one's own."""
        conditions: list[sql.Composable] = [_condition(condition) for condition in where]
        return sql.SQL(" and ").join(conditions or [sql.SQL("true")])

    def _owned(self, row: type[Row], alias: LiteralString) -> sql.Composed:
        """The predicate of a row that stands, and is the viewer's own."""
        own = self.own or Own()
        organization, person = row.OWNERS or ("", "")
        owners = [
            (organization, own.organizations, self._parameter("own_organizations", "text[]")),
            (person, own.persons, self._parameter("own_persons", "uuid[]")),
        ]
        mine: list[sql.Composable] = [
            sql.SQL("{}.{} = any({})").format(sql.SQL(alias), sql.Identifier(column), whose)
            for column, some, whose in owners
            if column and some
        ]
        return sql.SQL("({} and ({}))").format(self.stands(alias), sql.SQL(" or ").join(mine or [sql.SQL("false")]))

    async def rows(self, statement: sql.Composed, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Records of a statement of one's own; it must hold `stands()` for every versioned table it names."""
        return await self.lease.rows(statement, params)

    async def page(
        self,
        row: type[R],
        *,
        where: Iterable[Where] = (),
        order: Sequence[Order] = (),
        after: Sequence[Any] | None = None,
        limit: int,
    ) -> list[R]:
        """The next `limit` rows in an order that the row's key completes, beyond the values of `after`."""
        complete = _complete(row, order)
        conditions = [self.meeting(row, where)]
        if after is not None:
            conditions.append(_beyond(complete, after))
        names = list(columns(row))
        by = sql.SQL(", ").join(
            sql.SQL("{} {}{}").format(
                sql.Identifier(o.column),
                sql.SQL("desc" if o.descending else "asc"),
                sql.SQL(" nulls last" if o.nullable and o.descending else ""),
            )
            for o in complete
        )
        records = await self.rows(
            self.compose(
                "select {columns} from {r}.{table} t where {conditions} order by {by} limit {limit}",
                columns=sql.SQL(", ").join(map(sql.Identifier, names)),
                table=sql.Identifier(row.TABLE),
                conditions=sql.SQL(" and ").join(conditions),
                by=by,
                limit=sql.Literal(limit),
            )
        )
        return [row_of(row, names, record) for record in records]

    async def all(self, row: type[R], *where: Where, order: Sequence[Order] = (), limit: int | None = None) -> list[R]:
        """All rows that meet the conditions, in order; the first of them if a limit is given."""
        if limit is not None:
            return await self.page(row, where=where, order=order, limit=limit)
        found: list[R] = []
        after: list[Any] | None = None
        while len(more := await self.page(row, where=where, order=order, after=after, limit=AT_ONCE)) == AT_ONCE:
            found += more
            after = [getattr(more[-1], o.column) for o in _complete(row, order)]
        return [*found, *more]

    async def one(self, row: type[R], column: str, value: Any) -> R | None:
        """The row whose column has a value that is unique to it; None where there is none to be seen."""
        found = await self.page(row, where=[Condition(column, "eq", value)], limit=1)
        return found[0] if found else None

    async def many(self, row: type[R], column: str, values: Sequence[Any]) -> list[R]:
        """All rows whose column has one of the values: for loaders that ask for many things at once."""
        return await self.all(row, Condition(column, "in", values))

    async def count(self, row: type[R], where: Iterable[Where] = ()) -> int:
        """How many rows meet the conditions."""
        records = await self.rows(
            self.compose(
                "select count(*) from {r}.{table} t where {conditions}",
                table=sql.Identifier(row.TABLE),
                conditions=self.meeting(row, where),
            )
        )
        return cast("int", records[0][0])

    async def trail(
        self,
        *,
        where: Iterable[Where] = (),
        after: int | None = None,
        newest_first: bool = False,
        limit: int,
    ) -> list[TrailRow]:
        """Facts of the trail up to the moment, beyond a position, in the order they were recorded or against it."""
        conditions = [self._told(), *(_condition(c) for c in where)]
        if after is not None:
            sign = sql.SQL("<" if newest_first else ">")
            conditions.append(sql.SQL("position {} {}").format(sign, sql.Literal(after)))
        records = await self.rows(
            self.compose(
                "select {columns} from {r}.trail t where {conditions} order by position {direction} limit {limit}",
                columns=sql.SQL(", ").join(map(sql.Identifier, TRAIL_COLUMNS)),
                conditions=sql.SQL(" and ").join(conditions),
                direction=sql.SQL("desc" if newest_first else "asc"),
                limit=sql.Literal(limit),
            )
        )
        return [TrailRow(**dict(zip(TRAIL_COLUMNS, (_tuple(v) for v in record), strict=True))) for record in records]

    async def trail_count(self, where: Iterable[Where] = ()) -> int:
        """How many facts of the trail meet the conditions."""
        conditions = [self._told(), *(_condition(c) for c in where)]
        records = await self.rows(
            self.compose(
                "select count(*) from {r}.trail t where {conditions}", conditions=sql.SQL(" and ").join(conditions)
            )
        )
        return cast("int", records[0][0])

    async def touched(self, *, since: int, after: int, limit: int) -> list[tuple[UUID, str, int]]:
        """Aggregates with facts after a position, up to the moment, in the order each was first touched.

        With kind, and position of the first such fact; those first touched beyond `after`.
        """
        found = await self.rows(
            self.compose(
                "select subject, min(kind), min(position) from {r}.trail t where {told} and position > {since}"
                " group by subject having min(position) > {after} order by min(position) limit {limit}",
                told=self._told(),
                since=sql.Literal(since),
                after=sql.Literal(after),
                limit=sql.Literal(limit),
            )
        )
        return cast("list[tuple[UUID, str, int]]", found)

    async def touched_count(self, *, since: int) -> int:
        """How many aggregates have facts after a position, up to the moment."""
        found = await self.rows(
            self.compose(
                "select count(distinct subject) from {r}.trail t where {told} and position > {since}",
                told=self._told(),
                since=sql.Literal(since),
            )
        )
        return cast("int", found[0][0])

    async def moment_named(self, *, time: datetime | None = None, position: int | None = None) -> Moment:
        """The moment that a time or a position names: the last fact at or before it.

        `MomentRefused`: before the first fact, later than the clock of the answer, or a position that no fact has.
        """
        if position is not None:
            found = await self.rows(
                self.compose(
                    "select position, recorded_at from {r}.trail where position = {p}", p=sql.Literal(position)
                )
            )
            if not found or position > self.moment.position:
                raise MomentRefused(moment_code="POSITION_UNKNOWN")
            return Moment(position=position, now=found[0][1], live=False)
        if time is None or not self.moment.has_come(time):
            raise MomentRefused(moment_code="MOMENT_IN_FUTURE")
        found = await self.rows(
            self.compose(
                "select position from {s}.event where recorded_at <= {t} and position <= {p}"
                " order by recorded_at desc, position desc limit 1",
                t=sql.Literal(time),
                p=sql.Literal(self.moment.position),
            )
        )
        if not found:
            raise MomentRefused(moment_code="MOMENT_BEFORE_HISTORY")
        return Moment(position=found[0][0], now=time, live=False)

    def _told(self) -> sql.Composed:
        column = sql.SQL("position" if self.inside else "open_since")
        told: list[sql.Composable] = [sql.SQL("t.{} <= {}").format(column, sql.Literal(self.moment.position))]
        for kind, row in self.private.items() if self.own is not None else ():
            told.append(
                sql.SQL("(t.kind <> {} or {})").format(
                    sql.Literal(kind), self._is_seen(row) if row else sql.SQL("false")
                )
            )
        return sql.SQL(" and ").join(told)

    def _is_seen(self, row: type[Row]) -> sql.Composed:
        """The predicate of a fact of the trail that tells of a row which this viewer sees."""
        return self.compose(
            "exists (select from {r}.{table} seen where seen.{key} = t.subject and {shown})",
            table=sql.Identifier(row.TABLE),
            key=sql.Identifier(row.KEY),
            shown=self.shows(row, "seen"),
        )

    async def details(self, subjects: Sequence[UUID]) -> dict[UUID, PersonDetails]:
        """Details of persons as the vault had them at the moment, vouched for; the erased are absent."""
        records = await self.rows(
            sql.SQL(
                "select distinct on (subject) subject, name, email, phone, title, needs from {v}.person"
                " where subject = any(%(subjects)s) and vouched and (%(live)s or recorded_at <= %(now)s)"
                " order by subject, version desc"
            ).format(v=sql.Identifier(f"{self.events}_vault")),
            {"subjects": list(subjects), "live": self.moment.live, "now": self.moment.recorded_until},
        )
        return {
            subject: PersonDetails(name=name, email=email, phone=phone, title=title, needs=needs)
            for subject, name, email, phone, title, needs in records
        }

    async def details_as(self, hashes: Sequence[str]) -> dict[str, PersonDetails]:
        """Details as they were stated with a fact, by the hash it keeps of them; the erased are absent."""
        records = await self.rows(
            sql.SQL(
                "select hash, name, email, phone, title, needs from {v}.person where hash = any(%(hashes)s)"
            ).format(v=sql.Identifier(f"{self.events}_vault")),
            {"hashes": list(hashes)},
        )
        return {
            hash: PersonDetails(name=name, email=email, phone=phone, title=title, needs=needs)
            for hash, name, email, phone, title, needs in records
        }

    async def wrapped_keys(self, whose: Iterable[tuple[UUID, int]]) -> dict[tuple[UUID, int], bytes]:
        """Wrapped keys of the vault, by subject and version; erased ones are absent."""
        subjects = list({subject for subject, _ in whose})
        records = await self.rows(
            sql.SQL("select subject, version, wrapped from {v}.key where subject = any(%(subjects)s)").format(
                v=sql.Identifier(f"{self.events}_vault")
            ),
            {"subjects": subjects},
        )
        return {(subject, version): bytes(wrapped) for subject, version, wrapped in records}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

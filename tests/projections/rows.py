"""Given facts, then rows: the grammar of every test of a read model. No database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self
from uuid import UUID

import msgspec

from compact_domain.kernel import Aggregate, Fact
from compact_projections.kit import ReadModel, Recorded, Row, Shelf, fold
from tests.domain.scenario import Said


class Rows:
    """What read models remember of the facts they were given, which each count one position, from 1."""

    def __init__(self, *models: type[ReadModel[Any]]) -> None:
        self.shelves = {model: Shelf(model()) for model in models}
        self.position = 0
        self._versions: dict[UUID, int] = {}

    def given(self, kind: type[Aggregate], *facts: Said, id: UUID | None = None) -> Self:
        """Facts of one aggregate, each written to JSON and read back; more of them go on with its history."""
        id = id or kind.identify("TEST")
        for fact in facts:
            self._versions[id] = self._versions.get(id, 0) + 1
            stamped = fact.stamped(id, self._versions[id], kind.topic())
            self.fold(msgspec.json.decode(msgspec.json.encode(stamped), type=type(stamped)))
        return self

    def fold(self, fact: Fact) -> bool:
        """Fold one fact at the next position; answers whether it is withheld."""
        self.position += 1
        at = Recorded(
            position=self.position,
            recorded_at=fact.timestamp + timedelta(milliseconds=1),
            event_id=UUID(int=self.position),
        )
        return fold(self.shelves.values(), fact, at)

    def of(self, model: type[ReadModel[Any]], position: int | None = None) -> list[Any]:
        """The rows that stand, now or at a position, in the order they began."""
        at = self.position if position is None else position
        versions = self.shelves[model].versions()
        return [v.row for v in sorted(versions, key=lambda v: v.since) if v.since <= at < v.until]

    def one(self, model: type[ReadModel[Any]], position: int | None = None) -> Any:
        """The only row that stands."""
        (row,) = self.of(model, position)
        return row


def shown(row: Row, *names: str) -> tuple[Any, ...]:
    """Some values of a row."""
    return tuple(getattr(row, name) for name in names)

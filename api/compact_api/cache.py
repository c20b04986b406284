"""Answers that are known already: the same question of the same viewer, while history stands and nothing flips."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from strawberry.schema import BaseSchema
from strawberry.types import ExecutionResult

from compact_projections.asking import Clock

from .context import Context, Platform

GREATEST = 1_000
"""Answers kept at a time."""


@dataclass(frozen=True)
class Answer:
    """Data that a query was answered with, and the instant at which something in it changes by the clock alone."""

    data: dict[str, Any]
    extensions: dict[str, Any]
    flips_at: datetime | None


class Answers:
    """Answers by question, viewer and mark of the read side. The newest stay; a new mark leaves the old ones behind."""

    def __init__(self, greatest: int = GREATEST) -> None:
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._greatest = greatest

    def get(self, key: Hashable, now: datetime) -> Answer | None:
        """The answer known for a key, unless something in it has flipped by `now`."""
        known = self._kept.get(key)
        if known is None or (known.flips_at is not None and known.flips_at <= now):
            return None
        self._kept.move_to_end(key)
        return known

    def put(self, key: Hashable, data: dict[str, Any], extensions: dict[str, Any], clock: Clock | None) -> None:
        """Keep an answer, unless it holds the clock itself."""
        if clock is None or clock.read:
            return
        self._kept[key] = Answer(data, extensions, clock.flips_at)
        self._kept.move_to_end(key)
        while len(self._kept) > self._greatest:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Know nothing."""
        self._kept.clear()


class Remembering:
    """Runs operations, and answers again what it has answered the same viewer while history stood.

    The key holds the question, its variables, who asks, and the mark of the read side: generation, epoch, position.
    """

    def __init__(self, schema: BaseSchema, platform: Platform) -> None:
        self.schema, self.platform, self.answers = schema, platform, Answers()

    async def execute(self, query: str, *, context_value: Context, **more: Any) -> ExecutionResult:
        """As `Schema.execute`; the context is closed when the operation has ended, however it has."""
        try:
            return await self._answer(query, context_value, more)
        finally:
            await context_value.close()

    async def _answer(self, query: str, context: Context, more: dict[str, Any]) -> ExecutionResult:
        who = context.identity
        mark = self.platform.mark()
        key = (query, more.get("operation_name"), _canonical(more.get("variable_values")), who, mark)
        if who is not None and (known := self.answers.get(key, self.platform.clock())):
            return ExecutionResult(data=known.data, errors=None, extensions=known.extensions)
        result = await self.schema.execute(query, context_value=context, **more)
        asked_only = who is not None and not context.commanded
        if asked_only and result.data is not None and not result.errors and self.platform.mark() == mark:
            self.answers.put(key, result.data, result.extensions or {}, context.clock)
        return result


def _canonical(variables: dict[str, Any] | None) -> bytes:
    return msgspec.json.encode(variables or {}, order="sorted")

"""What `compact bench` measures of joint planning: coverage and overlaps, over initiatives spread as they are."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

from compact_domain.catalogue import GLOBAL, EntryKind, seeds
from compact_domain.finding import Status
from compact_domain.initiative import Geography, Initiative, Visibility
from compact_domain.kernel import Actor, Channel, Command, Fact, Role, RoleHeld
from compact_infra.compact import Compact

OFFICER = Actor(id=UUID(int=7), organization="UNOCT", roles=(RoleHeld(role=Role.SECRETARIAT_OFFICER),))
LEADS = 40
"""Organizations that lead initiatives."""
YEARS = 10


def load_initiatives(compact: Compact, count: int, *, seed: int = 1) -> None:
    """So many initiatives over all regions and working groups of the catalogue: one to three regions, one or two
    fields, six to 36 months within ten years, most of them at work; every fifth is confined to its lead."""
    chance = random.Random(seed)
    now = compact.store.now()
    batch: list[Fact] = []
    for number in range(count):
        batch += _initiative(f"INI-{seed}-{number:05d}", chance, now)
        if len(batch) >= 500 or number == count - 1:
            with compact.store.attempt() as attempt:
                attempt.append(
                    batch,
                    actor=OFFICER.id,
                    command_id=uuid4(),
                    request=b"x" * 32,
                    subject=batch[0].originator_id,
                    version=1,
                )
            batch = []
    compact.settle(300)


def _initiative(code: str, chance: random.Random, now: datetime) -> list[Fact]:
    cmd = Command(name="bench.save", id=uuid4(), by=OFFICER, now=now, channel=Channel.CLI)
    within = _within()
    regions: list[str] = []
    for region in chance.sample(sorted(within.keys() - {GLOBAL}), chance.randint(1, 3)):
        if not any(region in within[other] or other in within[region] for other in regions):
            regions.append(region)
    first = chance.randrange(12 * YEARS - 6)
    last = first + chance.randint(6, 36) - 1
    it = Initiative.register(
        code=code,
        title=f"Joint training {code}",
        lead=f"BENCH-{chance.randrange(LEADS)}",
        regions=regions,
        countries=(),
        working_groups=chance.sample(_working_groups(), chance.randint(1, 2)),
        clauses=(),
        starts_on=date(now.year + first // 12, first % 12 + 1, 1),
        ends_on=date(now.year + (last + 1) // 12, (last + 1) % 12 + 1, 1) - timedelta(days=1),
        budget=None,
        source=None,
        programme=None,
        visibility=Visibility.RESTRICTED if chance.random() < 0.2 else Visibility.COMPACT,
        requested_by=None,
        geography=Geography(regions=within, countries={}),
        cmd=cmd,
    )
    for status in (Status.IMPLEMENTATION, Status.FINALISATION)[: chance.choice((0, 1, 1, 2))]:
        it.change_status(status=status, cmd=cmd)
    return cast("list[Fact]", it.pending_events)


def _within() -> dict[str, frozenset[str]]:
    """Each region of this release's catalogue with those it lies in, itself included."""
    parents = {seed["code"]: seed["parent"] for seed in seeds() if seed["kind"] is EntryKind.REGION}
    within = {}
    for code in parents:
        line, step = [], cast("str | None", code)
        while step is not None:
            line.append(step)
            step = parents[step]
        within[code] = frozenset(line)
    return within


def _working_groups() -> list[str]:
    return [seed["code"] for seed in seeds() if seed["kind"] is EntryKind.WORKING_GROUP]

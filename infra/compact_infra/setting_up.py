"""What a new database is given before anybody can act: catalogues, the first administrator, development identities."""

from __future__ import annotations

from functools import partial
from uuid import UUID, uuid5

import msgspec

from compact_api.context import Identity
from compact_domain.catalogue import Catalogue, Entry, Seed, seeds
from compact_domain.kernel import NAMESPACE, Channel, Intent, Receipt, Role, RuleViolation, Work
from compact_domain.role import SCOPED_BY_BODY, SCOPED_BY_ORGANIZATION, Roles
from compact_infra.commander import Commander, Decision
from compact_infra.identity import SET_UP, development_subject


def load_catalogues(commander: Commander) -> int:
    """Take the entries of this release's data files into the catalogues; answers how many were new."""
    new = 0
    for seed in seeds():
        with commander.store.attempt() as attempt:
            if attempt.load(Entry, Entry.key(seed["kind"], seed["code"])):
                continue
        _give(
            commander,
            "catalogue.add_entry",
            f"{seed['kind']}:{seed['code']}",
            partial(_add_entry, seed),
        )
        new += 1
    return new


def _add_entry(seed: Seed, work: Work) -> Entry:
    return Catalogue(work).add_entry(**seed)


def bootstrap(commander: Commander, *, once: bool = False) -> Identity:
    """The first administrator of a database: always the same. `RuleViolation` where there is another one.

    With `once` also where this one was named before: a token for it is handed out a single time.
    """
    subject = uuid5(NAMESPACE, f"first-administrator:{_installation(commander)}")
    receipt = _give(commander, "role.bootstrap", str(subject), lambda work: Roles(work).bootstrap(subject))
    if once and receipt.replayed:
        raise RuleViolation("role.bootstrap")
    return Identity(subject=subject)


def development_identity(commander: Commander, role: Role, organization: str | None) -> Identity:
    """Somebody who holds a role, for development and demonstrations; the role is granted as a fact if need be.

    The scope of a chair is a body, given in place of the organization as `BODY@ORGANIZATION`.
    """
    if role is Role.SECRETARIAT_ADMINISTRATOR and organization is None:
        return bootstrap(commander)
    scope = None
    own = organization
    if organization and "@" in organization:
        scope, _, own = organization.partition("@")
    elif role in SCOPED_BY_ORGANIZATION:
        scope = organization
    elif role in SCOPED_BY_BODY:
        scope, own = organization, organization
    subject = development_subject(role.value, organization)
    _give(
        commander,
        "role.grant",
        f"development:{subject}",
        lambda work: Roles(work).grant(subject, role=role, scope=scope, organization=own),
    )
    return Identity(subject=subject, organization=own)


def _installation(commander: Commander) -> UUID:
    with commander.store.pool.connection() as connection:
        row = connection.execute(commander.store.sql("select id from {s}.installation")).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def _give(commander: Commander, name: str, about: str, decision: Decision) -> Receipt:
    intent = Intent(
        name=name,
        id=uuid5(NAMESPACE, f"{name}:{about}"),
        by=SET_UP,
        channel=Channel.CLI,
        request=msgspec.json.encode([name, about]),
    )
    return commander.give(intent, decision)

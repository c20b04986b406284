"""Who somebody is: development tokens, and the roles that an identity holds at a moment."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.requests import HTTPConnection

from compact_api.context import Identity
from compact_domain.focal_point import FocalPoint
from compact_domain.kernel import NAMESPACE, Actor, Channel, Intent, Role, RoleHeld
from compact_domain.role import RolesOfPerson
from compact_infra.event_store import Attempt

ISSUER = "compact-development"
LIFETIME = 30 * 24 * 3600
REACTIONS = uuid5(NAMESPACE, "process:reactions")
"""The process that gives commands in reaction to facts."""
SET_UP = uuid5(NAMESPACE, "process:set-up")
"""The process that names the first administrator, loads catalogues and, in development, grants roles for tokens."""


def census(attempt: Attempt, intent: Intent, now: datetime) -> Actor:
    """The actor of a command, with the roles held as it is decided: from the facts, never from a token."""
    if intent.channel in (Channel.PROCESS, Channel.CLI):
        return process(intent.by)
    roles = attempt.load(RolesOfPerson, RolesOfPerson.key(intent.by))
    holders = dict.fromkeys(attempt.holder(claim) for claim in attempt.claims(f"focal-person:{intent.by}:"))
    points = [point for id in holders if id and (point := attempt.load(FocalPoint, id))]
    return actor_of(Identity(subject=intent.by, organization=intent.organization), roles, points, now)


def process(id: UUID) -> Actor:
    """A process of the service as an actor. The one that sets a database up acts as an administrator."""
    roles: tuple[RoleHeld, ...] = (RoleHeld(role=Role.PROCESS),)
    if id == SET_UP:
        roles = (*roles, RoleHeld(role=Role.SECRETARIAT_ADMINISTRATOR))
    return Actor(id=id, roles=roles)


def actor_of(
    identity: Identity, roles: RolesOfPerson | None, focal_points: Iterable[FocalPoint], now: datetime
) -> Actor:
    """An identity with the roles of its facts, and the powers of the focal points it speaks for at the moment."""
    today = now.astimezone(UTC).date()
    held = roles.held(today) if roles else ()
    points = tuple(
        RoleHeld(role=Role.REGIONAL_FOCAL_POINT, scope=point.organization, regions=point.regions)
        for point in sorted(focal_points, key=lambda point: (point.organization, point.regions))
        if point.speaks(identity.subject, now)
    )
    own = identity.organization or (roles.organization(today) if roles else None)
    return Actor(id=identity.subject, organization=own or next((p.scope for p in points), None), roles=(*held, *points))


def development_subject(role: str, organization: str | None) -> UUID:
    """The subject that a development token of a role and organization speaks for: always the same."""
    return uuid5(NAMESPACE, f"development:{role}:{organization or ''}")


class DevelopmentTokens:
    """Signed tokens for development and demonstrations. They name who somebody is; what he may is in the facts."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)

    def make(self, identity: Identity, *, lifetime: int = LIFETIME) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": str(identity.subject), "iat": now, "exp": now + lifetime}
        if identity.organization:
            claims["org"] = identity.organization
        return jws.serialize_compact({"alg": "HS256", "typ": "JWT"}, json.dumps(claims), self._key)

    def read(self, token: str) -> Identity | None:
        """The identity a token names; None if it is not ours, was altered or has ended."""
        if len(token) > 4_000:
            return None
        try:
            content = jws.deserialize_compact(token, self._key, algorithms=["HS256"])
            claims: Any = json.loads(content.payload)
            if claims["iss"] != ISSUER or not isinstance(claims["exp"], int) or claims["exp"] <= time.time():
                return None
            return Identity(subject=UUID(claims["sub"]), organization=claims.get("org"))
        except (JoseError, ValueError, KeyError, TypeError):
            return None

    def identify(self, connection: HTTPConnection) -> Identity | None:
        """The identity of a request or socket: `Authorization: Bearer …`."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        return self.read(token.strip()) if scheme.lower() == "bearer" and token else None

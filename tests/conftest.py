"""A real PostgreSQL for the whole run, a schema of its own for each service, and a client that speaks GraphQL."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import structlog
from starlette.testclient import TestClient

from compact_domain.kernel import Role
from compact_infra import Compact, Identity, Settings
from compact_infra.embedded_postgres import EmbeddedPostgres
from compact_infra.setting_up import bootstrap, development_identity, load_catalogues
from tests.client import Client

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command configures the logs of its process; run within a test, it must not keep the stream of that test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the PostgreSQL under test: `COMPACT_TEST_DATABASE_URL`, or an embedded one of the run's own."""
    if given := os.environ.get("COMPACT_TEST_DATABASE_URL"):
        yield given
        return
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as postgres:
        yield postgres.url


@pytest.fixture(scope="session")
def new_settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """Settings of a service that has schemas of its own."""
    run = f"{os.getpid()}_{time.time_ns() % 100_000}"

    def make(**changed: Any) -> Settings:
        schema = f"t{run}_{next(_numbers)}"
        return Settings(
            **{
                "database_url": database_url,
                "db_schema": schema,
                "auth": "development",
                "data_dir": tmp_path_factory.mktemp(schema),
                "pool_size": 6,
                **changed,
            }
        )

    return make


class Service:
    """A running service, and clients of it in any role."""

    def __init__(self, compact: Compact, http: TestClient) -> None:
        self.compact, self.http = compact, http
        self._administrator: Identity | None = None

    def as_(self, role: Role, organization: str | None = None) -> Client:
        """A client that holds a role, which is granted as a fact."""
        if role is Role.SECRETARIAT_ADMINISTRATOR:
            self._administrator = self._administrator or bootstrap(self.compact.commander)
            return self.of(self._administrator)
        return self.of(development_identity(self.compact.commander, role, organization))

    def of(self, identity: Identity | None) -> Client:
        """A client of an identity; without one, a stranger."""
        return Client(self.http, self.compact.tokens.make(identity) if identity else None)

    @property
    def officer(self) -> Client:
        """An officer of the secretariat."""
        return self.as_(Role.SECRETARIAT_OFFICER)


@contextmanager
def running(settings: Settings) -> Iterator[Service]:
    """A service, started, with the catalogues of this release."""
    compact = Compact(settings)
    with TestClient(compact.standalone) as http:
        load_catalogues(compact.commander)
        yield Service(compact, http)


@pytest.fixture(scope="module")
def service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A service that the tests of a module share."""
    with running(new_settings()) as started:
        yield started


@pytest.fixture
def own_service(new_settings: Callable[..., Settings]) -> Iterator[Service]:
    """A service of the test's own."""
    with running(new_settings()) as started:
        yield started


@pytest.fixture
def database(own_service: Service) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the owner to the database of `own_service`."""
    with psycopg.connect(own_service.compact.database_url(), autocommit=True) as connection:
        yield connection

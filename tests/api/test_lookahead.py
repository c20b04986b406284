"""Looking ahead: a page brings what its entries are asked for, and says the same as each entry on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from psycopg import sql

from compact_api.context import Context
from compact_api.schema import root
from compact_domain.kernel import Role
from compact_infra.compact import Compact
from compact_infra.setting_up import development_identity
from compact_projections.asking import Asking, Lease
from tests.conftest import Service

NESTED = """
  code
  texts { number text organization { code } }
  responses(first: 2) { totalCount pageInfo { hasNextPage } edges { cursor node { response textVersion } } }
  every: responses(onlyLatest: false) { edges { node { response } } }
  decisions { totalCount }
"""
PAGES = {
    "written out": f"{{ recommendations {{ edges {{ node {{ {NESTED} }} }} }} }}",
    "through fragments": f"""
      {{ recommendations {{ ...page }} }}
      fragment page on RecommendationConnection {{ edges {{ ... on RecommendationEdge {{ node {{ ...whole }} }} }} }}
      fragment whole on Recommendation {{ ...nested ...nested }}
      fragment nested on Recommendation {{ {NESTED} }}""",
    "not included after all": f"""query ($no: Boolean = false)
      {{ recommendations {{ edges {{ node {{ {NESTED} progress @include(if: $no) {{ totalCount }} }} }} }} }}""",
}


class Counting(Lease):
    """A connection that tells how many statements it has run."""

    statements = 0

    async def rows(self, statement: sql.Composed, params: Mapping[str, Any] | None) -> list[tuple[Any, ...]]:
        self.statements += 1
        return await super().rows(statement, params)


class Counted:
    """The service, with a count of the statements of its last answer."""

    def __init__(self, compact: Compact) -> None:
        self.compact = compact
        self.lease: Counting | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.compact, name)

    async def begin_reading(self) -> Asking:
        asking = await self.compact.begin_reading()
        asking.lease = self.lease = Counting(asking.lease.connection)
        return asking

    async def ask(self, query: str) -> int:
        """How many statements the answer to a query takes."""
        reader = development_identity(self.compact.commander, Role.READER, None)
        context: Any = Context(self, reader)
        result = await self.compact.schema.execute(query, context_value=context, root_value=root())
        assert result.errors is None
        assert self.lease is not None
        return self.lease.statements


def propose(service: Service, *codes: str) -> None:
    proposer = service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC")
    others = [service.as_(Role.ENTITY_REPRESENTATIVE, code) for code in ("UNDP", "CTED", "INTERPOL")]
    for code in codes:
        proposer.do("recommendationPropose", {"code": code, "text": f"Let {code} be done.", "regions": ["GLOBAL"]})
        for other in others:
            for answer in ("NOTED", "SUPPORTED"):
                other.do("recommendationRespond", {"id": code, "textVersion": 1, "response": answer})


@pytest.fixture(scope="module")
def service(service: Service) -> Service:
    for code in ("UNODC", "UNDP", "CTED", "INTERPOL"):
        service.officer.do("organizationRegister", {"code": code, "names": {"en": code}, "kind": "UN_ENTITY"})
    propose(service, "REC-1", "REC-2", "REC-3")
    return service


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_says_what_each_entry_says_on_its_own(service: Service, page: str) -> None:
    entries = [edge["node"] for edge in service.officer.ask(page)["recommendations"]["edges"]]
    alone = f"query ($code: Code!) {{ recommendation(code: $code) {{ {NESTED} }} }}"

    assert [len(entry["responses"]["edges"]) for entry in entries] == [2] * len(entries)
    assert entries == [service.officer.ask(alone, code=entry["code"])["recommendation"] for entry in entries]


def test_a_page_of_many_takes_as_many_statements_as_a_page_of_one(service: Service) -> None:
    counted, portal = Counted(service.compact), service.http.portal
    assert portal is not None

    one, many = (
        portal.call(counted.ask, PAGES["written out"].replace("recommendations", f"recommendations(first: {n})", 1))
        for n in (1, 3)
    )

    assert one == many


def test_a_page_of_the_past_brings_what_was_there_then(service: Service) -> None:
    officer = service.officer
    before = officer.ask("{ head { position } }")["head"]["position"]
    page = PAGES["written out"].strip()[1:-1]
    live = officer.ask(PAGES["written out"])
    service.as_(Role.ENTITY_REPRESENTATIVE, "UNODC").do(
        "recommendationRespond", {"id": "REC-1", "textVersion": 1, "response": "SUPPORTED_IN_PART"}
    )

    both = officer.ask(
        f"query ($p: Position!) {{ now: {page} then: snapshot(at: {{position: $p}}) {{ {page} }} }}", p=before
    )
    then = both["then"]["recommendations"]["edges"]

    assert then == live["recommendations"]["edges"]
    assert both["now"]["edges"] != then

"""API and worker as processes of their own: either may be there without the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.testclient import TestClient
from structlog.testing import capture_logs

from compact_infra import Compact, Settings
from compact_infra.setting_up import load_catalogues
from tests.conftest import Service

AU = {"code": "AU", "names": {"en": "African Union"}, "kind": "REGIONAL_ORGANIZATION"}
QUERY = '{ organization(code: "AU") { code } }'


def test_an_api_that_nobody_works_for_takes_commands_and_says_that_it_is_not_ready(
    new_settings: Callable[..., Settings],
) -> None:
    settings = new_settings(roles="api")
    with Compact(settings).commanding() as commander:
        load_catalogues(commander)
    compact, begun = Compact(settings), time.monotonic()
    with capture_logs() as logs, TestClient(compact.standalone) as http:
        assert time.monotonic() - begun < 20, "it used to wait a minute; on a quiet machine it takes three seconds"
        [said] = [entry for entry in logs if entry["log_level"] == "warning"]
        assert "is a worker running?" in said["event"]
        assert (said["position"], said["head"]) == (-1, compact.store.head())
        told = http.get("/readyz")
        assert (told.status_code, told.json()["because"].partition(" has ")[0]) == (503, "the read side")
        assert http.get("/healthz").status_code == 200
        officer = Service(compact, http).officer
        done = officer.do("organizationRegister", AU, select="organization { code }")
        assert (done["visible"], done["organization"]) == (False, None)
        assert [event["type"] for event in done["events"]] == ["organization.registered"]
        assert officer.error(QUERY) == "UNAVAILABLE"

        worker = Compact(settings.model_copy(update={"roles": "worker"}))
        worker.start()
        try:
            assert compact.watermark.wait(int(done["position"]), timeout=30)
            assert http.get("/readyz").json() == {"status": "ready"}
            assert officer.ask(QUERY) == {"organization": {"code": "AU"}}
        finally:
            worker.stop()
        assert http.get("/readyz").status_code == 200, "what was read once can still be read"
        assert officer.ask(QUERY) == {"organization": {"code": "AU"}}

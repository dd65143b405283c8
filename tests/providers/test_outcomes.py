"""May it have happened? What is harmless to repeat changes something all the same, and an earlier try counts too."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import http as wire_module
from dr_console.providers import registry
from dr_console.providers.aws import session
from dr_console.providers.capabilities.dns import Pointing
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire
from tests.sandboxed import Sandbox

URL = "https://vendor.test"
NOTHING, UNKNOWN = Outcome.NOTHING, Outcome.UNKNOWN


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module.time, "sleep", lambda seconds: None)


def outcome_of(method: str, *answers: httpx.Response | Exception, **options: Any) -> tuple[Outcome, Problem]:
    with respx.mock:
        respx.request(method, f"{URL}/things").mock(side_effect=[*answers])
        with pytest.raises(ProviderError) as caught:
            Wire("Vendor", URL).call(method, "/things", operation="x", deadline=Deadline.after(60), **options)
    return caught.value.outcome, caught.value.problem


SILENT = httpx.ReadTimeout("silent")
FORBIDDEN = httpx.Response(403, json={})


def test_what_only_reads_leaves_nothing_in_doubt() -> None:
    assert outcome_of("GET", *[SILENT] * 4) == (NOTHING, Problem.TIMED_OUT)
    assert outcome_of("POST", *[SILENT] * 4, reads=True) == (NOTHING, Problem.TIMED_OUT)


def test_a_change_that_may_be_repeated_may_have_happened() -> None:
    assert outcome_of("PATCH", *[SILENT] * 4, harmless=True) == (UNKNOWN, Problem.TIMED_OUT)
    assert outcome_of("PATCH", *[httpx.Response(502)] * 4, harmless=True) == (UNKNOWN, Problem.REFUSED)
    page = httpx.Response(200, html="<!doctype html><p>hello")
    assert outcome_of("PATCH", page, harmless=True) == (UNKNOWN, Problem.GARBLED)


def test_a_refusal_does_not_undo_what_an_earlier_try_may_have_done() -> None:
    assert outcome_of("PATCH", SILENT, FORBIDDEN, harmless=True) == (UNKNOWN, Problem.CREDENTIALS)
    assert outcome_of("PATCH", SILENT, *[httpx.ConnectError("gone")] * 3, harmless=True) == (
        UNKNOWN,
        Problem.UNREACHABLE,
    )


def test_where_no_try_can_have_been_carried_out_nothing_happened() -> None:
    refused = [httpx.ConnectError("gone"), httpx.Response(429), FORBIDDEN]
    assert outcome_of("PATCH", *refused, harmless=True) == (NOTHING, Problem.CREDENTIALS)


def test_the_same_holds_at_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.time, "sleep", lambda seconds: None)
    rds = session.client("rds", operation="x")

    def outcome(method: str, **params: Any) -> Outcome:
        with pytest.raises(ProviderError) as caught:
            session.call(rds, method, operation="x", deadline=Deadline.after(60), harmless=True, **params)
        return caught.value.outcome

    gone = {"DBSnapshotIdentifier": "dr-1"}
    with Stubber(rds) as stubber:
        stubber.add_client_error("delete_db_snapshot", "InternalFailure", http_status_code=500)
        stubber.add_client_error("delete_db_snapshot", "AccessDenied", http_status_code=403)
        assert outcome("delete_db_snapshot", **gone) is UNKNOWN
        stubber.add_client_error("delete_db_snapshot", "AccessDenied", http_status_code=403)
        assert outcome("delete_db_snapshot", **gone) is NOTHING

    def silent(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url=URL)

    rds.meta.events.register("before-call.rds", silent, unique_id="silent")
    try:
        assert outcome("describe_db_snapshots") is NOTHING
        assert outcome("delete_db_snapshot", **gone) is UNKNOWN
    finally:
        rds.meta.events.unregister("before-call.rds", unique_id="silent")


def test_a_record_that_was_pointed_elsewhere_unheard_is_said_to_be_in_doubt(in_sandbox: Sandbox) -> None:
    in_sandbox.post("/faults", {"kind": "error", "vendor": "cloudflare", "route": "PATCH *", "after_effect": True})
    with pytest.raises(ProviderError) as caught:
        registry.dns().point(
            Pointing("api.example.com", "backup.example.com"), reference="INC-1", deadline=Deadline.after(20)
        )
    assert caught.value.outcome is UNKNOWN
    in_sandbox.delete("/faults")
    assert registry.dns().record("api.example.com", deadline=Deadline.after(20)).content == "backup.example.com"

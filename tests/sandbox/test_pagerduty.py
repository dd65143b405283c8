"""PagerDuty in the sandbox: deduplication, limits, signed webhooks, and what PagerDuty's own client makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pagerduty
import pytest

from dr_console.providers import signatures
from dr_console.providers.signatures import Verdict
from tests import contracts
from tests.sandbox.receiver import Receiver, receiving
from tests.sandboxed import Sandbox

KEY = "sandbox-routing-key-000000000000"
SECRET = "sandbox-pagerduty-webhook"
TRIGGER = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "INC-1",
    "payload": {"summary": "Tokyo", "source": "api.example.com", "severity": "critical"},
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Api:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        headers = {"Authorization": "Token token=anything", "From": "dr-console@example.com"}
        self.client = httpx.Client(base_url=f"{sandbox.url}/pagerduty", headers=headers, trust_env=False)

    def event(self, **changes: Any) -> httpx.Response:
        return self.client.post("/events/v2/enqueue", json={**TRIGGER, **changes})

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params).raise_for_status().json()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.client.post(path, json=body)

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/incidents")["incidents"]
        return found

    def subscribe(self, url: str, **more: Any) -> httpx.Response:
        wanted = {
            "type": "webhook_subscription",
            "delivery_method": {"type": "http_delivery_method", "url": url},
            "events": ["incident.triggered", "incident.acknowledged", "incident.resolved", "incident.annotated"],
            "filter": {"type": "account_reference"},
            **more,
        }
        return self.post("/webhook_subscriptions", {"webhook_subscription": wanted})


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    return Api(sandbox)


def test_events_are_taken_at_either_address_and_are_one_page(api: Api):
    answer = api.event()
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "INC-1")
    assert api.client.post("/v2/enqueue", json=TRIGGER).status_code == 202
    (incident,) = api.incidents()
    assert (incident["status"], incident["incident_key"]) == ("triggered", "INC-1")
    assert incident["alert_counts"]["all"] == 1


def test_after_it_is_resolved_the_same_key_is_a_new_incident(api: Api):
    for action in ("trigger", "acknowledge", "resolve", "acknowledge", "trigger"):
        api.event(event_action=action)
    assert [incident["status"] for incident in api.incidents()] == ["resolved", "triggered"]


def test_another_routing_key_knows_nothing_of_the_page(api: Api):
    api.event()
    assert api.event(event_action="resolve", routing_key="b" * 32).status_code == 202
    assert api.incidents()[0]["status"] == "triggered"


def test_an_event_without_a_key_is_given_one(api: Api):
    keys = {api.event(dedup_key=None).json()["dedup_key"] for _ in range(2)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"routing_key": "short"}, "Length of 'routing_key' is incorrect (should be 32 characters)"),
        ({"event_action": "explode"}, "'event_action' is invalid"),
        ({"dedup_key": "x" * 256}, "Length of 'dedup_key' is larger than the maximum allowed (255 characters)"),
        ({"payload": None}, "'payload' is missing or blank"),
        ({"links": True}, "'links' is invalid: each must have 'href'"),
        ({"payload": {"summary": "s", "source": "s"}}, "'payload.severity' is missing or blank"),
        ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is missing or blank"),
    ],
)
def test_a_wrong_event_is_refused_with_the_reason(api: Api, changes: dict[str, Any], problem: str):
    answer = api.event(**changes)
    assert (answer.status_code, answer.json()["status"]) == (400, "invalid event")
    assert problem in answer.json()["errors"]


def test_a_body_that_is_no_json_is_refused(api: Api):
    for body in (b"", b"{", b"[]", b'"x"', b"\xff"):
        assert api.client.post("/v2/enqueue", content=body).status_code == 400


def test_120_events_a_minute_for_each_key(sandbox: Sandbox):
    sandbox.reset(speed=1)
    api = Api(sandbox)
    assert [api.event().status_code for _ in range(121)][-2:] == [202, 429]
    assert api.event(routing_key="c" * 32).status_code == 202
    sandbox.post("/clock", {"advance": 60})
    assert api.event().status_code == 202


def test_rest_tells_how_many_calls_are_left(sandbox: Sandbox):
    sandbox.reset(speed=1)
    api = Api(sandbox)
    first, second = (api.client.get("/abilities") for _ in range(2))
    assert (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]) == ("960", "959")
    assert second.headers["ratelimit-remaining"] == "958"
    assert 0 < int(second.headers["ratelimit-reset"]) <= 60


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Token", "Token token=", "nonsense"])
def test_without_a_token_nothing_is_told(sandbox: Sandbox, header: str | None):
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.get(f"{sandbox.url}/pagerduty/incidents", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 2006)


def test_a_change_needs_somebody_in_whose_name_it_is_made(api: Api):
    body = {"incident": {"type": "incident", "title": "T", "service": {"id": "PGEMINI", "type": "service_reference"}}}
    for sender, code in (("", 2001), ("nobody@example.com", 1008)):
        answer = api.client.post("/incidents", json=body, headers={"From": sender})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert api.post("/incidents", body).status_code == 201


@pytest.mark.parametrize(
    "headers",
    ["x", [None], [{}], [{"name": "X", "value": "a\r\nEvil: 1"}], [{"name": "X: 1\n", "value": "a"}], [{"name": 1}]],
)
def test_nobody_gets_a_header_in(api: Api, headers: Any):
    method = {"type": "http_delivery_method", "url": "http://127.0.0.1:9/", "custom_headers": headers}
    assert api.subscribe("", delivery_method=method).status_code == 400


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"incident": []}, {"incident": {"urgency": []}}, {"duration": "x"}]
)
def test_a_body_of_another_shape_is_refused_in_its_own_words(api: Api, body: Any):
    api.event()
    id = api.incidents()[0]["id"]
    asks = [("POST", "/incidents"), ("POST", f"/incidents/{id}/notes"), ("POST", f"/incidents/{id}/snooze")]
    asks += [("POST", "/webhook_subscriptions"), ("PUT", "/incidents"), ("POST", f"/incidents/{id}/status_updates")]
    for verb, path in asks:
        answer = api.client.request(verb, path, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 2001), (verb, path)


def test_a_second_incident_with_an_open_key_is_refused(api: Api):
    incident = {"type": "incident", "title": "T", "incident_key": "K", "service": {"id": "PGEMINI"}}
    assert api.post("/incidents", {"incident": incident}).status_code == 201
    answer = api.post("/incidents", {"incident": incident})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 2002)


def test_lists_come_in_pages(api: Api):
    for number in range(3):
        api.event(dedup_key=f"K{number}")
    page = api.get("/incidents", limit=2, total="true")
    assert (len(page["incidents"]), page["more"], page["total"]) == (2, True, 3)
    assert api.get("/incidents", limit=2, offset=2)["more"] is False
    for wrong in ({"limit": 101}, {"limit": 0}, {"limit": "x"}, {"limit": 100, "offset": 9901}):
        assert api.client.get("/incidents", params=wrong).status_code == 400


def test_what_is_not_there_is_404_in_its_own_words(api: Api):
    for path in ("/incidents/QNOTHING", "/nothing", "/users/PNOBODY", "/webhook_subscriptions/P1", "/log_entries/R1"):
        assert api.client.get(path).json() == {"error": {"code": 2100, "message": "Not Found"}}


def test_nobody_answers_and_the_next_is_rung(api: Api, sandbox: Sandbox):
    api.event()
    sandbox.post("/clock", {"advance": 31 * 60})
    (incident,) = api.incidents()
    assert [one["assignee"]["summary"] for one in incident["assignments"]] == ["Technical lead"]
    api.event(event_action="acknowledge")
    sandbox.post("/clock", {"advance": 3600})
    assert api.incidents()[0]["status"] == "acknowledged"


def test_a_person_answers_and_the_console_is_told_with_a_signature(api: Api, sandbox: Sandbox, receiver: Receiver):
    made = api.subscribe(f"{receiver.url}/hook").json()["webhook_subscription"]
    assert made["delivery_method"]["secret"] == SECRET
    assert api.get("/webhook_subscriptions")["webhook_subscriptions"][0]["delivery_method"]["secret"] is None
    api.event()
    sandbox.post("/pagerduty/answer", {"incident": "INC-1", "action": "acknowledge"})
    triggered, acknowledged = receiver.wait_for(2)
    for heard in (triggered, acknowledged):
        header = heard.headers["X-PagerDuty-Signature"]
        assert signatures.pagerduty(heard.body, header, secrets=[SECRET]) is Verdict.GENUINE
    event = json.loads(acknowledged.body)["event"]
    assert (event["event_type"], event["resource_type"]) == ("incident.acknowledged", "incident")
    assert (event["data"]["status"], event["data"]["incident_key"]) == ("acknowledged", "INC-1")
    assert event["agent"]["summary"] == "On-call engineer"
    assert triggered.headers["X-Webhook-Id"] != acknowledged.headers["X-Webhook-Id"]
    assert acknowledged.headers["X-Webhook-Subscription"] == made["id"]


def test_two_secrets_sign_while_one_is_changed(api: Api, sandbox: Sandbox, receiver: Receiver):
    id = api.subscribe(f"{receiver.url}/hook").json()["webhook_subscription"]["id"]
    new, old = sandbox.post(f"/pagerduty/webhook_subscriptions/{id}/rotate")["secrets"]
    api.event()
    (heard,) = receiver.wait_for(1)
    for secret in (new, old):
        header = heard.headers["X-PagerDuty-Signature"]
        assert signatures.pagerduty(heard.body, header, secrets=[secret]) is Verdict.GENUINE


def test_what_could_not_be_delivered_is_sent_again_with_the_same_id(api: Api, sandbox: Sandbox, receiver: Receiver):
    receiver.answers["/hook"] = (503, "")
    api.subscribe(f"{receiver.url}/hook")
    api.event()
    receiver.wait_for(1)
    receiver.answers["/hook"] = (202, "")
    sandbox.post("/clock", {"advance": 15})
    first, second = receiver.wait_for(2)
    assert first.headers["X-Webhook-Id"] == second.headers["X-Webhook-Id"]
    assert first.body == second.body


def test_what_is_refused_is_dropped_and_three_in_a_row_silence_it(api: Api, sandbox: Sandbox, receiver: Receiver):
    receiver.answers["/hook"] = (400, "")
    id = api.subscribe(f"{receiver.url}/hook").json()["webhook_subscription"]["id"]
    for number in range(3):
        api.event(dedup_key=f"K{number}")
        receiver.wait_for(number + 1)
    path = f"/webhook_subscriptions/{id}"

    def silenced() -> Any:
        return api.get(path)["webhook_subscription"]["delivery_method"]["temporarily_disabled"]

    for _ in range(100):
        if silenced():
            break
    assert silenced()
    assert api.post(f"{path}/enable", {}).status_code == 200
    assert not silenced()


def test_a_ping_is_sent_when_asked_for(api: Api, receiver: Receiver):
    id = api.subscribe(f"{receiver.url}/hook").json()["webhook_subscription"]["id"]
    assert api.post(f"/webhook_subscriptions/{id}/ping", {}).status_code == 202
    (heard,) = receiver.wait_for(1)
    assert json.loads(heard.body)["event"]["event_type"] == "pagey.ping"


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/", "http://10.0.0.1/", "http://127.0.0.1.example.com/", "x"]
)
def test_nothing_is_sent_to_another_machine(api: Api, url: str):
    answer = api.subscribe(url)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 2001)
    assert "not on this machine" in answer.json()["error"]["errors"][0]


def test_a_fault_speaks_as_pagerduty_does(api: Api, sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "expired-token", "vendor": "pagerduty"})
    assert api.client.get("/abilities").json() == {"error": {"code": 2006, "message": "Unauthorized"}}
    sandbox.delete("/faults")
    sandbox.post("/faults", {"kind": "throttled", "vendor": "pagerduty", "retry_after": 7})
    answer = api.event()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["status"] == "throttle exceeded"


def test_pagerdutys_own_client_accepts_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    # It insists on https; all else is its own.
    url = property(lambda self: self._url, lambda self, value: setattr(self, "_url", value))
    monkeypatch.setattr(pagerduty.ApiClient, "url", url)
    events = pagerduty.EventsApiV2Client("a" * 32, base_url=f"{sandbox.url}/pagerduty/events")
    assert events.trigger("Tokyo", "api.example.com", dedup_key="INC-1") == "INC-1"
    assert events.resolve("INC-1") == "INC-1"
    client = pagerduty.RestApiV2Client(
        "token", default_from="dr-console@example.com", base_url=f"{sandbox.url}/pagerduty"
    )
    assert client.api_key_access == "account"
    assert client.subdomain == "gemini"
    assert [one["status"] for one in client.iter_all("incidents")] == ["resolved"]
    service = {"id": "PGEMINI", "type": "service_reference"}
    made = client.rpost("incidents", json={"type": "incident", "title": "T", "service": service})
    changed = client.rput(f"incidents/{made['id']}", json={"type": "incident_reference", "status": "acknowledged"})
    assert changed["acknowledgements"][0]["acknowledger"]["summary"] == "DR Console"
    assert client.rpost(f"incidents/{made['id']}/notes", json={"content": "note"})["content"] == "note"
    assert len(client.list_all(f"incidents/{made['id']}/log_entries")) >= 3
    assert [one["name"] for one in client.list_all("escalation_policies")] == ["Production"]
    assert len(client.list_all("oncalls")) == 3
    assert client.find("users", "cto@example.com", attribute="email")["id"] == "PCTOCTO"


@pytest.mark.parametrize("path", ["/incidents", "/oncalls", "/abilities", "/users", "/webhook_subscriptions"])
def test_lists_are_what_the_contracts_say(api: Api, path: str):
    api.event()
    api.event(event_action="acknowledge")
    api.subscribe("http://127.0.0.1:9/hook")
    answer = api.client.get(path)
    query: dict[str, Any] = {}
    contracts.hold("pagerduty", "GET", path, query=query, request=None, status=200, answer=answer.json())

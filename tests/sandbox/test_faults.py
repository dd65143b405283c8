"""Faults by rule: what a client sees of each, and what the truth log says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.sandboxed import Sandbox

Rebuild = Callable[..., httpx.Response]


@pytest.fixture
def rebuild(sandbox: Sandbox) -> Rebuild:
    """Ask the search index, the smallest of the vendors, to rebuild: a request that has an effect."""

    def ask(timeout: float = 10) -> httpx.Response:
        return httpx.post(f"{sandbox.url}/search/rebuild", timeout=timeout)

    return ask


def effects(sandbox: Sandbox) -> list[str]:
    return [effect["what"] for effect in sandbox.get("/truth/effects")["effects"]]


def break_(sandbox: Sandbox, kind: str, **rule: Any) -> Any:
    return sandbox.post("/faults", {"kind": kind, **rule})


def test_latency_takes_so_many_seconds_of_ours(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "latency", vendor="search", seconds=0.3, jitter=0.1)
    began = time.monotonic()
    assert rebuild().status_code == 202
    assert 0.3 <= time.monotonic() - began < 10


def test_throttling_says_when_to_come_back(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "throttled", vendor="search", retry_after=7)
    answer = rebuild()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert effects(sandbox) == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_has_the_status_that_is_asked_for(sandbox: Sandbox, rebuild: Rebuild, status: int):
    break_(sandbox, "error", status=status)
    assert rebuild().status_code == status
    assert effects(sandbox) == []


def test_a_reset_is_a_reset(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "reset")
    with pytest.raises(httpx.ReadError, match="reset"):
        rebuild()
    assert effects(sandbox) == []


def test_a_reset_may_come_after_the_effect(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "reset", after_effect=True)
    with pytest.raises(httpx.ReadError):
        rebuild()
    assert effects(sandbox) == ["index.rebuild"]


def test_a_timeout_has_no_effect(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "timeout")
    with pytest.raises(httpx.ReadTimeout):
        rebuild(timeout=0.3)
    assert effects(sandbox) == []


def test_a_timeout_after_the_effect_leaves_the_effect(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "timeout-after-effect", times=1)
    with pytest.raises(httpx.ReadTimeout):
        rebuild(timeout=0.3)
    assert effects(sandbox) == ["index.rebuild"]
    assert rebuild().status_code == 409


def test_silence_ends_by_itself(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "timeout", seconds=0.2)
    with pytest.raises(httpx.ReadError):
        rebuild()


def test_a_page_of_html_comes_where_json_was_expected(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "html")
    answer = rebuild()
    assert (answer.status_code, answer.headers["content-type"]) == (202, "text/html; charset=utf-8")
    assert "502 Bad Gateway" in answer.text


def test_an_empty_body_is_empty(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "empty")
    assert rebuild().content == b""


def test_garbage_is_not_json(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "garbage")
    with pytest.raises(ValueError, match="."):
        rebuild().json()


def test_a_truncated_body_is_shorter_than_it_promised(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        rebuild()
    assert effects(sandbox) == ["index.rebuild"]


def test_a_value_of_the_wrong_type_stands_at_its_key(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "wrong-type")
    assert rebuild().json() == {"task": 42}


def test_a_field_can_be_missing(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "missing-field", field="task")
    assert rebuild().json() == {}


def test_an_expired_token_is_refused(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "expired-token", vendor="search")
    assert rebuild().status_code == 401


def test_a_rule_of_another_vendor_or_route_does_not_matter(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "error", vendor="search", route="GET /tasks/*")
    assert rebuild().status_code == 202
    assert httpx.get(f"{sandbox.url}/search/tasks/rebuild-1").status_code == 503


def test_a_rule_can_hit_a_number_of_times(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "error", times=2)
    assert [rebuild().status_code for _ in range(3)] == [503, 503, 202]


def test_a_rule_can_begin_and_end_on_the_worlds_clock(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "error", after=3600, until=7200)
    statuses = []
    for _ in range(3):
        statuses.append(rebuild().status_code)
        sandbox.post("/clock", {"advance": 3600})
    assert statuses == [202, 503, 202]


def test_a_share_of_the_requests_can_be_hit(sandbox: Sandbox):
    break_(sandbox, "error", probability=0.5)
    with httpx.Client(base_url=sandbox.url) as client:
        statuses = [client.get("/search/tasks/none").status_code for _ in range(60)]
    assert 10 < statuses.count(503) < 50


def test_a_rule_comes_and_goes(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "error", on_seconds=3600, off_seconds=3600)
    assert rebuild().status_code == 503
    sandbox.post("/clock", {"advance": 3600})
    assert rebuild().status_code == 202


def test_a_rule_with_the_same_key_replaces_the_other(sandbox: Sandbox):
    break_(sandbox, "error", key="mine")
    break_(sandbox, "reset", key="mine")
    assert [fault["kind"] for fault in sandbox.get("/faults")["faults"]] == ["reset"]


def test_rules_are_shown_and_removed_by_id_or_key(sandbox: Sandbox):
    made = break_(sandbox, "error", key="mine")
    break_(sandbox, "reset")
    assert sandbox.get(f"/faults/{made['id']}")["key"] == "mine"
    sandbox.delete("/faults/mine")
    assert sandbox.get("/faults")["faults"][0]["kind"] == "reset"
    assert sandbox.delete("/faults") == {"removed": 1}
    assert sandbox.get("/faults")["faults"] == []


def test_latency_adds_to_what_else_goes_wrong(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "latency", seconds=0.2)
    break_(sandbox, "error")
    began = time.monotonic()
    assert rebuild().status_code == 503
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "kind"),
        ({"kind": "explosion"}, "kind"),
        ({"kind": "latency"}, "seconds"),
        ({"kind": "latency", "seconds": -1}, "seconds"),
        ({"kind": "latency", "seconds": "two"}, "seconds"),
        ({"kind": "latency", "seconds": 1e400}, "seconds"),
        ({"kind": "error", "seconds": 1}, "seconds"),
        ({"kind": "error", "status": 200}, "status"),
        ({"kind": "error", "status": 999}, "status"),
        ({"kind": "error", "vendor": "gcp"}, "vendor"),
        ({"kind": "error", "rout": "*"}, "rout"),
        ({"kind": "error", "probability": 0}, "probability"),
        ({"kind": "error", "probability": 1.5}, "probability"),
        ({"kind": "error", "times": 0}, "times"),
        ({"kind": "error", "times": True}, "times"),
        ({"kind": "error", "after": 10, "until": 5}, "until"),
        ({"kind": "error", "on_seconds": 5}, "off_seconds"),
        ({"kind": "error", "key": "with spaces"}, "key"),
        ({"kind": "region-lost"}, "region"),
        ({"kind": "region-lost", "region": "mars"}, "region"),
        ({"kind": "missing-field"}, "field"),
        ({"kind": "dns-lag", "vendor": "cloudflare", "seconds": 5}, "vendor"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_field_and_a_sentence(sandbox: Sandbox, rule: Any, field: str):
    content = str(rule).replace("'", '"').replace("inf", "1e400").replace("True", "true")
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{sandbox.url}/control/faults", content=content, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["message"].startswith(f"{field}: ")
    assert sandbox.get("/faults")["faults"] == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'"latency"', b"null"])
def test_what_is_no_json_object_is_refused(sandbox: Sandbox, content: bytes):
    headers = {"content-type": "application/json"}
    assert httpx.post(f"{sandbox.url}/control/faults", content=content, headers=headers).status_code == 422


def test_every_broken_request_is_in_the_log_with_its_fault(sandbox: Sandbox, rebuild: Rebuild):
    break_(sandbox, "error", status=502)
    rebuild()
    made = sandbox.get("/truth/requests", vendor="search")["requests"][-1]
    assert (made["label"], made["status"], made["fault"]) == ("POST /rebuild", 502, "error")


def test_damage_needs_something_to_happen_to(sandbox: Sandbox):
    rule = {"kind": "corrupted-object", "name": "images/there-is-no-such.webp"}
    answer = httpx.post(f"{sandbox.url}/control/faults", json=rule, timeout=30)
    assert (answer.status_code, answer.json()["field"]) == (422, "name")
    assert break_(sandbox, "missing-snapshot", name="dr-*")["kind"] == "missing-snapshot"
    sandbox.delete("/faults")

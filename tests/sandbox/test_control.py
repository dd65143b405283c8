"""The control API: the clock, the world at a glance, and who may ask."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.sandboxed import Sandbox

JSON = {"content-type": "application/json"}


def test_the_clock_runs_as_fast_as_it_is_told(sandbox: Sandbox):
    sandbox.post("/clock", {"speed": 1000})
    began, real = sandbox.get("/clock"), time.monotonic()
    until = real + 5
    while (now := sandbox.get("/clock"))["now"] < began["now"] + 100:
        assert time.monotonic() < until
    assert now["speed"] == 1000


def test_the_clock_can_be_moved_on_at_once(sandbox: Sandbox):
    before = sandbox.get("/clock")["now"]
    after = sandbox.post("/clock", {"advance": 86_400})["now"]
    assert 86_400 <= after - before < 87_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"speed": 0}, "speed"),
        ({"speed": -5}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"advance": -1}, "advance"),
        ({"advance": 10**12}, "advance"),
        ({"sped": 5}, "sped"),
    ],
)
def test_a_wrong_change_of_the_clock_is_refused(sandbox: Sandbox, change: Any, field: str):
    answer = httpx.post(f"{sandbox.url}/control/clock", json=change)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("wrong", [{"seed": "one"}, {"speed": 0}, {"speed": True}, {"sneed": 1}])
def test_a_wrong_reset_leaves_the_world_as_it_is(sandbox: Sandbox, wrong: Any):
    sandbox.post("/faults", {"kind": "error"})
    assert httpx.post(f"{sandbox.url}/control/reset", json=wrong).status_code == 422
    assert len(sandbox.get("/faults")["faults"]) == 1


def test_a_reset_makes_a_new_world(sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "cdn-outage"})
    sandbox.post("/clock", {"advance": 600})
    sandbox.reset(speed=7, seed=3)
    assert sandbox.get("/clock")["speed"] == 7
    truth = sandbox.get("/truth")
    assert truth["episodes"] == []
    assert truth["canaries"]["acknowledged"] < 60


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "sandbox.attacker.example"},
        {"host": "192.0.2.1:8100"},
        {"origin": "https://attacker.example"},
        {"origin": "null"},
    ],
)
def test_a_strangers_web_page_is_refused(sandbox: Sandbox, headers: dict[str, str]):
    answer = httpx.post(f"{sandbox.url}/control/heal", json={}, headers=headers)
    assert answer.status_code == 403


def test_what_a_form_can_send_changes_nothing(sandbox: Sandbox):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = {"content-type": content_type}
        answer = httpx.post(f"{sandbox.url}/control/faults", content='{"kind": "error"}', headers=headers)
        assert answer.status_code == 415
    assert sandbox.get("/faults")["faults"] == []


def test_the_world_says_who_answers_and_what_is_wrong(sandbox: Sandbox):
    world = sandbox.get("/world")
    assert world["answered_by"]["api.example.com"] == "tokyo.origin.example.com"
    assert world["answered_by"]["backup.example.com"] == "california.origin.example.com"
    api = next(record for record in world["dns"] if record["name"] == "api.example.com")
    assert (api["type"], api["content"], api["proxied"]) == ("CNAME", "tokyo.origin.example.com", True)
    sandbox.post("/scenarios", {"name": "region-outage"})
    states = {origin["city"]: origin["state"] for origin in sandbox.get("/world")["origins"]}
    assert (states["Tokyo"], states["California"]) == ("dark", "up")


def test_the_outbox_shows_what_arrived(sandbox: Sandbox):
    assert sandbox.get("/outbox")["messages"] == []
    assert httpx.get(f"{sandbox.url}/control/outbox?limit=some").status_code == 422


def test_requests_and_effects_are_read_page_by_page(sandbox: Sandbox):
    for _ in range(5):
        httpx.get(f"{sandbox.url}/search/tasks/none")
    first = sandbox.get("/truth/requests", after=0, limit=2)["requests"]
    assert [each["number"] for each in first] == [1, 2]
    rest = sandbox.get("/truth/requests", after=first[-1]["number"])["requests"]
    assert [each["number"] for each in rest] == [3, 4, 5]
    assert len(sandbox.get("/truth/requests", limit=1)["requests"]) == 1


@pytest.mark.parametrize("query", ["limit=-1", "limit=many", "limit=1001", "after=-1", "after=%C2%B2"])
def test_a_wrong_page_is_refused(sandbox: Sandbox, query: str):
    assert httpx.get(f"{sandbox.url}/control/truth/requests?{query}").status_code == 422


def test_the_product_can_be_connected_to_another_database(sandbox: Sandbox):
    answer = httpx.post(f"{sandbox.url}/control/product", json={"database": "gone"})
    assert (answer.status_code, answer.json()["field"]) == (422, "database")
    assert sandbox.post("/product", {"database": "gemini-db"})["database"] == "gemini-db"

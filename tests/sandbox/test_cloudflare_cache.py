"""The sandbox's cache: purge and invalidate, and the buckets of each plan."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from tests.sandbox.cloudflare_calls import API, ZONE, Calls
from tests.sandboxed import Sandbox

PURGE, INVALIDATE = f"/zones/{ZONE}/purge_cache", f"/zones/{ZONE}/invalidate_cache"


@pytest.fixture
def cloudflare(sandbox: Sandbox) -> Calls:
    # A second of ours is a second of the world's: buckets fill as slowly as in life.
    sandbox.post("/clock", {"speed": 1})
    return Calls(sandbox)


def cache_status(sandbox: Sandbox, host: str, path: str) -> str:
    with urllib.request.urlopen(f"{sandbox.url}/edge/{host}{path}", timeout=20) as answer:
        return str(answer.headers["cf-cache-status"])


def test_a_purge_empties_the_edge(cloudflare: Calls, sandbox: Sandbox) -> None:
    assert [cache_status(sandbox, "cdn.example.com", "/static/ours.js") for _ in range(2)] == ["MISS", "HIT"]
    assert cloudflare.result("POST", PURGE, {"purge_everything": True}) == {"id": ZONE}
    assert cache_status(sandbox, "cdn.example.com", "/static/ours.js") == "MISS"


def test_what_is_invalidated_is_asked_for_again(cloudflare: Calls, sandbox: Sandbox) -> None:
    cache_status(sandbox, "cdn.example.com", "/static/ours.js")
    assert cloudflare.result("POST", INVALIDATE, {"hosts": ["cdn.example.com"]}) == {"id": ZONE}
    assert cache_status(sandbox, "cdn.example.com", "/static/ours.js") in ("EXPIRED", "REVALIDATED")


def test_other_hosts_keep_what_they_have(cloudflare: Calls, sandbox: Sandbox) -> None:
    cache_status(sandbox, "cdn.example.com", "/static/ours.js")
    cloudflare.result("POST", PURGE, {"hosts": [API]})
    assert cache_status(sandbox, "cdn.example.com", "/static/ours.js") == "HIT"


@pytest.mark.parametrize(
    "body",
    [
        {"purge_everything": True},
        {"hosts": [API]},
        {"tags": ["one", "two"]},
        {"prefixes": ["www.example.com/static/"]},
        {"files": ["https://www.example.com/a.css", {"url": "https://www.example.com/b.css", "headers": {}}]},
    ],
)
def test_each_way_to_name_what_is_meant(cloudflare: Calls, body: dict[str, Any]) -> None:
    assert cloudflare.result("POST", PURGE, body) == {"id": ZONE}
    assert cloudflare.effects() == [("cache.purge", "example.com")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1012),
        ({"purge_everything": False}, 1012),
        ({"purge_everything": "yes"}, 1012),
        ({"purge_everything": True, "hosts": [API]}, 1012),
        ({"hosts": API}, 1012),
        ({"hosts": [1]}, 1012),
        ({"hosts": ["other.example.org"]}, 1107),
        ({"hosts": ["notexample.com"]}, 1107),
        ({"files": ["www.example.com/a.css"]}, 1019),
        ({"prefixes": ["https://www.example.com/"]}, 1019),
        ({"tags": [f"tag-{number}" for number in range(101)]}, 1094),
        ({"files": [f"https://www.example.com/{number}" for number in range(101)]}, 1094),
    ],
)
def test_what_cannot_be_purged_is_refused(cloudflare: Calls, body: dict[str, Any], code: int) -> None:
    assert cloudflare.refused("POST", PURGE, body) == (400, code)
    assert cloudflare.effects() == []


@pytest.mark.parametrize(("plan", "burst"), [("free", 25), ("pro", 25), ("business", 50)])
def test_each_plan_has_a_bucket_of_its_own(cloudflare: Calls, sandbox: Sandbox, plan: str, burst: int) -> None:
    sandbox.post("/cloudflare/plan", {"plan": plan})
    sandbox.post("/clock", {"speed": 0.001})
    assert [cloudflare("POST", PURGE, {"tags": ["x"]}).status_code for _ in range(burst)] == [200] * burst
    throttled = cloudflare("POST", PURGE, {"tags": ["x"]})
    assert throttled.status_code == 429
    # Five a minute on the free plan.
    assert int(throttled.headers["retry-after"]) == (12 if plan == "free" else 1)
    sandbox.post("/clock", {"advance": 12})
    assert cloudflare("POST", PURGE, {"tags": ["x"]}).status_code == 200


def test_urls_have_a_bucket_of_their_own(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/cloudflare/plan", {"plan": "free"})
    sandbox.post("/clock", {"speed": 0.001})
    urls = {"files": [f"https://www.example.com/{number}" for number in range(100)]}
    assert [cloudflare("POST", PURGE, urls).status_code for _ in range(9)] == [200] * 8 + [429]
    assert cloudflare("POST", PURGE, {"purge_everything": True}).status_code == 200


def test_only_enterprise_may_name_five_hundred_urls_at_once(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/cloudflare/plan", {"plan": "enterprise"})
    urls = [f"https://www.example.com/{number}" for number in range(500)]
    assert cloudflare.result("POST", PURGE, {"files": urls}) == {"id": ZONE}
    assert cloudflare.refused("POST", PURGE, {"files": [*urls, urls[0]]}) == (400, 1094)

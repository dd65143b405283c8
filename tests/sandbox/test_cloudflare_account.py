"""What stands around the sandbox's Cloudflare: tokens, limits, envelopes, plans, load balancers, and its own SDK."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import cloudflare as sdk
import httpx
import pytest

from tests.sandbox.cloudflare_calls import ACCOUNT, API, PREFIX, QUEUE, ZONE, Calls, queue, records
from tests.sandboxed import Sandbox

POOL = "1" * 32


@pytest.fixture
def cloudflare(sandbox: Sandbox) -> Calls:
    return Calls(sandbox)


@pytest.mark.parametrize("path", ["/user/tokens/verify", f"/accounts/{ACCOUNT}/tokens/verify"])
def test_any_well_formed_token_is_good(cloudflare: Calls, path: str) -> None:
    assert cloudflare.result("GET", path)["status"] == "active"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 9106),
        ({"X-Auth-Email": "a@example.com"}, 9106),
        ({"X-Auth-Email": "nobody", "X-Auth-Key": "0" * 37}, 6003),
        ({"X-Auth-Email": "a@example.com", "X-Auth-Key": "no key"}, 6003),
        ({"Authorization": "Bearer"}, 6003),
        ({"Authorization": "Bearer two words-and-more"}, 6003),
        ({"Authorization": "Basic c29tZWJvZHk6ZWxzZQ=="}, 6003),
    ],
)
def test_without_a_well_formed_token_nothing_is_answered(sandbox: Sandbox, headers: dict[str, str], code: int) -> None:
    assert Calls(sandbox, token="").refused("GET", "/zones", headers=headers) == (400, code)


def test_an_expired_token_says_so_of_itself_and_may_do_nothing(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/cloudflare/tokens", {"state": "expired", "token": "somebody-elses-token"})
    assert cloudflare.result("GET", "/user/tokens/verify")["status"] == "expired"
    assert cloudflare.refused("GET", "/zones") == (401, 10000)
    assert Calls(sandbox, token="another-token").result("GET", "/zones")


def test_a_token_may_lack_a_right(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/cloudflare/tokens", {"lacks": ["dns:edit", "cache:edit"]})
    id = cloudflare.record(API)["id"]
    assert cloudflare.refused("PATCH", records(id), {"ttl": 60}) == (403, 10000)
    assert cloudflare.refused("POST", f"/zones/{ZONE}/purge_cache", {"purge_everything": True}) == (403, 10000)
    assert cloudflare.result("GET", f"/zones/{ZONE}")["permissions"] == [
        "#zone:read",
        "#dns_records:read",
        "#zone_settings:read",
    ]
    sandbox.post("/cloudflare/tokens", {"lacks": []})
    assert cloudflare.result("PATCH", records(id), {"content": "backup.example.com"})


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing/here", (404, 7003)),
        ("GET", "/zones/not-an-id", (404, 7003)),
        ("GET", "/zones/not-an-id/dns_records", (404, 7003)),
        ("PUT", "/zones", (405, 10405)),
        ("GET", f"/zones/{'f' * 32}", (403, 9109)),
        ("GET", f"/accounts/{'f' * 32}", (403, 9109)),
        ("GET", f"/zones/{ZONE}/settings/nothing", (400, 1007)),
        ("GET", "/zones?page=many", (400, 1001)),
    ],
)
def test_errors_come_in_the_envelope(cloudflare: Calls, method: str, path: str, expected: tuple[int, int]) -> None:
    assert cloudflare.refused(method, path) == expected


def test_the_addresses_of_the_network_are_told_to_everyone(sandbox: Sandbox) -> None:
    assert Calls(sandbox, token="").result("GET", "/ips")["ipv4_cidrs"]


def test_every_answer_says_how_much_is_left(cloudflare: Calls) -> None:
    first, second = cloudflare("GET", "/zones").headers, cloudflare("GET", "/zones").headers
    assert int(first["x-ratelimit-remaining"]) - int(second["x-ratelimit-remaining"]) == 1
    assert first["x-ratelimit-limit"] == "1200"
    assert parsedate_to_datetime(first["x-ratelimit-reset"])
    assert "cf-ray" in first


def test_who_asks_too_often_is_locked_out_for_five_minutes(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/clock", {"speed": 1})
    sandbox.post("/cloudflare/budget", {"left": 2})
    assert [cloudflare("GET", "/zones").status_code for _ in range(4)] == [200, 200, 429, 429]
    locked = cloudflare("GET", "/zones")
    assert 240 < int(locked.headers["retry-after"]) <= 300
    assert locked.headers["x-ratelimit-remaining"] == "0"
    # Of other tokens too; but a queue can be read all the same.
    assert Calls(sandbox, token="another-token")("GET", "/zones").status_code == 429
    assert cloudflare("POST", queue("/messages/pull"), {}).status_code == 200
    sandbox.post("/clock", {"advance": 200})
    assert cloudflare("GET", "/zones").status_code == 429
    sandbox.post("/clock", {"advance": 101})
    assert cloudflare("GET", "/zones").status_code == 200


def test_1200_calls_are_let_through_and_no_more(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/clock", {"speed": 1})
    sandbox.post("/cloudflare/budget", {"left": 1200})
    began = time.monotonic()
    statuses = [cloudflare._client.get("/ips").status_code for _ in range(1201)]
    assert statuses == [200] * 1200 + [429]
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/cloudflare/plan", {"plan": "gold"}, "plan"),
        ("/cloudflare/tokens", {"state": "lost"}, "state"),
        ("/cloudflare/tokens", {"lacks": ["dns:destroy"]}, "lacks.0"),
        ("/cloudflare/budget", {"left": -1}, "left"),
        ("/cloudflare/events", {}, "key"),
        ("/cloudflare/events", {"key": "a", "action": "Rename"}, "action"),
        ("/cloudflare/events/loss", {"drop_next": "all"}, "drop_next"),
    ],
)
def test_what_the_worlds_owner_gets_wrong_is_named(sandbox: Sandbox, path: str, body: Any, field: str) -> None:
    answer = httpx.post(f"{sandbox.url}/control{path}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_the_zone_says_its_plan(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/cloudflare/plan", {"plan": "business"})
    assert cloudflare.result("GET", f"/zones/{ZONE}")["plan"]["legacy_id"] == "business"
    assert cloudflare.result("GET", "/zones", params={"name": "example.com"})[0]["id"] == ZONE
    assert cloudflare.result("GET", "/zones", params={"name": "other.example"}) == []


def test_switching_a_pool_off_moves_what_is_balanced(cloudflare: Calls) -> None:
    pools = f"/accounts/{ACCOUNT}/load_balancers/pools"
    assert cloudflare.result("GET", f"{pools}/{POOL}/health")["pop_health"]
    assert cloudflare.result("PATCH", f"{pools}/{POOL}", {"enabled": False})["enabled"] is False
    assert cloudflare.effects() == [("pool.patch", "tokyo")]
    assert [pool["enabled"] for pool in cloudflare.result("GET", pools)] == [False, True]
    assert cloudflare.refused("GET", f"{pools}/{'9' * 32}") == (404, 1001)


@pytest.fixture
def official(sandbox: Sandbox) -> sdk.Cloudflare:
    """Cloudflare's own SDK, which refuses what its specification does not know."""
    url = sandbox.url + PREFIX
    return sdk.Cloudflare(api_token="a-token-of-theirs", base_url=url, max_retries=0, _strict_response_validation=True)


def test_their_sdk_reads_and_changes_records(official: sdk.Cloudflare) -> None:
    (zone,) = official.zones.list(name="example.com")
    (record,) = official.dns.records.list(zone_id=zone.id, name={"exact": API})
    after = official.dns.records.edit(
        record.id, zone_id=zone.id, name=API, type="CNAME", ttl=1, content="backup.example.com"
    )
    assert (after.content, after.proxied) == ("backup.example.com", True)
    whole = official.dns.records.list(zone_id=zone.id, per_page=100).result
    assert len(list(official.dns.records.list(zone_id=zone.id, per_page=5))) == len(whole) > 10
    with pytest.raises(sdk.NotFoundError):
        official.dns.records.get("f" * 32, zone_id=zone.id)
    with pytest.raises(sdk.BadRequestError, match="81053"):
        official.dns.records.create(zone_id=zone.id, name=API, type="CNAME", ttl=1, content="other.example.com")


def test_their_sdk_purges_and_reads_the_queue(official: sdk.Cloudflare, sandbox: Sandbox) -> None:
    purged = official.cache.purge(zone_id=ZONE, hosts=[API])
    assert purged is not None
    assert purged.id == ZONE
    sandbox.post("/cloudflare/events", {"key": "one.png"})
    pulled = official.queues.messages.pull(QUEUE, account_id=ACCOUNT, batch_size=100)
    assert pulled is not None
    acks = [{"lease_id": message.lease_id or ""} for message in pulled.messages or []]
    acknowledged = official.queues.messages.ack(QUEUE, account_id=ACCOUNT, acks=acks)  # type: ignore[arg-type]
    assert acknowledged is not None
    assert acknowledged.ack_count == len(acks) >= 1


def test_their_sdk_reads_what_is_around(official: sdk.Cloudflare) -> None:
    token = official.user.tokens.verify()
    assert token is not None
    assert token.status == "active"
    assert [account.id for account in official.accounts.list()] == [ACCOUNT]
    assert [bucket.name for bucket in official.r2.buckets.list(account_id=ACCOUNT).buckets or []] == ["gemini-images"]
    assert len(list(official.queues.list(account_id=ACCOUNT))) == 2
    assert len(list(official.load_balancers.pools.list(account_id=ACCOUNT))) == 2
    assert official.zones.settings.get("cache_level", zone_id=ZONE)


def test_records_are_listed_below_a_slash_too(cloudflare: Calls) -> None:
    assert cloudflare.result("GET", f"{records()}/") == cloudflare.result("GET", records())

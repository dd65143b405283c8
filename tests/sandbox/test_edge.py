"""The world as a user sees it: names, the CDN's cache, and origins that do not answer."""

from __future__ import annotations

import httpx
import pytest

from tests.sandboxed import Sandbox

TOKYO, CALIFORNIA = "tokyo.origin.example.com", "california.origin.example.com"
ZONE = "/cloudflare/client/v4/zones/" + "c" * 32
TOKEN = {"authorization": "Bearer sandbox-cloudflare-token"}
PLANS_ADDRESSES = [
    "api.example.com/health",
    "tokyo.origin.example.com/health",
    "backup.example.com/health",
    "california.origin.example.com/health",
    "frankfurt.origin.example.com/health",
    "cdn.example.com/health",
    "tokyo.origin.example.com/health/static",
    "backup-cdn.example.com/health",
    "california.origin.example.com/health/static",
    "images.example.com/health",
    "tokyo.origin.example.com/health/storage",
    "california.origin.example.com/health/storage",
    "tokyo.origin.example.com/health/cache",
    "california.origin.example.com/health/cache",
    "tokyo.origin.example.com/health/database",
    "california.origin.example.com/health/database",
]


def ask(sandbox: Sandbox, address: str, method: str = "GET", timeout: float = 10) -> httpx.Response:
    return httpx.request(method, f"{sandbox.url}/edge/{address}", timeout=timeout)


def point(sandbox: Sandbox, name: str, content: str) -> None:
    """PATCH the record, as a failover does."""
    records = httpx.get(f"{sandbox.url}{ZONE}/dns_records", params={"name.exact": name}, headers=TOKEN).json()["result"]
    address = f"{sandbox.url}{ZONE}/dns_records/{records[0]['id']}"
    assert httpx.patch(address, json={"content": content}, headers=TOKEN).json()["success"]


def purge(sandbox: Sandbox, what: str = "purge_cache", **which: object) -> None:
    body = which or {"purge_everything": True}
    assert httpx.post(f"{sandbox.url}{ZONE}/{what}", json=body, headers=TOKEN).json()["success"]


@pytest.mark.parametrize("address", PLANS_ADDRESSES)
def test_every_health_address_of_the_plan_answers(sandbox: Sandbox, address: str):
    answer = ask(sandbox, address)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_the_cdn_says_that_it_was_there(sandbox: Sandbox):
    answer = ask(sandbox, "api.example.com/health")
    assert answer.headers["server"] == "cloudflare"
    assert answer.headers["cf-ray"].endswith("-NRT")
    assert answer.headers["cf-cache-status"] == "DYNAMIC"
    assert "cf-ray" not in ask(sandbox, f"{TOKYO}/health").headers


def test_images_are_served_from_the_cache_until_it_is_purged(sandbox: Sandbox):
    sandbox.post("/clock", {"speed": 1})
    path = "images.example.com/images/77.webp"
    statuses = [ask(sandbox, path).headers["cf-cache-status"] for _ in range(2)]
    purge(sandbox)
    statuses += [ask(sandbox, path).headers["cf-cache-status"] for _ in range(2)]
    assert statuses == ["MISS", "HIT", "MISS", "HIT"]


def test_a_patched_record_moves_the_traffic_once_its_ttl_has_passed(sandbox: Sandbox):
    sandbox.post("/clock", {"speed": 1})
    assert ask(sandbox, "api.example.com/health").json()["region"] == "asia-northeast-1"
    point(sandbox, "api.example.com", "backup.example.com")
    assert ask(sandbox, "api.example.com/health").json()["region"] == "asia-northeast-1"
    sandbox.post("/clock", {"advance": 300})
    assert ask(sandbox, "api.example.com/health").json()["region"] == "us-west-1"


def test_dns_lag_keeps_the_old_answer_longer(sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "dns-lag", "seconds": 3600, "name": "api.example.com"})
    point(sandbox, "api.example.com", "backup.example.com")
    sandbox.post("/clock", {"advance": 1200})
    assert ask(sandbox, "api.example.com/health").json()["region"] == "asia-northeast-1"
    sandbox.post("/clock", {"advance": 3600})
    assert ask(sandbox, "api.example.com/health").json()["region"] == "us-west-1"


def test_a_region_that_is_silent_is_a_522_at_the_cdn_and_no_answer_when_asked_directly(sandbox: Sandbox):
    sandbox.post("/clock", {"speed": 600})
    sandbox.post("/faults", {"kind": "region-lost", "region": "asia-northeast-1"})
    assert ask(sandbox, "api.example.com/health").status_code == 522
    with pytest.raises((httpx.ReadTimeout, httpx.ReadError)):
        ask(sandbox, f"{TOKYO}/health", timeout=5)
    assert ask(sandbox, f"{CALIFORNIA}/health").status_code == 200


def test_a_region_that_resets_is_a_521_at_the_cdn_and_a_reset_when_asked_directly(sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "region-lost", "region": "asia-northeast-1", "how": "reset"})
    assert ask(sandbox, "api.example.com/health").status_code == 521
    with pytest.raises(httpx.ReadError):
        ask(sandbox, f"{TOKYO}/health")


def test_a_cdn_outage_leaves_the_origins_well(sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "cdn-outage"})
    answer = ask(sandbox, "api.example.com/health")
    assert (answer.status_code, answer.headers["server"]) == (500, "cloudflare")
    assert "cloudflare" in answer.text
    assert ask(sandbox, f"{TOKYO}/health").status_code == 200


def test_api_errors_leave_static_pages_and_other_regions_well(sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "api-errors", "region": "asia-northeast-1"})
    assert ask(sandbox, "api.example.com/api/images").status_code == 500
    health = ask(sandbox, "api.example.com/health")
    assert (health.status_code, health.json()["status"]) == (503, "failing")
    assert ask(sandbox, f"{TOKYO}/health/static").status_code == 200
    assert ask(sandbox, f"{CALIFORNIA}/api/images").status_code == 200


def test_a_slow_region_takes_its_time_in_the_world(sandbox: Sandbox):
    sandbox.post("/clock", {"speed": 10})
    sandbox.post("/faults", {"kind": "region-slow", "region": "asia-northeast-1", "seconds": 5})
    assert ask(sandbox, f"{TOKYO}/health").elapsed.total_seconds() >= 0.5


def test_what_is_purged_before_the_switch_is_gone_and_what_is_invalidated_still_serves(sandbox: Sandbox):
    sandbox.post("/clock", {"speed": 600})
    path = "images.example.com/images/5.webp"
    ask(sandbox, path)
    sandbox.post("/faults", {"kind": "region-lost", "region": "asia-northeast-1", "how": "reset"})
    purge(sandbox, "invalidate_cache", hosts=["images.example.com"])
    stale = ask(sandbox, path)
    assert (stale.status_code, stale.headers["cf-cache-status"]) == (200, "STALE")
    purge(sandbox)
    assert ask(sandbox, path).status_code == 521


def test_a_name_that_leads_nowhere_is_told_as_such(sandbox: Sandbox):
    answer = ask(sandbox, "nobody.example.com/")
    assert (answer.status_code, answer.json()["error"]) == (502, "no-such-name")
    assert answer.headers["x-sandbox-dns"] == "NXDOMAIN"


def test_an_origin_that_does_not_resolve_is_a_530_at_the_cdn(sandbox: Sandbox):
    point(sandbox, "api.example.com", "gone.example.com")
    sandbox.post("/clock", {"advance": 400})
    assert ask(sandbox, "api.example.com/health").status_code == 530


def test_head_has_no_body_and_other_methods_reach_the_product(sandbox: Sandbox):
    head = ask(sandbox, "api.example.com/health", "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert ask(sandbox, "api.example.com/api/records", "POST").status_code == 201
    assert ask(sandbox, "api.example.com/api/records", "DELETE").status_code == 405


def test_a_canary_cannot_be_forged_from_outside(sandbox: Sandbox):
    headers = {"x-sandbox-canary": "999999+1"}
    httpx.post(f"{sandbox.url}/edge/api.example.com/api/records", headers=headers)
    assert ask(sandbox, "api.example.com/api/records/999999").status_code == 404


@pytest.mark.parametrize("path", ["", "/", "api.example.com", "api.example.com//", "api.example.com/%00", "..%2f..%2f"])
def test_odd_addresses_are_answered(sandbox: Sandbox, path: str):
    assert ask(sandbox, path).status_code < 600


CANARIES = ["canary.example.net/", "canary.example.org/", "canary.example.edu/"]


@pytest.mark.parametrize("story", ["region-outage", "cdn-outage", "api-errors"])
def test_independent_hosts_answer_whatever_is_broken(sandbox: Sandbox, story: str):
    sandbox.post("/scenarios", {"name": story})
    assert {ask(sandbox, canary).status_code for canary in CANARIES} == {200}


def test_independent_hosts_do_not_answer_a_console_that_is_cut_off(sandbox: Sandbox):
    sandbox.post("/scenarios", {"name": "console-isolated"})
    for canary in CANARIES:
        with pytest.raises(httpx.TransportError):
            ask(sandbox, canary)

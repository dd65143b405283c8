"""Tokyo goes dark, and we bring users back by hand through our own clients: the truth log agrees with what was done.

The order is the plan's, but for one thing: the CDN's cache is purged only once the new origin answers.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx
import pytest

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.cdn import Targets
from dr_console.providers.capabilities.dns import DnsRecord, Pointing
from dr_console.providers.deadlines import Deadline
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]

HOSTS = ("api.example.com", "www.example.com", "edge.example.com", "images.example.com")
STANDBY = "gemini-toolbox-standby"
INCIDENT = "INC-2026-001"
ZONE = "/cloudflare/client/v4/zones/" + "c" * 32
TOKEN = {"authorization": "Bearer sandbox-cloudflare-token"}


@pytest.fixture
def deadline() -> Deadline:
    return Deadline.after(60)


@pytest.fixture
def world(in_sandbox: Sandbox) -> Sandbox:
    """Ten minutes into an ordinary day, with its clock slow enough for us to be quick in it."""
    in_sandbox.reset(speed=1)
    in_sandbox.post("/clock", {"advance": 600})
    return in_sandbox


def health(world: Sandbox, host: str = "api.example.com") -> httpx.Response:
    return httpx.get(f"{world.url}/edge/{host}/health", timeout=30)


def region(world: Sandbox, host: str = "api.example.com") -> str:
    answer = health(world, host)
    return str(answer.json()["region"]) if answer.status_code == 200 else f"status {answer.status_code}"


def break_tokyo(world: Sandbox, **parameters: Any) -> None:
    world.post("/scenarios", {"name": "region-outage", "parameters": {"how": "reset", **parameters}})


def point_all_at_the_backup(deadline: Deadline) -> list[DnsRecord]:
    pointings = [Pointing(host, "backup.example.com") for host in HOSTS]
    return registry.dns().point_all(pointings, reference=INCIDENT, deadline=deadline)


def verify(world: Sandbox, expected: str, *, attempts: int = 10, every: float = 30) -> float:
    """The plan's: up to ten times, thirty seconds apart. When the first good answer came, on the world's clock."""
    for _ in range(attempts):
        if region(world) == expected:
            return float(world.get("/clock")["now"])
        world.post("/clock", {"advance": every})
    raise AssertionError(f"{region(world)} after {attempts} attempts")


def without_comment(record: DnsRecord) -> tuple[Any, ...]:
    return (record.id, record.name, record.type, record.ttl, record.proxied, record.tags)


def test_the_region_outage_from_break_to_put_back(world: Sandbox, held: None, deadline: Deadline):
    dns, deployments = registry.dns(), registry.deployments()
    before = [dns.record(host, deadline=deadline) for host in HOSTS]
    assert region(world) == "asia-northeast-1"

    # Break, and let users fail for a minute before anybody notices.
    break_tokyo(world)
    world.post("/clock", {"advance": 60})
    assert health(world).status_code == 521
    (episode,) = world.get("/truth")["episodes"]
    assert episode["name"] == "region-outage"
    assert episode["first_failed_at"] - episode["failed_at"] <= 2

    # The standby first: promote what is ready there, and wait for it.
    shown = deployments.current(STANDBY, deadline=deadline)
    candidates = deployments.deployments(STANDBY, ready_only=True, deadline=deadline)
    other = next(each for each in candidates if shown is None or each.id != shown.id)
    deployments.promote(STANDBY, other.id, deadline=deadline)
    world.post("/clock", {"advance": 30})
    deployments.wait_until_switched(STANDBY, other.id, deadline=deadline)

    # Then the names, of which nothing but content and comment may change.
    after = point_all_at_the_backup(deadline)
    assert [record.content for record in after] == ["backup.example.com"] * len(HOSTS)
    assert [without_comment(record) for record in after] == [without_comment(record) for record in before]
    assert all(INCIDENT in record.comment for record in after)
    assert all(record.proxied for record in after)

    verified_at = verify(world, "us-west-1")
    registry.cdn().purge(Targets(everything=True), deadline=deadline)
    world.post("/clock", {"advance": 60})
    assert all(region(world, host) == "us-west-1" for host in HOSTS)

    # What the truth says of it.
    truth = world.get("/truth")
    (episode,) = truth["episodes"]
    assert episode["first_good_at"] == pytest.approx(verified_at, abs=35)
    assert episode["first_good_at"] <= verified_at + 5
    assert 60 <= episode["rto_seconds"] <= 15 * 60
    assert [name for name, service in episode["services"].items() if service["failed"]] == ["api"]
    assert episode["canaries_refused"] == pytest.approx(episode["rto_seconds"], abs=2)
    assert (truth["canaries"]["lost"], truth["canaries"]["rpo_seconds"]) == (0, 0.0)
    effects = world.get("/truth/effects")["effects"]
    # What came about by itself later, as production showing what was promoted, belongs to no request.
    done = Counter((effect["vendor"], effect["what"]) for effect in effects if effect["request"])
    assert done == {
        ("cloudflare", "dns.patch"): len(HOSTS),
        ("vercel", "production.promote"): 1,
        ("cloudflare", "cache.purge"): 1,
    }
    assert truth["doubles"] == []

    # Tokyo comes back, and so do its users.
    world.post("/heal")
    assert region(world, "tokyo.origin.example.com") == "asia-northeast-1"
    restored = dns.put_all_back(before, deadline=deadline)
    assert [(*without_comment(record), record.content, record.comment) for record in restored] == [
        (*without_comment(record), record.content, record.comment) for record in before
    ]
    verify(world, "asia-northeast-1")
    world.post("/clock", {"advance": 60})
    truth = world.get("/truth")
    assert truth["users"]["error_rate"] == 0
    assert truth["episodes"][0]["healed_at"] is not None
    assert len(truth["episodes"][0]["services"]["api"]["outages"]) == 1
    assert truth["doubles"] == []


def test_traffic_follows_within_five_minutes_and_not_before_the_old_answer_has_expired(
    world: Sandbox, deadline: Deadline
):
    point_all_at_the_backup(deadline)
    seen = []
    for _ in range(11):
        seen.append(region(world))
        world.post("/clock", {"advance": 30})
    assert seen[0] == "asia-northeast-1"
    assert seen[-1] == "us-west-1"
    assert sorted(seen) == seen  # it moves once, and never back


def test_purging_before_the_switch_makes_an_outage_of_what_the_cache_still_served(world: Sandbox, deadline: Deadline):
    break_tokyo(world)
    world.post("/clock", {"advance": 60})
    assert world.get("/truth")["episodes"][0]["services"].get("object-storage", {}).get("failed", 0) == 0
    registry.cdn().purge(Targets(everything=True), deadline=deadline)
    world.post("/clock", {"advance": 60})
    assert world.get("/truth")["episodes"][0]["services"]["object-storage"]["failed"] > 0


def test_invalidating_before_the_switch_does_not(world: Sandbox, deadline: Deadline):
    break_tokyo(world)
    registry.cdn().invalidate(Targets(everything=True), deadline=deadline)
    world.post("/clock", {"advance": 60})
    assert world.get("/truth")["episodes"][0]["services"].get("object-storage", {}).get("failed", 0) == 0


def test_the_put_of_the_plans_script_would_have_turned_the_cdn_off(world: Sandbox, deadline: Deadline):
    before = registry.dns().record("api.example.com", deadline=deadline)
    body = {"type": "CNAME", "name": "api.example.com", "content": "backup.example.com"}
    address = f"{world.url}{ZONE}/dns_records/{before.id}"
    assert httpx.put(address, json=body, headers=TOKEN).json()["success"]
    assert not registry.dns().record("api.example.com", deadline=deadline).proxied
    world.post("/clock", {"advance": 300})
    # backup.example.com is proxied itself; the name that users know is not.
    published = {record["name"]: record["proxied"] for record in world.get("/world")["dns"]}
    assert published["api.example.com"] is False
    registry.dns().put_back(before, deadline=deadline)
    assert registry.dns().record("api.example.com", deadline=deadline).proxied


def test_a_lost_answer_leaves_the_effect_and_the_client_says_that_it_may_have_happened(
    world: Sandbox, deadline: Deadline
):
    deployments = registry.deployments()
    current = deployments.current(STANDBY, deadline=deadline)
    assert current is not None
    world.post("/faults", {"kind": "timeout-after-effect", "vendor": "vercel", "route": "POST *", "times": 1})
    with pytest.raises(ProviderError) as raised:
        deployments.redeploy(current.id, reference=INCIDENT, deadline=Deadline.after(1))
    assert (raised.value.problem, raised.value.outcome) == (Problem.TIMED_OUT, Outcome.UNKNOWN)
    # Looking tells that it happened, so that nobody does it twice.
    assert deployments.redeployed(STANDBY, reference=INCIDENT, deadline=deadline) is not None
    assert world.get("/truth")["effects"]["vercel"] == 1
    assert world.get("/truth")["doubles"] == []


def test_an_isolated_console_cannot_tell_but_the_truth_can(world: Sandbox):
    world.post("/scenarios", {"name": "console-isolated"})
    with pytest.raises(ProviderError) as raised:
        registry.dns().record("api.example.com", deadline=Deadline.after(2))
    assert raised.value.problem in (Problem.BROKEN, Problem.UNREACHABLE)
    with pytest.raises(httpx.ReadError):
        health(world)
    world.post("/clock", {"advance": 120})
    episode = world.get("/truth")["episodes"][-1]
    assert all(service["failed"] == 0 for service in episode["services"].values())


def test_on_a_fast_clock_the_story_takes_seconds(in_sandbox: Sandbox, deadline: Deadline):
    in_sandbox.reset(speed=300)
    break_tokyo(in_sandbox)
    point_all_at_the_backup(deadline)
    until = time.monotonic() + 20
    while region(in_sandbox) != "us-west-1":
        assert time.monotonic() < until
        time.sleep(0.05)


def test_when_the_cdn_fails_the_static_files_move_to_the_other_one(world: Sandbox, deadline: Deadline):
    world.post("/scenarios", {"name": "cdn-outage"})
    world.post("/clock", {"advance": 60})
    assert (health(world, "cdn.example.com").status_code, region(world, "tokyo.origin.example.com")) == (
        500,
        "asia-northeast-1",
    )
    pointing = Pointing("cdn.example.com", "backup-cdn.example.com")
    registry.dns().point(pointing, reference=INCIDENT, deadline=deadline)
    world.post("/clock", {"advance": 400})
    services = world.get("/truth")["episodes"][0]["services"]
    assert health(world, "cdn.example.com").status_code == 200
    assert 60 <= services["cdn"]["rto_seconds"] <= 400
    assert services["web"]["rto_seconds"] is None  # a proxied name stays with the CDN that fails

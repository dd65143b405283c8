"""Health checks of the pretend world: what the console sees when Tokyo goes dark, and what DNS says meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dr_console.providers.capabilities.probe import Failure, JsonCheck, ProbeResult, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe_now
from tests.ports import free_port
from tests.sandboxed import Sandbox, running_sandbox

API = "https://api.example.com/health"


@pytest.fixture(scope="module")
def dns_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def _world(dns_port: int) -> Iterator[Sandbox]:
    with running_sandbox("--dns-port", str(dns_port)) as sandbox:
        yield sandbox


@pytest.fixture
def world(_world: Sandbox, settings: Any) -> Sandbox:
    settings.DR_EDGE_URL, settings.DR_ALLOWED_NETWORKS = f"{_world.url}/edge", []
    _world.reset()
    return _world


def ask(url: str = API, seconds: float = 5, **wanted: Any) -> ProbeResult:
    return probe_now(Target(url, **wanted), deadline=Deadline.after(seconds))


def test_the_product_is_well(world):
    result = ask(json=JsonCheck("status", "ok"))
    assert result.ok, result.sentence
    assert result.url == API
    assert (result.edge.server, result.edge.colo) == ("cloudflare", "NRT")


def test_a_region_that_is_lost_shows_at_the_cdn_and_directly(world):
    world.post("/scenarios", {"name": "region-outage", "parameters": {"how": "reset"}})
    assert ask().failure is Failure.STATUS
    assert ask("https://tokyo.origin.example.com/health").failure is Failure.RESET
    assert ask("https://california.origin.example.com/health").ok
    world.post("/heal")
    assert ask().ok


def test_an_api_that_fails_answers_with_its_status(world):
    world.post("/scenarios", {"name": "api-errors"})
    result = ask()
    assert (result.failure, result.status) == (Failure.STATUS, 503)


def test_a_host_that_nobody_knows(world):
    assert not ask("https://nowhere.example.com/health").ok


def test_dns_says_for_how_long_an_answer_is_kept(world, dns_port):
    result = ask("https://tokyo.origin.example.com/health", dns_server=f"127.0.0.1:{dns_port}")
    assert result.ok, result.sentence
    assert result.lookup.addresses == ("192.0.2.10",)
    assert result.lookup.ttl is not None
    assert 0 < result.lookup.ttl <= 300

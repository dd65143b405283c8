"""The customer's product in small, as its users meet it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dr_console.sandbox.clock import Clock
from dr_console.sandbox.exchange import Ask, Reply
from dr_console.sandbox.world import World
from tests.sandboxed import Sandbox


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def world() -> World:
    return World(Clock(real=Hand()))


def ask(world: World, path: str, method: str = "GET", query: str = "") -> Reply:
    return world.product.answer(Ask(method, "x", path, query), world.origins["tokyo.origin.example.com"])


LEVELS = [
    (0, {"/api/analytics": 200, "/api/recommendations": 200, "/api/export": 200, "/api/images": 200}),
    (1, {"/api/analytics": 503, "/api/recommendations": 503, "/api/export": 200, "/api/images": 200}),
    (2, {"/api/analytics": 503, "/api/export": 503, "/api/images/generate": 503, "/api/images": 200}),
    (3, {"/api/images": 503, "/api/search": 503, "/": 200, "/static/app.js": 200}),
]


@pytest.mark.parametrize(("level", "statuses"), LEVELS)
def test_a_degradation_level_turns_features_off(world: World, level: int, statuses: dict[str, int]):
    world.settings_store["degradation_level"] = {"level": level, "incident": "INC-2026-001"}
    assert {path: ask(world, path).status for path in statuses} == statuses


@pytest.mark.parametrize("value", [2, "2", {"level": 2}, {"level": "2"}])
def test_the_level_is_read_however_it_is_written(world: World, value: Any):
    world.settings_store["degradation_level"] = value
    expected = 0 if value == {"level": "two"} else 2
    assert world.product.level() == expected


@pytest.mark.parametrize("value", [None, "", "two", -1, 4, 1.5, True, [], {}, {"level": None}, {"level": "²"}])
def test_what_is_no_level_is_the_normal_one(world: World, value: Any):
    world.settings_store["degradation_level"] = value
    assert world.product.level() == 0


def test_the_severe_level_says_so_on_every_page(world: World):
    world.settings_store["degradation_level"] = 3
    assert "系统维护中" in ask(world, "/").body.decode()
    assert "系统维护中" in ask(world, "/health").body.decode()
    assert ask(world, "/health").status == 200


def test_what_is_kept_at_the_edge_is_kept_longer_at_each_level(world: World):
    kept = []
    for level in range(4):
        world.settings_store["degradation_level"] = level
        kept.append(int(ask(world, "/").headers["cache-control"].partition("max-age=")[2].partition(",")[0]))
    assert kept == sorted(set(kept))


def test_stopped_writes_are_refused_and_reading_goes_on(world: World):
    world.stores.database().accepts_writes = False
    assert ask(world, "/api/records", "POST").status == 503
    assert ask(world, "/api/records").status == 200


def test_without_its_database_the_api_fails_and_pages_do_not(world: World):
    world.stores.databases.clear()
    assert ask(world, "/health/database").status == 503
    assert ask(world, "/health").status == 503
    assert ask(world, "/api/images").status == 503
    assert ask(world, "/").status == 200


def test_without_its_cache_the_api_is_slow_and_well(world: World):
    world.stores.caches["gemini-cache"].available = False
    assert ask(world, "/health/cache").status == 503
    assert ask(world, "/health").status == 200
    assert ask(world, "/api/images").seconds > 0.5


def test_without_its_objects_images_fail(world: World):
    world.stores.object_obstacles.append(lambda: "R2 is down")
    assert ask(world, "/images/1.webp").status == 503
    assert ask(world, "/health/storage").status == 503


def test_a_lost_index_finds_nothing_until_it_is_rebuilt(sandbox: Sandbox):
    sandbox.post("/scenarios", {"name": "data-loss"})
    search = f"{sandbox.url}/edge/api.example.com/api/search?q=a"
    assert httpx.get(search).status_code == 503
    task = httpx.post(f"{sandbox.url}/search/rebuild").json()["task"]
    state = httpx.get(f"{sandbox.url}/search/tasks/{task}").json()
    assert (state["status"], state["percent"] < 100) == ("running", True)
    sandbox.post("/clock", {"advance": 120})
    assert httpx.get(f"{sandbox.url}/search/tasks/{task}").json()["status"] == "succeeded"
    assert httpx.get(search).json()["results"]


def test_canaries_are_written_every_second_and_can_be_read(sandbox: Sandbox):
    sandbox.post("/clock", {"advance": 60})
    newest = httpx.get(f"{sandbox.url}/edge/api.example.com/api/records").json()["newest"]
    assert newest >= 60
    assert httpx.get(f"{sandbox.url}/edge/api.example.com/api/records/{newest}").status_code == 200
    assert httpx.get(f"{sandbox.url}/edge/api.example.com/api/records/{newest + 10_000}").status_code == 404


def test_users_ask_a_hundred_times_a_second(sandbox: Sandbox):
    sandbox.post("/clock", {"advance": 120})
    assert sandbox.get("/truth")["users"]["requests_per_second"] >= 100

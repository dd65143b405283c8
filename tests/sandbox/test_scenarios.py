"""Named stories: each breaks what it says and nothing else, and is healed as one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandboxed import Sandbox

NAMES = [
    "api-errors",
    "cdn-outage",
    "region-outage",
    "data-loss",
    "slow-recovery",
    "vendor-down",
    "flapping",
    "console-isolated",
]


def start(sandbox: Sandbox, name: str, **parameters: Any) -> Any:
    return sandbox.post("/scenarios", {"name": name, "parameters": parameters})


def services_that_failed(sandbox: Sandbox) -> list[str]:
    services = sandbox.get("/truth")["episodes"][-1]["services"]
    return [name for name, service in services.items() if service["failed"]]


def test_each_is_listed_with_its_parameters_in_both_languages(sandbox: Sandbox):
    listed = {scenario["name"]: scenario for scenario in sandbox.get("/scenarios")["scenarios"]}
    assert list(listed) == NAMES
    for scenario in listed.values():
        texts = [scenario["title"], scenario["description"], *(each["description"] for each in scenario["parameters"])]
        assert all(text["en"] and text["zh-hans"] for text in texts)
        assert not scenario["running"]


@pytest.mark.parametrize("name", NAMES)
def test_each_starts_without_parameters_and_heals(sandbox: Sandbox, name: str):
    assert start(sandbox, name)["running"]
    assert sandbox.delete(f"/scenarios/{name}") == {"healed": True}
    assert sandbox.get("/faults")["faults"] == []
    sandbox.post("/clock", {"advance": 1800})
    assert httpx.get(f"{sandbox.url}/edge/api.example.com/health").status_code == 200


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("api-errors", ["api"]),
        ("cdn-outage", ["api", "cdn", "object-storage", "web"]),
        ("region-outage", ["api"]),  # what is cached goes on being served
        ("data-loss", ["api"]),  # one search in four
        ("vendor-down", []),
        ("console-isolated", []),
    ],
)
def test_users_notice_what_they_should(sandbox: Sandbox, name: str, failed: list[str]):
    sandbox.post("/clock", {"advance": 60})
    start(sandbox, name)
    sandbox.post("/clock", {"advance": 120})
    assert services_that_failed(sandbox) == failed


def test_a_region_is_named_by_its_city_or_by_its_own_name(sandbox: Sandbox):
    for region in ("California", "us-west-1"):
        start(sandbox, "region-outage", region=region, how="reset")
        answers = [httpx.get(f"{sandbox.url}/edge/{name}.example.com/health") for name in ("api", "backup")]
        assert [answer.status_code for answer in answers] == [200, 521]


def test_flapping_comes_and_goes(sandbox: Sandbox):
    start(sandbox, "flapping", on_seconds=60, off_seconds=60)
    sandbox.post("/clock", {"advance": 600})
    assert len(sandbox.get("/truth")["episodes"][-1]["services"]["api"]["outages"]) >= 4


def test_of_slow_recovery_the_names_and_the_standby_are_slow(sandbox: Sandbox):
    start(sandbox, "slow-recovery")
    kinds = [fault["kind"] for fault in sandbox.get("/faults")["faults"]]
    assert kinds == ["region-lost", "dns-lag", "region-slow"]


def test_a_vendor_that_is_down_is_the_one_that_was_named(sandbox: Sandbox):
    start(sandbox, "vendor-down", vendor="slack", how="throttled")
    assert httpx.post(f"{sandbox.url}/slack/api/auth.test").status_code == 429
    assert httpx.get(f"{sandbox.url}/search/tasks/none").status_code == 404


def test_an_isolated_console_sees_everything_down_while_users_are_well(sandbox: Sandbox):
    start(sandbox, "console-isolated")
    for path in ("/edge/api.example.com/health", "/cloudflare/client/v4/user/tokens/verify"):
        with pytest.raises(httpx.ReadError):
            httpx.get(sandbox.url + path)
    sandbox.post("/clock", {"advance": 60})
    assert sandbox.get("/truth")["users"]["error_rate"] == 0


def test_started_again_it_begins_anew_with_the_new_parameters(sandbox: Sandbox):
    start(sandbox, "region-outage")
    start(sandbox, "region-outage", region="frankfurt")
    faults = sandbox.get("/faults")["faults"]
    assert [fault["region"] for fault in faults] == ["eu-central-1"]


def test_heal_ends_all_of_them(sandbox: Sandbox):
    for name in NAMES:
        start(sandbox, name)
    assert sandbox.post("/heal")["removed"] >= len(NAMES)
    assert not any(scenario["running"] for scenario in sandbox.get("/scenarios")["scenarios"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "meteor"}, "name"),
        ({"name": 5}, "name"),
        ({"name": "flapping", "parameters": []}, "parameters"),
        ({"name": "flapping", "parameters": {"region": "mars"}}, "parameters.region"),
        ({"name": "flapping", "parameters": {"region": ["tokyo"]}}, "parameters.region"),
        ({"name": "flapping", "parameters": {"on_seconds": "45"}}, "parameters.on_seconds"),
        ({"name": "flapping", "parameters": {"on_seconds": 0}}, "parameters.on_seconds"),
        ({"name": "flapping", "parameters": {"on_seconds": True}}, "parameters.on_seconds"),
        ({"name": "cdn-outage", "parameters": {"region": "tokyo"}}, "parameters.region"),
        ({"name": "cdn-outage", "shar": 1}, "shar"),
    ],
)
def test_a_wrong_start_is_refused_with_the_field(sandbox: Sandbox, body: Any, field: str):
    answer = httpx.post(f"{sandbox.url}/control/scenarios", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["message"].startswith(f"{field}: ")


def test_healing_what_is_not_there_is_told(sandbox: Sandbox):
    assert httpx.delete(f"{sandbox.url}/control/scenarios/meteor").status_code == 404
    assert sandbox.delete("/scenarios/flapping") == {"healed": False}

"""What the sandbox tells, in the words of the page. No sandbox is needed for that."""

from __future__ import annotations

from typing import Any

import pytest

from dr_console.providers.sandbox_shapes import Message, Truth, World
from dr_console.sandbox_page.queries import answers_to
from dr_console.sandbox_page.shown import Shown, said_in, shown

API, WWW, SPARE = "api.example.com", "www.example.com", "backup.example.com"
TOKYO, CALIFORNIA = "tokyo.origin.example.com", "california.origin.example.com"


def record(name: str, content: str, *, proxied: bool = True) -> dict[str, Any]:
    return {"name": name, "type": "CNAME", "content": content, "ttl": 60, "proxied": proxied}


def told(**other: Any) -> dict[str, Any]:
    return {
        "now": 1_795_000_000.0,
        "answered_by": {API: TOKYO, SPARE: CALIFORNIA, TOKYO: TOKYO},
        "dns": [record(API, TOKYO), record(SPARE, CALIFORNIA)],
        "origins": [
            {"host": TOKYO, "region": "asia-northeast-1", "city": "Tokyo", "provider": "Vercel"},
            {"host": CALIFORNIA, "region": "us-west-1", "city": "California", "provider": "Vercel"},
        ],
        "users": {"requests_per_second": 20, "error_rate": 0.0},
        **other,
    }


def seen(truth: dict[str, Any] | None = None, **other: Any) -> Shown:
    return shown(World.model_validate(told(**other)), Truth.model_validate(truth or {}), {"region-outage": "Outage"})


def states(found: Shown) -> dict[str, str]:
    return {box.place.key: box.place.state for box in found.picture.boxes}


def test_a_world_that_is_well():
    found = seen()
    assert found.good == 100
    assert states(found) == {
        "users": "ok",
        f"host:{API}": "ok",
        f"host:{SPARE}": "off",
        "cdn": "ok",
        f"origin:{TOKYO}": "ok",
        f"origin:{CALIFORNIA}": "off",
        **dict.fromkeys(("database", "cache", "objects", "search"), "ok"),
    }
    assert found.hosts[0] == (API, "Tokyo", "ok", "answers")
    assert (found.episode, found.recovering) == (None, None)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("dark", "failed"), ("failing", "failed"), ("blocked", "failed"), ("slow", "waiting"), ("cold", "waiting")],
)
def test_an_origin_in_trouble_shows_at_every_name_that_leads_to_it(state, expected):
    origins = told()["origins"]
    origins[0]["state"] = state
    found = seen(origins=origins, users={"error_rate": 0.5})
    assert states(found)[f"host:{API}"] == states(found)[f"origin:{TOKYO}"] == expected
    assert states(found)["users"] == "failed"
    assert "api.example.com: Tokyo" in found.sentence


def test_a_spare_origin_that_is_lost_is_seen_although_nobody_needs_it():
    origins = told()["origins"]
    origins[1]["state"] = "dark"
    assert states(seen(origins=origins))[f"origin:{CALIFORNIA}"] == "failed"


def test_a_cdn_that_fails_shows_at_the_names_behind_it():
    fault = {"id": "fault-1", "kind": "cdn-outage", "active": True, "made_at": 1.0}
    dns = [record(API, TOKYO), record(SPARE, CALIFORNIA, proxied=False)]
    found = seen(faults=[fault], dns=dns)
    assert states(found)["cdn"] == states(found)[f"host:{API}"] == "failed"
    assert found.hosts[1][3] == "answers"


def test_a_name_that_enters_the_cdn_by_another_name_is_behind_it():
    dns = [
        record(API, "edge.example.com", proxied=False),
        record("edge.example.com", TOKYO),
        record("a", "a", proxied=False),
    ]
    boxes = {box.place.key: box.place for box in seen(dns=dns).picture.boxes}
    assert boxes[f"host:{API}"].leads_to == ("cdn",)


def test_a_name_that_leads_nowhere():
    found = seen(answered_by={API: ""})
    assert found.hosts == [(API, "–", "failed", "leads to no origin")]


def test_what_resolvers_still_remember_is_told_with_the_seconds_left():
    kept = {"until": 1_795_000_041.0, "records": [record(API, TOKYO)]}
    found = seen(dns=[record(API, CALIFORNIA)], resolvers={"cdn": {API: kept}, "users": {}})
    assert (found.dns[0].is_old, found.dns[0].heard, found.dns[0].seconds_left) == (True, TOKYO, 41)


def test_stores_that_do_not_answer():
    product = {"why_no_database": "the database is not available", "search_index_lost": True}
    found = seen(product=product)
    assert states(found)["database"] == states(found)["search"] == "failed"
    assert states(found)["cache"] == "ok"


def test_rules_of_a_scenario_are_healed_together_and_others_one_by_one():
    faults = [
        {"id": "fault-1", "kind": "region-lost", "key": "region-outage:0", "made_at": 5.0, "hits": 2},
        {"id": "fault-2", "kind": "dns-lag", "key": "region-outage:1", "made_at": 6.0, "hits": 1},
        {"id": "fault-3", "kind": "latency", "key": "mine:0", "made_at": 7.0},
    ]
    first, second = seen(faults=faults).stories
    assert (first.name, first.heal, first.is_scenario, first.hits) == ("Outage", "region-outage", True, 3)
    assert (second.name, second.heal, second.is_scenario) == ("latency", "fault-3", False)


@pytest.mark.parametrize(
    ("episode", "recovering"),
    [
        ({"first_failed_at": 1_794_999_970.0}, 30.0),
        ({"first_failed_at": 1_794_999_970.0, "rto_seconds": 12.0}, None),
        ({}, None),
    ],
)
def test_the_clock_of_the_recovery_runs_while_users_suffer(episode, recovering):
    truth = {"episodes": [{"name": "region-outage", "failed_at": 1_794_999_960.0, **episode}]}
    found = seen(truth)
    assert (found.episode_title, found.recovering) == ("Outage", recovering)


def test_what_was_done_twice_is_told_with_its_vendor():
    truth = {
        "requests": {"cloudflare": 4, "edge": 9},
        "effects": {"cloudflare": 2},
        "doubles": [{"vendor": "cloudflare", "what": "dns.patch", "target": API, "times": 2}],
    }
    assert [(row.name, row.requests, row.doubles) for row in seen(truth).vendors] == [
        ("cloudflare", 4, [f"dns.patch {API} × 2"])
    ]


def test_deployments_of_each_project_with_the_one_in_use():
    rows = [{"id": f"dpl_{n}", "state": "READY", "created": n} for n in range(5)] + [
        {"id": "new", "state": "BUILDING", "created": 9}
    ]
    found = seen(vendors={"vercel": {"projects": [{"name": "toolbox", "shown": "dpl_1", "deployments": rows}]}})
    assert [(each.name, each.state, each.is_shown) for each in found.deployments] == [
        ("new", "running", False),
        ("dpl_4", "ok", False),
        ("dpl_1", "ok", True),
    ]


def test_snapshots_of_any_vendor():
    rows = [{"id": "s1", "source": "gemini-db", "status": "creating", "percent": 40, "created": "1"}]
    found = seen(vendors={"aws": {"snapshots": rows}, "odd": {"snapshots": "none", "projects": 3}})
    assert [(each.name, each.kind, each.state, each.percent) for each in found.snapshots] == [
        ("s1", "gemini-db", "running", 40)
    ]


def test_a_sandbox_that_says_little_is_shown_all_the_same():
    found = shown(World(now=0.0), Truth(), {})
    assert found.good is None
    assert found.hosts == []


@pytest.mark.parametrize(
    ("channel", "state", "detail", "names"),
    [
        ("pagerduty", "triggered", {"incident": "Q1"}, ["acknowledge", "escalate", "resolve"]),
        ("pagerduty", "acknowledged", {"incident": "Q1"}, ["escalate", "resolve"]),
        ("pagerduty", "resolved", {"incident": "Q1"}, []),
        ("phone", "ringing", {"call": "CA1"}, ["press-1", "press-2", "voicemail", "busy"]),
        ("phone", "completed", {"call": "CA1"}, []),
        ("phone", "queued", {"text_message": "SM1"}, []),
        ("slack", "posted", {"blocks": [{"elements": [{"type": "button", "action_id": "ack"}]}]}, ["button-0"]),
        ("slack", "posted", {"blocks": [None, {"elements": None, "accessory": {"type": "image"}}]}, []),
        ("email", "delivered", {}, []),
    ],
)
def test_how_a_message_can_be_answered(channel, state, detail, names):
    message = Message(id=1, at=0.0, channel=channel, to="+15550123", text="Help", state=state, detail=detail)
    assert [answer.name for answer in answers_to(message)] == names


def test_a_text_in_a_language_that_it_does_not_have_is_english():
    assert said_in({"en": "Outage", "zh-hans": "故障"}) == "Outage"
    assert said_in({}) == ""

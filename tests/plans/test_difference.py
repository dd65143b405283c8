"""What differs between two plans."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from dr_console.plans.difference import Change, compare
from dr_console.plans.reader import validate
from tests import make
from tests.plans.made_up import plans


@pytest.fixture
def old():
    return make.builtin_plan().content()


@pytest.fixture
def new(old):
    return deepcopy(old)


def test_a_plan_does_not_differ_from_itself(old, new):
    assert compare(old, new) == []


def test_a_value_that_changed(old, new):
    new["objectives"]["rto_minutes"] = 10
    assert compare(old, new) == [Change("changed", "objectives", "", "rto_minutes", 15, 10)]


def test_one_language_of_a_text(old, new):
    new["regions"][0]["name"]["zh-hans"] = "东京都"
    assert compare(old, new) == [Change("changed", "regions", "asia-northeast-1", "name → zh-hans", "东京", "东京都")]


def test_a_text_that_became_the_same_in_both_languages(old, new):
    new["regions"][0]["name"] = "Tokyo"
    before = {"en": "Tokyo", "zh-hans": "东京"}
    assert compare(old, new) == [Change("changed", "regions", "asia-northeast-1", "name", before, "Tokyo")]


def test_a_value_that_came_and_one_that_went(old, new):
    new["vendors"][0]["contract_number"] = "C-1"
    new["vendors"][2]["support_url"] = None
    assert compare(old, new) == [
        Change("added", "vendors", "vercel", "contract_number", None, "C-1"),
        Change("removed", "vendors", "aws", "support_url", "https://aws-support.example.com/", None),
    ]


def test_an_entry_that_came_and_one_that_went(old, new):
    gone = new["vendors"].pop(0)
    came = new["vendors"][0] | {"key": "fastly"}
    new["vendors"].append(came)
    assert compare(old, new) == [
        Change("added", "vendors", "fastly", "", None, came),
        Change("removed", "vendors", "vercel", "", gone, None),
    ]


def test_entries_that_changed_places(old, new):
    new["vendors"][0], new["vendors"][1] = new["vendors"][1], new["vendors"][0]
    before = ["vercel", "cloudflare", "aws"]
    assert compare(old, new) == [Change("changed", "vendors", "", "order", before, ["cloudflare", "vercel", "aws"])]


def test_parts_are_told_apart_by_their_identity(old, new):
    steps = new["failover_plans"][0]["steps"]
    steps[1]["timeout_seconds"] = 30
    steps[1]["parameters"]["region"] = "eu-central-1"
    gone = steps.pop()
    steps[3], steps[4] = steps[4], steps[3]
    at = ("failover_plans", "manual-failover")
    order = ["check-primary", "start-standby", "point-dns", "verify", "purge-cdn", "notify-recovered"]
    assert compare(old, new) == [
        Change("changed", *at, "steps → start-standby → parameters → region", "us-west-1", "eu-central-1"),
        Change("changed", *at, "steps → start-standby → timeout_seconds", 300, 30),
        Change("removed", *at, "steps → alert-failed", gone, None),
        Change("changed", *at, "steps → order", order, [*order[:3], "purge-cdn", "verify", "notify-recovered"]),
    ]
    channels = new["contacts"][2]["channels"]
    channels[0]["address"] = "+1-555-0199"
    found = [change for change in compare(old, new) if change.section == "contacts"]
    assert [(change.kind, change.field) for change in found] == [
        ("added", "channels → phone +1-555-0199"),
        ("removed", "channels → phone +1-555-0102"),
    ]


def test_against_nothing_everything_is_added(old):
    changes = compare({}, old)
    assert {change.kind for change in changes} == {"added"}
    assert len(changes) == sum(len(part) if isinstance(part, list) else 1 for part in old.values())


def test_a_section_of_another_release_is_compared_as_a_whole(old, new):
    new["status_page"] = {"url": "https://status.example.com"}
    assert compare(old, new) == [Change("added", "status_page", "", "", None, new["status_page"])]


def test_true_is_not_one(old, new):
    new["failover_plans"][0]["steps"][0]["parameters"]["stop_when_healthy"] = 1
    (change,) = compare(old, new)
    assert (change.before, change.after) == (True, 1)


@hypothesis_settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(plans(), plans())
def test_plans_differ_exactly_when_their_contents_do(one, other):
    one, other = validate(one).content(), validate(other).content()
    assert (compare(one, other) == []) == (json.dumps(one) == json.dumps(other))
    assert len(compare(one, other)) == len(compare(other, one))

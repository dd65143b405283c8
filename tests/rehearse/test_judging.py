"""Were the objectives met, and do console and truth agree? Facts are made up here; whole rehearsals are elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dr_console.management.rehearsal.facts import Happened, RunTold, Terms, Told
from dr_console.management.rehearsal.judging import judge
from dr_console.management.rehearsal.report import Line

TERMS = Terms("region-outage", speed=10, probe_seconds=0.5, rto_seconds=900, rpo_seconds=3600)
REFUSAL = replace(TERMS, scenario="flapping", must_act=False, because="flapping")
RUN = RunTold("1a2b3c4d", "failover", "To California", "succeeded", acted=3)
TOLD = Told(
    incident="INC-2026-001",
    failure="region_failure",
    started_at=103.0,
    detected_at=108.0,
    switched_at=115.0,
    recovered_at=410.0,
    verified_at=418.0,
    runs=(RUN,),
    calls=14,
    messages={"pagerduty": 1, "slack": 2},
)
HAPPENED = Happened(
    failed_at=100.0,
    first_failed_at=101.0,
    first_good_at=405.0,
    rto_seconds=304.0,
    switched_at=114.0,
    effects=6,
    messages={"pagerduty": 1, "slack": 2},
    as_before=True,
)
STILL = Happened(failed_at=100.0)
REASON = "It comes and goes: 4 changes in 15 minutes."
REFUSED = {"flapping": REASON}


def lines(terms: Terms, told: Told, happened: Happened) -> dict[str, Line]:
    return {line.key: line for line in judge(terms, told, happened)}


def wrong(terms: Terms, told: Told, happened: Happened) -> set[str]:
    return {key for key, line in lines(terms, told, happened).items() if not line.is_good}


def test_a_failover_as_it_should_be_has_nothing_wrong():
    found = lines(TERMS, TOLD, HAPPENED)
    assert wrong(TERMS, TOLD, HAPPENED) == set()
    assert (found["detected_after"].console, found["detected_after"].truth) == (5.0, 7.0)
    assert (found["failed_over_after"].console, found["failed_over_after"].truth) == (12.0, 13.0)
    assert (found["rto"].console, found["rto"].truth, found["rto"].goal) == (307.0, 304.0, 900)
    assert found["verified_after"].console == 315.0
    assert (found["calls"].console, found["changes"].truth, found["doubled"].truth) == (14, 6, 0)


@pytest.mark.parametrize(
    ("told", "happened", "keys"),
    [
        ({"recovered_at": 1010.0}, {"rto_seconds": 908.0, "first_good_at": 1009.0}, {"rto"}),
        ({"recovered_at": None}, {}, {"rto"}),
        ({"verified_at": None}, {}, {"verified_after"}),
        ({"detected_at": None}, {}, {"detected_after"}),
        ({"started_at": 160.0}, {}, {"detected_after"}),  # as if users had failed a minute later than they did
        ({"switched_at": 20.0}, {}, {"failed_over_after"}),
        ({"recovered_at": 300.0}, {}, {"rto"}),  # as if they had been served 105 s before they were
        ({}, {"rpo_seconds": 4000.0}, {"rpo"}),
        ({}, {"lost": 1}, {"lost_canaries"}),
        ({}, {"doubles": ("cloudflare dns.patch api.example.com 2 times",)}, {"doubled"}),
        ({}, {"messages": {"slack": 2}}, {"alerts"}),
        ({"messages": {}}, {"messages": {}}, {"alerts"}),
        ({"unsent": 1}, {}, {"alerts"}),
        ({"runs": ()}, {}, {"runs", "changes"}),
        ({"runs": (RUN, RUN)}, {}, {"runs"}),
        ({"runs": (replace(RUN, state="paused_by_failed_step"),)}, {}, {"runs"}),
        ({}, {"as_before": False}, {"put_back"}),
    ],
)
def test_what_is_not_as_it_should_be_is_named(told, happened, keys):
    assert wrong(TERMS, replace(TOLD, **told), replace(HAPPENED, **happened)) == keys


def test_times_may_differ_by_one_round_and_one_look_of_the_console():
    assert TERMS.tolerance_seconds == pytest.approx((0.5 + 2.0) * 10 + 2.0)
    assert wrong(TERMS, replace(TOLD, recovered_at=405.0 + 27.0), HAPPENED) == set()
    assert wrong(TERMS, replace(TOLD, recovered_at=405.0 + 27.5), HAPPENED) == {"rto"}


def test_the_slower_of_console_and_truth_has_to_keep_the_objective():
    terms = replace(TERMS, rto_seconds=305)
    assert wrong(terms, TOLD, HAPPENED) == {"rto"}  # 304 s in truth, but the console says 307 s


def test_a_refusal_with_a_reason_is_right():
    assert wrong(REFUSAL, Told(refusals=REFUSED), STILL) == set()


@pytest.mark.parametrize(
    ("told", "happened", "keys"),
    [
        (Told(), STILL, {"reasons"}),
        (Told(refusals={"cool_down": "It was switched not long ago."}), STILL, {"reasons"}),
        (Told(runs=(RUN,), refusals=REFUSED), replace(STILL, effects=3, switched_at=110.0), {"runs"}),
        (Told(refusals=REFUSED), replace(STILL, effects=3, switched_at=110.0), {"runs", "changes"}),
    ],
)
def test_acting_where_waiting_is_right_is_wrong(told, happened, keys):
    assert wrong(REFUSAL, told, happened) == keys

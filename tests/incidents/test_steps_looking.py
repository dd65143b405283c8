"""Steps that only look, that empty the cache, and that tell people, on the sandbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from dr_console.notifications.models import Delivery
from dr_console.providers import dry
from dr_console.runs import registry
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Sight
from dr_console.web.sentences import spoken
from incidents.models import EndpointState, ProbeLocation, ServiceEndpoint
from tests import make
from tests.incidents import carrying, stepping
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
S, R = Step.State, Run.State
VERIFY, CONFIRM, PRIMARY = "failover.verify_health", "failover.confirm_failure", "failover.check_primary"
API, WWW = "https://api.example.com/health", "https://www.example.com/health"
TOKYO = "https://tokyo.origin.example.com/health"


@pytest.fixture
def world(in_sandbox: Sandbox) -> Sandbox:
    make.plan()
    in_sandbox.reset(speed=1)
    return in_sandbox


def break_tokyo(world: Sandbox) -> None:
    world.post("/scenarios", {"name": "region-outage", "parameters": {"how": "reset"}})


def seen(url: str, place: str, *, good: int = 0, bad: int = 0, minutes: int = 0, ago: int = 0) -> None:
    """What health checks from a place have found."""
    at = now() - timedelta(seconds=ago)
    ProbeLocation.objects.update_or_create(
        name=place, defaults={"at": at, "canaries_asked": 3, "canaries_good": 3, "canaries_at": at}
    )
    for endpoint in ServiceEndpoint.objects.filter(url=url):
        EndpointState.objects.create(
            endpoint=endpoint,
            location=place,
            state="down" if bad >= 3 else "up",
            good_streak=good,
            bad_streak=bad,
            streak_began_at=at - timedelta(minutes=minutes),
            at=at,
        )


def asked(world: Sandbox) -> int:
    return len(world.get("/truth/requests", vendor="edge")["requests"])


# --- Whether it still fails ----------------------------------------------------------------------
def test_what_health_checks_have_just_seen_is_not_asked_again(world: Sandbox):
    seen(API, "here", bad=3)
    step = stepping.done(CONFIRM, {"urls": [API]})
    assert step.state == S.SUCCEEDED
    assert "down, seen from here" in step.words
    assert asked(world) == 0


def test_a_failure_that_is_still_there_is_confirmed(world: Sandbox):
    break_tokyo(world)
    step = stepping.done(CONFIRM, {"urls": [WWW, API]})
    assert (step.state, asked(world)) == (S.SUCCEEDED, 2)
    assert "521" in step.words


@pytest.mark.parametrize(("bad", "ago"), [(0, 0), (3, 600)])
def test_a_failure_that_is_over_ends_the_run(world: Sandbox, bad: int, ago: int):
    seen(API, "here", bad=bad, ago=ago)
    run = stepping.start(CONFIRM, {"urls": [API]})
    stepping.carry_out(run)
    assert run.state == R.NOT_NEEDED
    assert asked(world) == 3


def test_whoever_forces_it_goes_on_all_the_same(world: Sandbox):
    run = stepping.start(CONFIRM, {"urls": [API]}, context={"verb": "force"})
    stepping.carry_out(run)
    assert run.state == R.SUCCEEDED


def test_the_preview_says_that_the_run_would_end_there(world: Sandbox):
    with dry.only_looking():
        shown = stepping.preview(CONFIRM, {"urls": [API]})
    assert shown.observation.sight is Sight.NOT_NEEDED
    assert [(spoken(one.said), one.blocks) for one in shown.warnings] == [
        ("Users are served well now: the run would end at this step, and change nothing.", False)
    ]


# --- Whether the primary is well -----------------------------------------------------------------
def test_a_primary_that_answers_ends_the_run_and_one_that_does_not_lets_it_go_on(world: Sandbox):
    parameters = {"urls": [API], "stop_when_healthy": True}
    run = stepping.start(PRIMARY, parameters)
    stepping.carry_out(run)
    assert run.state == R.NOT_NEEDED
    break_tokyo(world)
    assert stepping.done(PRIMARY, parameters).state == S.SUCCEEDED


@pytest.mark.parametrize(
    ("minutes", "good", "ends", "words"),
    [
        (45, 500, S.SUCCEEDED, "30 minutes and more"),
        (20, 200, S.TIMED_OUT, "has been for 20"),
        (None, 0, S.TIMED_OUT, "no health check has watched it"),
    ],
)
def test_the_way_back_waits_until_the_primary_was_well_for_half_an_hour(
    world: Sandbox, minutes: int | None, good: int, ends: Step.State, words: str
):
    if minutes is not None:
        seen(TOKYO, "here", good=good, minutes=minutes)
    parameters = {"urls": [TOKYO], "healthy_minutes": 30}
    blocked = stepping.preview(PRIMARY, parameters).warnings
    assert [warning.blocks for warning in blocked] == ([] if ends == S.SUCCEEDED else [True])
    step = stepping.done(PRIMARY, parameters, timeout_seconds=1, attempts=1)
    assert step.state == ends
    assert words in step.words


def test_one_place_that_saw_it_fail_is_enough_to_wait(world: Sandbox):
    seen(TOKYO, "here", good=500, minutes=45)
    seen(TOKYO, "Osaka", bad=1)
    step = stepping.done(PRIMARY, {"urls": [TOKYO], "healthy_minutes": 30}, timeout_seconds=1, attempts=1)
    assert step.state == S.TIMED_OUT


# --- Whether users are served --------------------------------------------------------------------
def test_users_are_served_once_every_name_has_answered_well_three_times(world: Sandbox, held: None):
    began = now()
    step = stepping.done(VERIFY, {"urls": [API, WWW], "says": {"region": "asia-northeast-1"}, "through_cdn": True})
    assert step.state == S.SUCCEEDED, step.words
    first, last = (datetime.fromisoformat(step.after[name]) for name in ("first_good_at", "verified_at"))
    assert began < first < last < now()
    assert (asked(world), step.after["places"]) == (6, ["here"])


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"says": {"region": "us-west-1"}}, "does not say what it should"),
        ({"through_cdn": False}, "came through the CDN"),
        ({"urls": [TOKYO], "through_cdn": True}, "did not come through the CDN"),
        ({"urls": ["https://none.example.com/"]}, "502"),
        ({"urls": [API], "within_seconds": 0.0001}, "in time"),
    ],
)
def test_users_are_not_served_while_an_answer_is_not_as_it_should_be(world: Sandbox, wish: dict[str, Any], words: str):
    step = stepping.done(VERIFY, {"urls": [API], **wish}, timeout_seconds=1, attempts=1)
    assert step.state == S.TIMED_OUT
    assert words in step.words


def test_a_failure_in_between_begins_the_row_anew(world: Sandbox):
    rule = {"kind": "error", "vendor": "edge", "route": "GET api.example.com/health", "times": 1}
    world.post("/faults", rule | {"status": 503})
    step = stepping.done(VERIFY, {"urls": [API]})
    assert (step.state, asked(world)) == (S.SUCCEEDED, 4)


def test_every_other_place_that_is_alive_has_to_see_it_too(world: Sandbox):
    seen(API, "Osaka", good=1)
    seen(API, "long silent", bad=9, ago=600)
    step = stepping.done(VERIFY, {"urls": [API]}, timeout_seconds=1, attempts=1)
    assert step.state == S.TIMED_OUT
    assert "not well yet from Osaka" in step.words
    EndpointState.objects.filter(location="Osaka").update(good_streak=3)
    step = stepping.done(VERIFY, {"urls": [API]})
    assert (step.state, step.after["places"]) == (S.SUCCEEDED, ["Osaka", "here"])


def test_a_place_that_is_cut_off_is_no_witness(world: Sandbox):
    seen(API, "Osaka", bad=5)
    ProbeLocation.objects.filter(name="Osaka").update(canaries_good=0)
    assert stepping.done(VERIFY, {"urls": [API]}).state == S.SUCCEEDED


# --- The cache -----------------------------------------------------------------------------------
@pytest.mark.parametrize("does", ["failover.purge_cdn", "failover.invalidate_cdn"])
def test_the_cache_is_asked_once_and_there_is_nothing_to_undo(world: Sandbox, held: None, does: str):
    with dry.only_looking():
        shown = stepping.preview(does, {"everything": True})
    assert (shown.calls[0][0], shown.undo) == ("POST", {})
    assert shown.warnings
    run = stepping.start(does, {"everything": True})
    assert stepping.carry_out(run).effect == {"requests": 1}
    assert run.state == R.SUCCEEDED
    assert sum(carrying.done(world).values()) == 1


def test_a_purge_whose_answer_was_lost_is_asked_for_again_as_that_does_no_harm(world: Sandbox):
    world.post(
        "/faults", {"kind": "reset", "vendor": "cloudflare", "route": "POST *", "after_effect": True, "times": 1}
    )
    step = stepping.done("failover.purge_cdn", {"hosts": ["api.example.com"]}, tries=3)
    assert step.state == S.SUCCEEDED
    assert carrying.done(world) == {"cloudflare cache.purge": 2}


def test_a_purge_that_is_not_allowed_fails_at_once(world: Sandbox):
    world.post("/faults", {"kind": "expired-token", "vendor": "cloudflare"})
    step = stepping.done("failover.purge_cdn", {"hosts": ["api.example.com"]}, tries=3)
    assert (step.state, step.attempt) == (S.FAILED, 1)


# --- Telling people ------------------------------------------------------------------------------
def test_that_users_are_served_again_is_told_once_and_says_how_long_it_took(world: Sandbox):
    about = carrying.incident(started_at=now() - timedelta(minutes=4))
    step = stepping.done("failover.notify", {"event": "recovered"}, context={"incident": about.pk})
    assert step.state == S.SUCCEEDED
    assert step.effect["messages"] == Delivery.objects.filter(payload__event="recovered").count() > 0


def test_a_failover_that_failed_calls_everybody_in_the_first_row(world: Sandbox):
    about = carrying.incident()
    run = stepping.start(
        "failover.notify", {"event": "failover_failed", "severity": "critical"}, context={"incident": about.pk}
    )
    stepping.carry_out(run)
    channels = set(Delivery.objects.filter(payload__event="failover_failed").values_list("channel", flat=True))
    assert {"pagerduty", "phone"} <= channels


def test_without_an_incident_there_is_nobody_to_tell(world: Sandbox):
    step = stepping.done("failover.notify", {"event": "switched_back"})
    assert (step.state, step.effect) == (S.SUCCEEDED, {"messages": 0})


def test_every_step_is_told_of_in_the_documentation(settings: Any):
    page = (settings.BASE_DIR / "docs" / "failover.md").read_text()
    assert [name for name in registry.names() if name.startswith("failover.") and f"`{name}`" not in page] == []

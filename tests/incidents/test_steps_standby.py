"""Steps that have a standby take over: a project at Vercel, a cold function at AWS, and what only has to answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dr_console.providers import dry, registry
from dr_console.providers.deadlines import Deadline
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Sight
from dr_console.web.sentences import spoken
from tests import make
from tests.incidents import carrying, stepping
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
S, R = Step.State, Run.State
SWITCH, WARM, COOL = "failover.switch_region", "failover.warm_function", "failover.put_function_back"
CALIFORNIA = "https://california.origin.example.com/health"
REGION = {"provider": "vercel", "region": "us-west-1", "urls": [CALIFORNIA]}
FUNCTION = {"urls": ["https://frankfurt.origin.example.com/health"], "instances": 2}
STANDBY = "gemini-toolbox-standby"


@pytest.fixture
def world(in_sandbox: Sandbox) -> Sandbox:
    make.plan()
    in_sandbox.reset(speed=60)
    return in_sandbox


def soon() -> Deadline:
    return Deadline.after(20)


def set_standby(world: Sandbox, **change: Any) -> None:
    httpx.post(f"{world.url}/control/vercel/projects/{STANDBY}", json=change).raise_for_status()


def shown() -> str:
    return registry.deployments().project(STANDBY, deadline=soon()).current


# --- A project at Vercel -------------------------------------------------------------------------
def test_a_standby_that_is_ready_is_left_as_it_is(world: Sandbox, held: None):
    before = shown()
    step = stepping.done(SWITCH, REGION)
    assert (step.state, step.is_noop) == (S.SUCCEEDED, True)
    assert (shown(), carrying.done(world)) == (before, {})


def test_project_and_what_it_shows_are_asked_at_once(world: Sandbox, held: None):
    stepping.done(SWITCH, REGION)
    asked = world.get("/truth/requests", vendor="vercel")["requests"]
    assert sorted(one["label"].split("?")[0] for one in asked) == [
        "GET /v13/deployments/california.origin.example.com",
        f"GET /v9/projects/{STANDBY}",
    ]


def test_what_it_shows_is_found_too_where_the_provider_does_not_know_the_address(world: Sandbox):
    step = stepping.done(SWITCH, {**REGION, "urls": ["https://backup-api.example.com/health"]})
    assert (step.state, step.after["deployment"], step.after["ready"]) == (S.SUCCEEDED, shown(), True)


def test_a_paused_standby_is_let_go_on_and_paused_again_by_the_undo(world: Sandbox, held: None):
    registry.deployments().pause(STANDBY, deadline=soon())
    run = stepping.start(SWITCH, REGION)
    step = stepping.carry_out(run)
    assert (step.state, step.effect["did"]) == (S.SUCCEEDED, "unpause")
    assert not registry.deployments().project(STANDBY, deadline=soon()).paused
    assert stepping.undone(run, make.user()).state == R.ROLLED_BACK
    assert registry.deployments().project(STANDBY, deadline=soon()).paused


def test_what_is_asked_for_anew_is_built_once_and_shown_and_the_old_one_again_by_the_undo(world: Sandbox):
    before = shown()
    # The answer is lost: the deployment that carries our token is found, and not built a second time.
    world.post(
        "/faults",
        {"kind": "reset", "vendor": "vercel", "route": "POST *", "after_effect": True, "times": 1},
    )
    world.post("/clock", {"speed": 120})
    run = stepping.start(SWITCH, REGION | {"force": True}, timeout_seconds=300)
    step = stepping.carry_out(run, tries=0)
    assert step.state == S.RETRY_WAIT
    Step.objects.filter(pk=step.pk).update(intent_at=step.intent_at.replace(year=step.intent_at.year - 1))
    step = stepping.carry_out(run, tries=3)
    assert (step.state, step.effect["did"]) == (S.SUCCEEDED, "build"), step.words
    assert carrying.done(world) == {"vercel deployment.create": 1}
    assert shown() == step.effect["deployment"] != before
    stepping.undone(run, make.user())
    assert shown() == before


def test_a_build_that_fails_fails_the_step_in_the_vendors_words(world: Sandbox):
    set_standby(world, next_build_fails="Module not found")
    step = stepping.done(SWITCH, REGION | {"force": True}, timeout_seconds=300)
    assert step.state == S.FAILED
    assert "Module not found" in step.words


def test_a_standby_that_does_not_answer_well_is_not_taken(world: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("incidents.steps.standby.StartDeployment.verify_seconds", 1.0)
    set_standby(world, bad=True)
    step = stepping.done(SWITCH, REGION)
    assert step.state == S.FAILED
    assert carrying.done(world) == {}


def test_a_standby_in_another_region_than_the_plans_is_refused(world: Sandbox):
    step = stepping.done(SWITCH, REGION | {"region": "asia-northeast-1"}, tries=3)
    assert (step.state, step.attempt) == (S.FAILED, 1)
    assert "not in hnd1" in step.words


@pytest.mark.parametrize(("kind", "ends"), [("expired-token", S.FAILED), ("error", S.FAILED)])
def test_a_vendor_that_refuses_is_told_of_in_its_words(world: Sandbox, kind: str, ends: str):
    world.post("/faults", {"kind": kind, "vendor": "vercel"})
    step = stepping.done(SWITCH, REGION, tries=4)
    assert step.state == ends
    assert "Vercel" in step.words


def test_the_preview_tells_what_would_be_asked_of_vercel(world: Sandbox):
    with dry.only_looking():
        as_it_is = stepping.preview(SWITCH, REGION)
        anew = stepping.preview(SWITCH, REGION | {"force": True})
    assert (as_it_is.observation.sight, as_it_is.calls, as_it_is.undo) == (Sight.MATCHES, (), {})
    assert anew.calls[0][:2] == ("POST", "Vercel")
    set_standby(world, bad=True)
    assert stepping.preview(SWITCH, REGION).warnings[0].blocks


def test_the_preview_warns_of_a_standby_that_is_older(world: Sandbox):
    current = registry.deployments().project("gemini-toolbox", deadline=soon()).current
    registry.deployments().redeploy(current, reference="newer", deadline=soon())
    world.post("/clock", {"advance": 200})
    warnings = [spoken(warning.said) for warning in stepping.preview(SWITCH, REGION).warnings]
    assert warnings == ["What the standby shows is older than what the primary shows: by 3 h."]


# --- A cold function at AWS ----------------------------------------------------------------------
def test_the_cold_standby_is_warmed_up_and_cooled_down_by_the_undo(world: Sandbox, held: None):
    run = stepping.start(WARM, FUNCTION, timeout_seconds=120)
    step = stepping.carry_out(run)
    assert step.state == S.SUCCEEDED, step.words
    assert registry.functions().state(deadline=soon()).ordered == 2
    again = stepping.start("failover.check_standby", {"urls": FUNCTION["urls"]})
    assert again.pk == run.pk or stepping.carry_out(again).state == S.SUCCEEDED
    stepping.undone(run, make.user())
    assert registry.functions().state(deadline=soon()).ordered == 0


def test_a_function_that_was_stopped_is_started_and_stopped_again(world: Sandbox, held: None):
    registry.functions().stop(deadline=soon())
    run = stepping.start(WARM, FUNCTION, timeout_seconds=120)
    assert stepping.carry_out(run).state == S.SUCCEEDED
    assert not registry.functions().state(deadline=soon()).is_stopped
    stepping.undone(run, make.user())
    assert registry.functions().state(deadline=soon()).is_stopped


def test_a_lost_answer_of_aws_orders_nothing_twice(world: Sandbox):
    route = "lambda.PutProvisionedConcurrencyConfig"
    world.post("/faults", {"kind": "reset", "vendor": "aws", "route": route, "after_effect": True, "times": 1})
    step = stepping.done(WARM, FUNCTION, tries=3, timeout_seconds=120)
    assert step.state == S.SUCCEEDED, step.words
    assert carrying.done(world)["aws lambda.put_provisioned_concurrency"] == 1


def test_warming_up_is_shown_beforehand_and_starts_nothing(world: Sandbox):
    with dry.only_looking():
        shown_first = stepping.preview(WARM, FUNCTION)
    assert "ProvisionedConcurrentExecutions=2" in shown_first.calls[0][2]
    assert "cost money" in spoken(shown_first.warnings[0].said)
    assert carrying.done(world) == {}


def test_the_function_is_put_back_to_what_was_kept_of_it(world: Sandbox, held: None):
    warm = stepping.done(WARM, FUNCTION, timeout_seconds=120)
    kept = {"kept": {"function": warm.before}}
    assert stepping.preview(COOL, {}, context=kept).calls[0][2] == "ProvisionedConcurrentExecutions=0"
    step = stepping.done(COOL, {}, context=kept)
    assert step.state == S.SUCCEEDED
    assert registry.functions().state(deadline=soon()).ordered == 0
    assert stepping.done(COOL, {}, context=kept).is_noop


# --- What only has to answer ---------------------------------------------------------------------
@pytest.mark.parametrize("does", ["failover.switch_endpoint", "failover.switch_cdn", "failover.check_standby"])
def test_what_takes_over_has_to_answer(world: Sandbox, does: str):
    url = "https://backup-api.example.com/health"
    assert stepping.done(does, {"urls": [url]}).state == S.SUCCEEDED
    world.post("/scenarios", {"name": "region-outage", "parameters": {"region": "california", "how": "reset"}})
    step = stepping.done(does, {"urls": [url]}, timeout_seconds=1, attempts=1)
    assert step.state == S.TIMED_OUT
    assert "521" in step.words
    assert stepping.preview(does, {"urls": [url]}).warnings[0].blocks

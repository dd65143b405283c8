"""Deployments: the same tests on a wire that answers as Vercel's pages do, and in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
import respx
from django.utils.timezone import now

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.deployments import Acceptance, DeploymentProvider, Readiness, SwitchState
from dr_console.providers.deadlines import Deadline
from tests.providers import faked_vercel
from tests.providers.faked_vercel import ADDRESS, BEGAN, Fake, good, row, whole
from tests.providers.vercel_worlds import HOST, STANDBY, TOKYO, WORLDS, World, vercel
from tests.sandboxed import Sandbox

INCIDENT = "INC-2026-001"
CALIFORNIA = "california.origin.example.com"


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, held: None) -> Iterator[World]:
    with vercel(request) as world:
        yield world


@pytest.fixture
def quick(in_sandbox: Sandbox) -> Sandbox:
    """The sandbox, in which a build takes a tenth of a second of ours."""
    in_sandbox.post("/clock", {"speed": 600.0})
    return in_sandbox


@pytest.fixture
def client() -> DeploymentProvider:
    return registry.deployments()


@pytest.fixture
def fake(settings) -> Iterator[Fake]:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with Fake().on_the_wire() as fake:
        yield fake


def a_candidate(client: DeploymentProvider, soon: Deadline) -> str:
    return client.deployments(TOKYO, candidates_only=True, deadline=soon)[0].id


def test_deployments_come_newest_first_over_all_pages(world, client, soon):
    found = client.deployments(TOKYO, deadline=soon)
    assert len(found) == 4
    assert [each.created_at for each in found] == sorted((each.created_at for each in found), reverse=True)
    assert {(each.project, each.target, each.readiness) for each in found} == {(TOKYO, "production", Readiness.READY)}


def test_no_more_come_than_were_asked_for(world, client, soon):
    assert client.deployments(TOKYO, limit=2, deadline=soon) == client.deployments(TOKYO, deadline=soon)[:2]


def test_previews_are_left_out_unless_asked_for(world, client, soon):
    assert len(client.deployments(TOKYO, target="", deadline=soon)) == 5
    assert [each.target for each in client.deployments(TOKYO, target="preview", deadline=soon)] == ["preview"]


def test_what_production_shows_is_no_candidate_for_a_rollback(world, client, soon):
    current = client.current(TOKYO, deadline=soon)
    candidates = client.deployments(TOKYO, candidates_only=True, deadline=soon)
    assert len(candidates) == 3
    assert current.id not in [each.id for each in candidates]


def test_one_deployment_says_where_it_runs(world, client, soon):
    deployment = client.current(TOKYO, deadline=soon)
    assert (deployment.regions, deployment.state, deployment.error) == (("hnd1",), "READY", "")
    assert deployment.url.startswith("https://gemini-toolbox-")


def test_what_is_not_there_is_not_found(world, client, soon):
    for ask in (lambda: client.deployment("dpl_none", deadline=soon), lambda: client.project("none", deadline=soon)):
        with pytest.raises(ProviderError) as caught:
            ask()
        assert (caught.value.problem, caught.value.permanent) == (Problem.NOT_FOUND, True)


def test_a_redeploy_is_waited_for_until_it_is_ready_and_shown(world, client, soon):
    made = client.redeploy(a_candidate(client, soon), reference=INCIDENT, deadline=soon)
    assert (made.readiness, made.reference, made.target) == (Readiness.COMING, INCIDENT, "production")
    ready = client.wait_until_ready(made.id, deadline=soon)
    assert (ready.id, ready.readiness) == (made.id, Readiness.READY)


def test_a_redeploy_is_found_again_by_its_reference(world, client, soon):
    assert client.redeployed(TOKYO, reference=INCIDENT, deadline=soon) is None
    made = client.redeploy(a_candidate(client, soon), reference=INCIDENT, deadline=soon)
    assert client.redeployed(TOKYO, reference=INCIDENT, deadline=soon).id == made.id
    assert client.redeployed(STANDBY, reference=INCIDENT, deadline=soon) is None
    assert client.redeployed(TOKYO, reference="INC-2026-002", deadline=soon) is None


def test_a_failed_build_is_told_in_the_vendors_words(world, client, soon):
    world.let_the_next_build_fail()
    made = client.redeploy(a_candidate(client, soon), reference=INCIDENT, deadline=soon)
    with pytest.raises(ProviderError, match="reports that it failed") as caught:
        client.wait_until_ready(made.id, deadline=soon)
    assert (caught.value.problem, caught.value.code, caught.value.permanent) == (Problem.FAILED, "ERROR", True)
    assert 'Command "npm run build" exited with 1' in caught.value.said


def test_a_build_that_is_not_done_in_time_may_still_become_ready(world, client, soon):
    world.let_builds_take_for_ever()
    made = client.redeploy(a_candidate(client, soon), reference=INCIDENT, deadline=soon)
    with pytest.raises(ProviderError) as caught:
        client.wait_until_ready(made.id, deadline=Deadline.after(0.5))
    assert (caught.value.problem, caught.value.outcome) == (Problem.NOT_IN_TIME, Outcome.UNKNOWN)


def test_a_promotion_is_waited_for(world, client, soon):
    id = a_candidate(client, soon)
    before = client.project(TOKYO, deadline=soon).current
    assert client.promote(TOKYO, id, deadline=soon) is Acceptance.STARTED
    switch = client.wait_until_switched(TOKYO, id, deadline=soon)
    assert (switch.kind, switch.before, switch.to, switch.state) == ("promote", before, id, SwitchState.DONE)
    assert client.project(TOKYO, deadline=soon).current == id


def test_a_rollback_is_waited_for_and_stays_in_force_until_the_next_promotion(world, client, soon):
    first, id = client.project(TOKYO, deadline=soon).current, a_candidate(client, soon)
    assert client.rollback(TOKYO, id, reason=INCIDENT, deadline=soon) is Acceptance.STARTED
    assert client.wait_until_switched(TOKYO, id, deadline=soon).kind == "rollback"
    project = client.project(TOKYO, deadline=soon)
    assert (project.current, project.rolled_back) == (id, True)
    client.promote(TOKYO, first, deadline=soon)
    client.wait_until_switched(TOKYO, first, deadline=soon)
    assert not client.project(TOKYO, deadline=soon).rolled_back


def test_a_promotion_behind_a_rolling_release_is_only_queued(world, client, soon):
    world.begin_a_rolling_release()
    id = a_candidate(client, soon)
    assert client.promote(TOKYO, id, deadline=soon) is Acceptance.QUEUED
    with pytest.raises(ProviderError) as caught:
        client.wait_until_switched(TOKYO, id, deadline=Deadline.after(0.5))
    assert (caught.value.problem, caught.value.outcome) == (Problem.NOT_IN_TIME, Outcome.UNKNOWN)


def test_host_names_that_did_not_follow_are_named(world, client, soon):
    world.let_the_next_switch_fail_for(HOST)
    id = a_candidate(client, soon)
    client.rollback(TOKYO, id, deadline=soon)
    with pytest.raises(ProviderError) as caught:
        client.wait_until_switched(TOKYO, id, deadline=soon)
    assert (caught.value.problem, caught.value.said, caught.value.outcome) == (Problem.FAILED, HOST, Outcome.UNKNOWN)


def test_there_is_no_switch_before_the_first(world, client, soon):
    assert client.last_switch(TOKYO, deadline=soon) is None


def test_a_preview_cannot_be_promoted(world, client, soon):
    preview = client.deployments(TOKYO, target="preview", deadline=soon)[0]
    with pytest.raises(ProviderError, match="Only production deployments") as caught:
        client.promote(TOKYO, preview.id, deadline=soon)
    assert (caught.value.status, caught.value.permanent, caught.value.outcome) == (400, True, Outcome.NOTHING)


def test_a_host_name_is_assigned_and_put_back(world, client, soon):
    before, id = client.shown_at(HOST, deadline=soon), a_candidate(client, soon)
    move = client.assign(HOST, id, deadline=soon)
    assert (move.host, move.deployment, move.before) == (HOST, id, before)
    assert client.assign(HOST, id, deadline=soon).before == id  # twice is the same as once
    client.assign(HOST, move.before, deadline=soon)
    assert client.shown_at(HOST, deadline=soon) == before


def test_a_host_name_of_another_project_is_refused(world, client, soon):
    with pytest.raises(ProviderError) as caught:
        client.assign(CALIFORNIA, a_candidate(client, soon), deadline=soon)
    assert (caught.value.status, caught.value.problem) == (409, Problem.REFUSED)


def test_a_domain_is_moved_to_the_standby_and_back(world, client, soon):
    standby, tokyo = (client.project(name, deadline=soon).id for name in (STANDBY, TOKYO))
    for _twice in range(2):
        assert client.move_domain(HOST, before=TOKYO, to=STANDBY, deadline=soon).project_id == standby
    assert HOST in [domain.name for domain in client.domains(STANDBY, deadline=soon)]
    assert client.move_domain(HOST, before=STANDBY, to=TOKYO, deadline=soon).project_id == tokyo


def test_a_project_is_paused_and_unpaused(world, client, soon):
    for _twice in range(2):
        client.pause(TOKYO, deadline=soon)
    assert client.project(TOKYO, deadline=soon).paused
    client.unpause(TOKYO, deadline=soon)
    assert not client.project(TOKYO, deadline=soon).paused


def test_another_region_is_for_the_next_deployment_only(world, client, soon):
    assert client.set_regions(TOKYO, ["sfo1", "hnd1"], deadline=soon).regions == ("sfo1", "hnd1")
    assert client.current(TOKYO, deadline=soon).regions == ("hnd1",)


def test_another_team_may_not(world, client, soon, settings):
    settings.DR_CREDENTIALS = {
        **settings.DR_CREDENTIALS,
        "vercel": {**settings.DR_CREDENTIALS["vercel"], "team_id": "team_x"},
    }
    with pytest.raises(ProviderError) as caught:
        client.project(TOKYO, deadline=soon)
    assert (caught.value.problem, caught.value.code) == (Problem.CREDENTIALS, "forbidden")


def test_a_missing_setting_is_named_when_a_call_is_made(client, soon, settings):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "vercel": {**settings.DR_CREDENTIALS["vercel"], "token": ""}}
    with pytest.raises(ProviderError, match="DR_VERCEL_TOKEN") as caught:
        client.project(TOKYO, deadline=soon)
    assert caught.value.problem is Problem.SETTINGS


# What only the faked wire can answer.


def test_a_switch_of_long_ago_is_not_taken_for_the_one_that_is_waited_for(fake, client):
    old = int((now() - timedelta(minutes=4)).timestamp() * 1000)
    fake.switches[TOKYO] = {
        "fromDeploymentId": "dpl_x4",
        "toDeploymentId": "dpl_x1",
        "jobStatus": "succeeded",
        "requestedAt": old,
        "type": "promote",
    }
    with pytest.raises(ProviderError, match="no promotion or rollback to it is under way"):
        client.wait_until_switched(TOKYO, "dpl_x1", deadline=Deadline.after(0.3))


def test_a_switch_of_long_ago_that_still_holds_is_done(fake, client, soon):
    old = int((now() - timedelta(minutes=40)).timestamp() * 1000)
    done = {"fromDeploymentId": "dpl_x3", "toDeploymentId": "dpl_x4", "jobStatus": "succeeded", "requestedAt": old}
    fake.switches[TOKYO] = {**done, "type": "promote"}
    assert client.wait_until_switched(TOKYO, "dpl_x4", deadline=soon).state is SwitchState.DONE


def test_what_is_sent_for_a_redeploy_is_what_the_command_line_sends(fake, client, soon):
    client.redeploy("dpl_x2", reference=INCIDENT, deadline=soon)
    method, path, query, body = fake.sent[-1]
    assert (method, path, query) == ("POST", "/v13/deployments", {"forceNew": "1", "teamId": "team_gemini"})
    assert body == {
        "deploymentId": "dpl_x2",
        "name": TOKYO,
        "target": "production",
        "meta": {"action": "redeploy", "drReference": INCIDENT},
    }


def test_a_promotion_has_no_body(fake, client, soon):
    client.promote(TOKYO, "dpl_x2", deadline=soon)
    assert fake.sent[-1][3] is None


@pytest.mark.parametrize("state", ["CANCELED", "BLOCKED", "DELETED"])
def test_what_will_never_be_ready_is_not_waited_for(fake, client, soon, state):
    fake.rows["dpl_x1"] |= {"state": state, "readyState": state}
    with pytest.raises(ProviderError) as caught:
        client.wait_until_ready("dpl_x1", deadline=soon)
    assert (caught.value.problem, caught.value.code) == (Problem.FAILED, state)


def test_a_look_that_fails_does_not_end_the_waiting(fake, client, soon):
    fake.rows["dpl_x1"] |= {"state": "QUEUED", "readyState": "QUEUED"}
    answer, times = fake.one, iter(range(100))
    page = httpx.Response(200, text="<html>one moment</html>")
    fake.routes.insert(0, ("GET", r"/v13/deployments/(.+)", lambda id: page if next(times) % 2 else answer(id)))
    assert client.wait_until_ready("dpl_x1", deadline=soon).readiness is Readiness.READY


def test_what_failed_last_is_told_if_it_never_went_well(fake, client):
    page = httpx.Response(200, text="<html>one moment</html>")
    fake.routes.insert(0, ("GET", r"/v13/deployments/(.+)", lambda id: page))
    with pytest.raises(ProviderError, match="garbled 200") as caught:
        client.wait_until_ready("dpl_x1", deadline=Deadline.after(0.5))
    assert (caught.value.problem, caught.value.outcome) == (Problem.NOT_IN_TIME, Outcome.UNKNOWN)


def test_a_state_that_is_new_to_us_is_waited_for(fake, client):
    fake.rows["dpl_x1"] |= {"state": "ANALYZING", "readyState": "ANALYZING"}
    with pytest.raises(ProviderError) as caught:
        client.wait_until_ready("dpl_x1", deadline=Deadline.after(0.2))
    assert (caught.value.problem, caught.value.said) == (Problem.NOT_IN_TIME, "ANALYZING")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(200, text="<html>Vercel</html>"), Problem.GARBLED),
        (httpx.Response(200, text=""), Problem.GARBLED),
        (httpx.Response(200, json=[]), Problem.GARBLED),
        (httpx.Response(200, json={"id": "prj_1"}), Problem.GARBLED),
        (httpx.Response(200, json={"id": 7, "name": "x"}), Problem.GARBLED),
        (
            httpx.Response(403, json={"error": {"code": "forbidden", "message": "no", "invalidToken": True}}),
            Problem.CREDENTIALS,
        ),
        (httpx.Response(402, json={"error": {"code": "payment_required", "message": "unpaid"}}), Problem.REFUSED),
        (httpx.Response(404, text="nothing"), Problem.NOT_FOUND),
        (httpx.Response(409, json={"error": "odd"}), Problem.REFUSED),
    ],
)
def test_answers_that_are_no_project_become_errors(settings, client, soon, answer, problem):
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with respx.mock:
        respx.get(url__startswith=f"{ADDRESS}/v9/projects").mock(return_value=answer)
        with pytest.raises(ProviderError) as caught:
            client.project(TOKYO, deadline=soon)
    assert caught.value.problem is problem
    assert "sandbox-vercel-token" not in str(caught.value)


def test_a_moment_that_is_none_is_garbled(settings, client, soon):
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with respx.mock:
        for moment in ("yesterday", 10**30, None, True):
            answer = whole(row("dpl_1", TOKYO, BEGAN), []) | {"createdAt": moment}
            respx.get(f"{ADDRESS}/v13/deployments/dpl_1").mock(return_value=good(answer))
            with pytest.raises(ProviderError, match="createdAt") as caught:
                client.deployment("dpl_1", deadline=soon)
            assert caught.value.problem is Problem.GARBLED


def test_vercels_wish_to_wait_is_heard_where_repeating_does_no_harm(settings, client, soon):
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    busy = faked_vercel.refusal(429, "rate_limited", "Too many requests", **{"Retry-After": "0"})
    with respx.mock:
        answer = good(whole(row("dpl_1", TOKYO, BEGAN), ["hnd1"]))
        route = respx.get(f"{ADDRESS}/v13/deployments/dpl_1").mock(side_effect=[busy, answer])
        assert client.deployment("dpl_1", deadline=soon).id == "dpl_1"
    assert route.call_count == 2


# What only the sandbox can do.


def test_a_redeploy_whose_answer_was_lost_is_not_repeated_and_found_again(quick: Sandbox, client, soon):
    id = a_candidate(client, soon)
    rule = {"kind": "reset", "vendor": "vercel", "route": "POST /v13/deployments", "after_effect": True}
    quick.post("/faults", rule)
    with pytest.raises(ProviderError) as caught:
        client.redeploy(id, reference=INCIDENT, deadline=soon)
    assert caught.value.outcome is Outcome.UNKNOWN
    found = client.redeployed(TOKYO, reference=INCIDENT, deadline=soon)
    assert client.wait_until_ready(found.id, deadline=soon).reference == INCIDENT
    all_of_them = client.deployments(TOKYO, deadline=soon)
    assert [each.reference for each in all_of_them].count(INCIDENT) == 1


def test_what_is_built_while_rolled_back_is_not_shown(quick: Sandbox, client, soon):
    id = a_candidate(client, soon)
    client.rollback(TOKYO, id, deadline=soon)
    client.wait_until_switched(TOKYO, id, deadline=soon)
    made = client.redeploy(id, reference=INCIDENT, deadline=soon)
    client.wait_until_ready(made.id, deadline=soon)
    assert client.project(TOKYO, deadline=soon).current == id
    client.promote(TOKYO, made.id, deadline=soon)
    client.wait_until_switched(TOKYO, made.id, deadline=soon)
    assert client.project(TOKYO, deadline=soon).current == made.id


def test_an_expired_token_is_said_to_be_one(in_sandbox: Sandbox, client, soon):
    in_sandbox.post("/faults", {"kind": "expired-token", "vendor": "vercel"})
    with pytest.raises(ProviderError) as caught:
        client.project(TOKYO, deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.CREDENTIALS, True)

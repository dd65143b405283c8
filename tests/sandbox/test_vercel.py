"""The sandbox's Vercel: deployments that take minutes, switches that are jobs, and what users see of them."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.vercel_calls import CALIFORNIA, HOST, PROJECT, STANDBY, TOKYO, Calls
from tests.sandboxed import Sandbox


@pytest.fixture
def vercel(sandbox: Sandbox) -> Calls:
    sandbox.post("/clock", {"speed": 0.001})  # time passes only where a test lets it
    return Calls(sandbox)


# The door.


@pytest.mark.parametrize(
    ("headers", "more"),
    [
        ({}, "missingToken"),
        ({"Authorization": "Bearer"}, "invalidToken"),
        ({"Authorization": "Basic eA=="}, "invalidToken"),
    ],
)
def test_without_a_token_nothing_is_said(sandbox: Sandbox, headers, more):
    answer = httpx.get(f"{sandbox.url}/vercel/v2/user", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"], answer.json()["error"][more]) == (
        403,
        "forbidden",
        True,
    )


def test_whoever_forgets_the_team_finds_nothing(sandbox: Sandbox):
    personal = Calls(sandbox, team="")
    assert personal.refused("GET", PROJECT) == (404, "not_found")
    assert personal.ok("GET", "/v10/projects")["projects"] == []
    assert Calls(sandbox, team="team_other").refused("GET", PROJECT) == (403, "forbidden")


def test_the_team_may_be_named_by_its_slug(sandbox: Sandbox):
    assert Calls(sandbox, team="").ok("GET", PROJECT, slug="gemini")["name"] == TOKYO


@pytest.mark.parametrize("path", ["/v9/projects", "/v10/projects", "/v1/projects", "/projects", "/v3/now/projects"])
def test_every_version_of_a_route_answers(vercel: Calls, path):
    assert len(vercel.ok("GET", path)["projects"]) == 2


@pytest.mark.parametrize("path", ["/v9/projects/gemini-toolbox", "/now/aliases", "/teams/team_gemini"])
def test_clients_that_drop_the_path_of_the_address_are_served_at_the_root(sandbox: Sandbox, path):
    headers = {"Authorization": "Bearer x"}
    assert httpx.get(f"{sandbox.url}{path}?teamId=team_gemini", headers=headers).status_code == 200


def test_an_unknown_route_is_refused_in_vercels_words(vercel: Calls):
    assert vercel.refused("GET", "/v1/nothing") == (404, "not_found")


# Deployments.


def test_a_deployment_becomes_ready_in_minutes(vercel: Calls):
    made = vercel.redeploy(vercel.candidate())
    states = [made["readyState"]]
    for seconds in (2, 3, 30, 26):
        vercel.advance(seconds)
        states.append(vercel.state(made["id"]))
    assert states == ["QUEUED", "INITIALIZING", "BUILDING", "BUILDING", "READY"]
    assert vercel.project()["targets"]["production"]["id"] == made["id"]


def test_a_redeploy_keeps_what_its_meta_does_not_name(vercel: Calls):
    made = vercel.redeploy(vercel.candidate(), meta={"action": "redeploy", "drReference": "INC-1"})
    assert made["meta"]["githubCommitRef"] == "main"
    assert (made["meta"]["action"], made["meta"]["drReference"]) == ("redeploy", "INC-1")


def test_the_next_build_fails_on_request_and_only_that_one(vercel: Calls):
    vercel.break_project(next_build_fails="out of memory")
    first, second = vercel.redeploy(vercel.candidate()), vercel.redeploy(vercel.candidate())
    vercel.advance(61)
    answer = vercel.ok("GET", f"/v13/deployments/{first['id']}")
    assert (answer["readyState"], answer["errorMessage"]) == ("ERROR", "out of memory")
    assert vercel.state(second["id"]) == "READY"


def test_the_same_content_is_not_built_twice_unless_forced(vercel: Calls):
    id = vercel.candidate()
    body = {"deploymentId": id, "name": TOKYO, "target": "production"}
    assert vercel.ok("POST", "/v13/deployments", body)["id"] == id
    assert vercel.ok("POST", "/v13/deployments", body, forceNew="1")["id"] != id


def test_a_build_can_be_canceled_but_not_when_it_is_over(vercel: Calls):
    id = vercel.redeploy(vercel.candidate())["id"]
    assert vercel.ok("PATCH", f"/v12/deployments/{id}/cancel")["readyState"] == "CANCELED"
    vercel.advance(120)
    assert vercel.state(id) == "CANCELED"
    assert vercel.refused("PATCH", f"/v12/deployments/{id}/cancel") == (400, "bad_request")


def test_pages_go_on_where_next_says(vercel: Calls):
    seen, until = [], {}
    while True:
        page = vercel.ok("GET", "/v7/deployments", projectId=vercel.project()["id"], limit=2, **until)
        seen += [row["uid"] for row in page["deployments"]]
        if page["pagination"]["next"] is None:
            break
        until = {"until": page["pagination"]["next"]}
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": 7},
        {"name": "UPPER"},
        {"name": TOKYO, "files": [], "target": "moon"},
        {"name": TOKYO},
        {"name": TOKYO, "files": [7]},
        [],
    ],
)
def test_a_wrong_deployment_is_refused(vercel: Calls, body):
    assert vercel.refused("POST", "/v13/deployments", body) == (400, "bad_request")


def test_files_are_uploaded_before_they_are_deployed(vercel: Calls):
    body = {
        "name": TOKYO,
        "files": [{"file": "index.html", "sha": "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed", "size": 11}],
    }
    answer = vercel("POST", "/v13/deployments", body)
    assert (answer.status_code, answer.json()["error"]["missing"]) == (400, [body["files"][0]["sha"]])
    headers = {"Authorization": "Bearer x", "x-vercel-digest": body["files"][0]["sha"]}
    address = f"{vercel.sandbox.url}/vercel/v2/files?teamId=team_gemini"
    assert httpx.post(address, content=b"hello world", headers=headers).status_code == 200
    assert httpx.post(address, content=b"something else", headers=headers).status_code == 400
    assert vercel.ok("POST", "/v13/deployments", body)["readyState"] == "QUEUED"


def test_a_new_name_makes_a_project_if_its_settings_are_given(vercel: Calls):
    body = {"name": "tiny", "files": [{"file": "index.html", "data": "<h1>hi</h1>"}], "target": "production"}
    assert vercel.refused("POST", "/v13/deployments", body) == (400, "missing_project_settings")
    made = vercel.ok("POST", "/v13/deployments", {**body, "projectSettings": {"framework": None}})
    vercel.advance(61)
    assert "tiny.vercel.app" in vercel.ok("GET", f"/v13/deployments/{made['id']}")["alias"]


def test_the_log_of_a_build_can_be_read_and_followed(vercel: Calls):
    id = vercel.redeploy(vercel.candidate())["id"]
    vercel.advance(61)
    events = vercel.ok("GET", f"/v3/deployments/{id}/events")
    assert [event["type"] for event in events] == ["command", "command", "stdout"]
    followed = vercel("GET", f"/v3/now/deployments/{id}/events", follow="1", format="lines")
    assert len(followed.text.splitlines()) == 3


# Promotion and rollback.


def test_a_promotion_is_pending_then_in_progress_then_done(vercel: Calls):
    id = vercel.candidate()
    answer = vercel("POST", f"/v10/projects/{vercel.project()['id']}/promote/{id}")
    assert (answer.status_code, answer.content) == (201, b"")
    states = [vercel.project()["lastAliasRequest"]["jobStatus"]]
    for seconds in (2, 4):
        vercel.advance(seconds)
        states.append(vercel.project()["lastAliasRequest"]["jobStatus"])
    assert states == ["pending", "in-progress", "succeeded"]
    assert vercel.ok("GET", f"/v4/aliases/{HOST}")["deploymentId"] == id


def test_two_switches_at_once_are_refused(vercel: Calls):
    first, second = (row["uid"] for row in vercel.deployments(rollbackCandidate="true")[:2])
    vercel.ok("POST", f"{PROJECT}/promote/{first}")
    assert vercel.refused("POST", f"{PROJECT}/promote/{second}") == (409, "conflict")


def test_a_promotion_waits_behind_a_rolling_release(vercel: Calls):
    id = vercel.candidate()
    vercel.break_project(rolling_release=True)
    assert vercel("POST", f"{PROJECT}/promote/{id}").status_code == 202
    vercel.advance(3600)
    assert vercel.project()["lastAliasRequest"]["jobStatus"] == "pending"
    vercel.break_project(rolling_release=False)
    vercel.advance(10)
    assert vercel.project()["targets"]["production"]["id"] == id


def test_after_a_rollback_new_deployments_are_not_shown(vercel: Calls):
    id = vercel.candidate()
    vercel.ok("POST", f"{PROJECT}/rollback/{id}", description="INC-1")
    vercel.advance(10)
    assert (vercel.project()["lastRollbackTarget"]["id"], vercel.project()["autoAssignCustomDomains"]) == (id, False)
    made = vercel.redeploy(id)["id"]
    vercel.advance(120)
    assert (vercel.state(made), vercel.project()["targets"]["production"]["id"]) == ("READY", id)
    vercel.ok("POST", f"{PROJECT}/promote/{made}")
    vercel.advance(10)
    assert (vercel.project()["lastRollbackTarget"], vercel.project()["autoAssignCustomDomains"]) == (None, True)


def test_on_the_hobby_plan_a_rollback_goes_back_by_one_only(vercel: Calls):
    vercel.sandbox.post("/vercel/", {"plan": "hobby"})
    newest, older = (row["uid"] for row in vercel.deployments(rollbackCandidate="true")[:2])
    assert vercel.refused("POST", f"{PROJECT}/rollback/{older}") == (402, "payment_required")
    assert vercel("POST", f"{PROJECT}/rollback/{newest}").status_code == 201


def test_neither_a_preview_nor_what_was_never_shown_can_be_gone_back_to(vercel: Calls):
    preview = vercel.deployments(target="preview")[0]["uid"]
    assert vercel.refused("POST", f"{PROJECT}/rollback/{preview}") == (400, "bad_request")
    assert vercel.refused("POST", f"{PROJECT}/promote/{preview}") == (400, "bad_request")
    standby = vercel.candidate(STANDBY)
    assert vercel.refused("POST", f"{PROJECT}/rollback/{standby}") == (404, "not_found")


# What users see.


def test_a_bad_deployment_is_healed_by_a_rollback_and_by_nothing_less(vercel: Calls):
    id = vercel.candidate()
    vercel.break_project(bad=True)
    assert (vercel.seen_by_users(), vercel.seen_by_users(CALIFORNIA)) == (503, 200)
    vercel.ok("POST", f"{PROJECT}/rollback/{id}")
    assert vercel.seen_by_users() == 503
    vercel.advance(10)
    assert vercel.seen_by_users() == 200
    assert ("production.rollback", TOKYO) in vercel.effects()


def test_a_paused_project_serves_nobody(vercel: Calls):
    id = vercel.project()["id"]
    vercel.ok("POST", f"/v1/projects/{id}/pause")
    assert vercel.seen_by_users() == 503
    vercel.ok("POST", f"/v1/projects/{id}/unpause")
    assert vercel.seen_by_users() == 200


def test_a_host_name_without_a_deployment_serves_nobody(vercel: Calls):
    vercel.ok("DELETE", f"/v2/aliases/{HOST}")
    assert vercel.seen_by_users() == 503
    vercel.ok("POST", f"/v2/deployments/{vercel.candidate()}/aliases", {"alias": HOST})
    assert vercel.seen_by_users() == 200


def test_a_domain_that_is_moved_shows_the_other_projects_production(vercel: Calls):
    standby = vercel.project(STANDBY)
    vercel.break_project(bad=True)
    vercel.ok("POST", f"/v1/projects/{TOKYO}/domains/{HOST}/move", {"projectId": standby["id"]})
    assert vercel.seen_by_users() == 200
    assert vercel.ok("GET", f"/v4/aliases/{HOST}")["deploymentId"] == standby["targets"]["production"]["id"]
    assert vercel.refused("GET", f"{PROJECT}/domains/{HOST}") == (404, "not_found")


def test_a_host_name_that_does_not_follow_keeps_its_old_deployment(vercel: Calls):
    id, before = vercel.candidate(), vercel.project()["targets"]["production"]["id"]
    vercel.break_project(next_switch_fails_for=[HOST])
    vercel.ok("POST", f"{PROJECT}/promote/{id}")
    vercel.advance(10)
    failed = vercel.ok("GET", f"/v1/projects/{TOKYO}/promote/aliases", failedOnly="true", limit="20")["aliases"]
    assert [(row["alias"], row["status"]) for row in failed] == [(HOST, "failed")]
    assert vercel.project()["lastAliasRequest"]["jobStatus"] == "failed"
    assert vercel.ok("GET", f"/v4/aliases/{HOST}")["deploymentId"] == before

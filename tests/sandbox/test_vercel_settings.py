"""The sandbox's Vercel: environment variables, the settings store under both its names, and its readers."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.vercel_calls import STORE, TOKYO, Calls
from tests.sandboxed import Sandbox

ENV = f"/v10/projects/{TOKYO}/env"
NEW = {"key": "PAYMENT_KEY", "value": "one", "type": "encrypted", "target": ["production"]}
LEVEL = "degradation_level"


@pytest.fixture
def vercel(sandbox: Sandbox) -> Calls:
    return Calls(sandbox)


def variable(vercel: Calls, key: str):
    return next(each for each in vercel.ok("GET", ENV)["envs"] if each["key"] == key)


def value(vercel: Calls, id: str):
    return vercel.ok("GET", f"/v1/projects/{TOKYO}/env/{id}")["value"]


def write(vercel: Calls, *operations, name: str = "global-config") -> None:
    assert vercel.ok("PATCH", f"/v1/{name}/ecfg_gemini/items", {"items": list(operations)}) == {"status": "ok"}


def upsert(key: str, value: object) -> dict[str, object]:
    return {"operation": "upsert", "key": key, "value": value}


# Environment variables.


def test_a_list_holds_encrypted_values_only_and_one_that_is_read_is_decrypted(vercel: Calls):
    listed = variable(vercel, "DATABASE_URL")
    assert (listed["decrypted"], listed["value"].startswith("postgres")) == (False, False)
    assert value(vercel, listed["id"]).startswith("postgres://")
    decrypted = vercel.ok("GET", ENV, decrypt="true")["envs"]
    assert "postgres://app:sandbox@db.example.com:5432/gemini" in [each["value"] for each in decrypted]


def test_a_sensitive_value_is_never_given_back(vercel: Calls):
    id = variable(vercel, "SESSION_SECRET")["id"]
    said = [
        vercel("GET", ENV, decrypt="true").text,
        vercel("GET", f"/v1/projects/{TOKYO}/env/{id}").text,
        vercel("GET", f"/v3/env/pull/{TOKYO}/production").text,
        vercel("PATCH", f"/v9/projects/{TOKYO}/env/{id}", {"comment": "x"}).text,
        str(vercel.sandbox.get("/vercel/")),
    ]
    assert not any("sandbox-session-secret" in text for text in said)
    assert vercel.refused("PATCH", f"/v9/projects/{TOKYO}/env/{id}", {"type": "plain"}) == (400, "bad_request")


def test_a_key_of_the_same_target_is_a_conflict_unless_it_is_an_upsert(vercel: Calls):
    assert vercel("POST", ENV, NEW).status_code == 201
    assert vercel.refused("POST", ENV, NEW) == (400, "ENV_CONFLICT")
    vercel.ok("POST", ENV, {**NEW, "value": "two"}, upsert="true")
    assert value(vercel, variable(vercel, NEW["key"])["id"]) == "two"
    vercel.ok("POST", ENV, {**NEW, "target": ["preview"], "gitBranch": "next"})
    assert len([each for each in vercel.ok("GET", ENV)["envs"] if each["key"] == NEW["key"]]) == 2


def test_of_several_those_that_conflict_are_told(vercel: Calls):
    vercel.ok("POST", ENV, NEW)
    answer = vercel.ok("POST", ENV, [NEW, {**NEW, "key": "OTHER"}])
    assert [each["key"] for each in answer["created"]] == ["OTHER"]
    assert [each["error"]["code"] for each in answer["failed"]] == ["ENV_CONFLICT"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "WITH SPACE"},
        {"type": "secret-ish"},
        {"target": ["moon"]},
        {"target": []},
        {"value": 7},
        {"type": "sensitive", "target": ["development"]},
        {"value": "x" * 70_000},
    ],
)
def test_a_wrong_variable_is_refused(vercel: Calls, wrong):
    assert vercel("POST", ENV, {**NEW, **wrong}).status_code == 400


def test_a_variable_is_changed_and_deleted(vercel: Calls):
    id = vercel.ok("POST", ENV, NEW)["created"]["id"]
    assert vercel.ok("PATCH", f"/v9/projects/{TOKYO}/env/{id}", {"value": "three"})["key"] == NEW["key"]
    assert value(vercel, id) == "three"
    assert vercel.ok("DELETE", f"/v9/projects/{TOKYO}/env/{id}")["id"] == id
    assert vercel.refused("DELETE", f"/v9/projects/{TOKYO}/env/{id}") == (404, "not_found")


def test_values_are_built_into_a_deployment_so_that_a_rollback_brings_the_old_ones_back(vercel: Calls):
    before = vercel.candidate()
    vercel.ok("POST", ENV, NEW)
    made = vercel.redeploy(before)
    assert NEW["key"] in vercel.ok("GET", f"/v13/deployments/{made['id']}")["env"]
    assert NEW["key"] not in vercel.ok("GET", f"/v13/deployments/{before}")["env"]


def test_a_challenge_is_refused_with_vercels_code(vercel: Calls):
    vercel.break_project(challenges=True)
    id = variable(vercel, "DATABASE_URL")["id"]
    assert vercel.refused("GET", f"/v1/projects/{TOKYO}/env/{id}") == (403, "challenge_required")
    vercel.break_project(challenges=False)
    assert value(vercel, id)


# The settings store.


@pytest.mark.parametrize("name", ["global-config", "edge-config"])
def test_both_names_lead_to_the_same_store(vercel: Calls, name):
    write(vercel, upsert(LEVEL, {"level": 2}), name=name)
    for each in ("global-config", "edge-config"):
        assert vercel.ok("GET", f"/v1/{each}/ecfg_gemini/item/{LEVEL}")["value"] == {"level": 2}


def test_the_product_obeys_what_is_written_there(vercel: Calls):
    write(vercel, upsert(LEVEL, {"level": 3}))
    health = httpx.get(f"{vercel.sandbox.url}/edge/tokyo.origin.example.com/api/images", trust_env=False)
    assert health.status_code == 503


def test_all_operations_are_carried_out_or_none(vercel: Calls):
    write(vercel, {"operation": "create", "key": "a", "value": 1}, upsert("b", 2))
    digest = vercel.ok("GET", STORE)["digest"]
    doubtful = {"items": [upsert("b", 3), {"operation": "create", "key": "a", "value": 1}]}
    assert vercel.refused("PATCH", f"{STORE}/items", doubtful) == (409, "conflict")
    assert vercel.ok("GET", STORE)["digest"] == digest


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"operation": "delete", "key": "nothing"}, 404),
        ({"operation": "update", "key": "nothing", "value": 1}, 404),
        ({"operation": "upsert", "key": "with space", "value": 1}, 400),
        ({"operation": "upsert", "key": "k" * 257, "value": 1}, 400),
        ({"operation": "upsert", "key": "k"}, 400),
        ({"operation": "explode", "key": "k"}, 400),
        ({"operation": "upsert", "key": "k", "value": "x" * 70_000}, 400),
        (7, 400),
    ],
)
def test_a_wrong_operation_is_refused(vercel: Calls, operation, status):
    assert vercel("PATCH", f"{STORE}/items", {"items": [operation]}).status_code == status


def test_every_change_leaves_a_version_that_can_be_restored(vercel: Calls):
    before = vercel.ok("GET", f"{STORE}/item/{LEVEL}")["value"]
    write(vercel, upsert(LEVEL, {"level": 1}))
    write(vercel, upsert("other", 1))
    versions = vercel.ok("GET", f"{STORE}/backups")["backups"]
    kept = vercel.ok("GET", f"{STORE}/backups/{versions[-1]['id']}")["backup"]["items"]
    assert {key: item["value"] for key, item in kept.items()} == {LEVEL: before}
    restored = vercel.ok("POST", f"{STORE}/backups/{versions[-1]['id']}/restore")
    assert (restored["status"], restored["restoredFrom"]) == ("ok", versions[-1]["id"])
    assert [item["key"] for item in vercel.ok("GET", f"{STORE}/items")] == [LEVEL]


def test_a_version_is_no_part_of_what_is_written_later(vercel: Calls):
    write(vercel, upsert("nested", {"deep": [1]}))
    write(vercel, upsert("nested", {"deep": [2]}))
    newest = vercel.ok("GET", f"{STORE}/backups")["backups"][0]["id"]
    assert vercel.ok("GET", f"{STORE}/backups/{newest}")["backup"]["items"]["nested"]["value"] == {"deep": [1]}


def test_a_store_of_ones_own_is_made_and_deleted(vercel: Calls):
    made = vercel.ok("POST", "/v1/edge-config", {"slug": "mine", "items": {"a": 1}})
    assert (made["itemCount"], len(vercel.ok("GET", "/v1/edge-config"))) == (1, 2)
    assert vercel.ok("PUT", f"/v1/edge-config/{made['id']}", {"slug": "yours"})["slug"] == "yours"
    assert vercel("DELETE", f"/v1/edge-config/{made['id']}").status_code == 204
    assert vercel.refused("GET", f"/v1/edge-config/{made['id']}") == (404, "not_found")


# Readers, such as the package @vercel/edge-config: below the store's own address, with a token for reading.


def read(vercel: Calls, path: str, **headers: str) -> httpx.Response:
    headers = headers or {"Authorization": "Bearer sandbox-read-token"}
    return httpx.get(f"{vercel.sandbox.url}/vercel/ecfg_gemini{path}", headers=headers, trust_env=False)


def test_a_reader_gets_the_bare_value_and_the_digest(vercel: Calls):
    write(vercel, upsert("banner", "soon"))
    digest = vercel.ok("GET", STORE)["digest"]
    assert read(vercel, "/item/banner").json() == "soon"
    assert read(vercel, "/items?key=banner").json() == {"banner": "soon"}
    assert set(read(vercel, "/items").json()) == {LEVEL, "banner"}
    assert read(vercel, "/digest").json() == digest
    assert read(vercel, "/item/banner").headers["x-edge-config-digest"] == digest


def test_a_reader_can_tell_a_missing_key_from_a_missing_store(vercel: Calls):
    assert "x-edge-config-digest" in read(vercel, "/item/nothing").headers
    other = httpx.get(f"{vercel.sandbox.url}/vercel/ecfg_none/item/a?token=x", trust_env=False)
    assert (other.status_code, "x-edge-config-digest" in other.headers) == (404, False)
    assert read(vercel, "/item/a", Accept="*/*").status_code == 403


def test_with_a_read_token_the_api_gives_the_bare_value_too(vercel: Calls):
    token = vercel.ok("POST", f"{STORE}/token", {"label": "reader"})["token"]
    write(vercel, upsert("banner", "soon"))
    assert vercel.ok("GET", "/edge-config/ecfg_gemini/item/banner", token=token) == "soon"
    assert token in [each["token"] for each in vercel.ok("GET", f"{STORE}/tokens")]
    assert vercel("DELETE", f"{STORE}/tokens", {"tokens": [token]}).status_code == 204
    assert vercel.refused("GET", f"{STORE}/token/{token}") == (404, "not_found")


# The world's owner.


@pytest.mark.parametrize(
    "change", [{"build_seconds": 0}, {"build_seconds": "60"}, {"explode": True}, {"next_switch_fails_for": "host"}]
)
def test_a_wrong_change_of_the_world_is_refused_with_its_field(vercel: Calls, change):
    answer = httpx.post(f"{vercel.sandbox.url}/control/vercel/projects/{TOKYO}", json=change)
    assert (answer.status_code, answer.json()["field"].split(".")[0]) == (422, next(iter(change)))


def test_the_world_is_shown_without_values(vercel: Calls):
    project = vercel.sandbox.get("/vercel/")["projects"][0]
    assert (project["name"], project["hosts"]["tokyo.origin.example.com"], project["bad"]) == (TOKYO, "", False)
    assert {"key": "DATABASE_URL", "type": "encrypted"} in project["variables"]
    assert vercel.project()["id"] == project["id"]

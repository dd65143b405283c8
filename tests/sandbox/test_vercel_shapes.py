"""What other people's clients stumble over: fields that they demand, and calls that only they make.

@vercel/sdk 1.28 refuses an answer that lacks one of REQUIRED; the rest is what the command line `vercel` 64 and the
Terraform provider ask. They were all pointed at the sandbox; here is what mattered, without Node or Go.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.vercel_calls import HOST, STORE, TOKYO, Calls
from tests.sandboxed import Sandbox

PAGE = {"count", "next", "prev"}
TEAM = {
    "avatar",
    "billing",
    "createdAt",
    "creatorId",
    "description",
    "id",
    "name",
    "slug",
    "stagingPrefix",
    "updatedAt",
}
PROJECT = {
    "accountId",
    "alias",
    "defaultResourceConfig.functionDefaultRegions",
    "deploymentExpiration",
    "directoryListing",
    "id",
    "name",
    "nodeVersion",
    "resourceConfig.functionDefaultRegions",
    "targets.production.deploymentHostname",
    "targets.production.plan",
    "targets.production.private",
}
DEPLOYMENT = {
    "aliasAssigned",
    "bootedAt",
    "build.env",
    "buildingAt",
    "buildSkipped",
    "createdAt",
    "createdIn",
    "creator.uid",
    "env",
    "id",
    "inspectorUrl",
    "isInConcurrentBuildsQueue",
    "isInSystemBuildsQueue",
    "meta",
    "name",
    "ownerId",
    "plan",
    "projectId",
    "projectSettings",
    "public",
    "readyState",
    "regions",
    "routes",
    "status",
    "type",
    "url",
    "version",
}
DOMAIN = {"apexName", "name", "projectId", "verified"}
ALIAS = {"alias", "created", "deploymentId", "projectId", "uid"}
CONFIG = {"createdAt", "digest", "id", "ownerId", "slug", "updatedAt", "itemCount", "sizeInBytes"}
REQUIRED: dict[str, set[str]] = {
    "/v2/user": {
        f"user.{field}"
        for field in "avatar billing createdAt defaultTeamId email hasTrialAvailable id name resourceConfig softBlock "
        "stagingPrefix username".split()
    },
    "/v2/teams/team_gemini": TEAM,
    "/v2/teams": {*(f"pagination.{field}" for field in PAGE), *(f"teams.0.{field}" for field in TEAM)},
    "/v3/teams/team_gemini/members": {"members.0.role", "members.0.confirmed", "pagination.hasNext"},
    f"/v9/projects/{TOKYO}": PROJECT,
    "/v10/projects": {*(f"pagination.{field}" for field in PAGE), *(f"projects.0.{field}" for field in PROJECT)},
    "/v7/deployments": {
        f"deployments.0.{field}"
        for field in "created createdAt creator.uid inspectorUrl name projectId readyState type uid url".split()
    },
    f"/v13/deployments/{HOST}": DEPLOYMENT,
    "/v4/aliases": {*(f"pagination.{field}" for field in PAGE), *(f"aliases.0.{field}" for field in ALIAS)},
    f"/v4/aliases/{HOST}": ALIAS,
    f"/v10/projects/{TOKYO}/env": {
        f"envs.0.{field}" for field in "key type value securityIssues createdAt target id".split()
    },
    f"/v9/projects/{TOKYO}/domains": {
        *(f"pagination.{field}" for field in PAGE),
        *(f"domains.0.{field}" for field in DOMAIN),
    },
    f"/v9/projects/{TOKYO}/domains/{HOST}": DOMAIN,
    "/v1/domains/example.com/project-domains": {f"projectDomains.0.{field}" for field in DOMAIN},
    "/v5/domains": {"domains.0.creator.id", "domains.0.nameservers", "domains.0.serviceType", "domains.0.echMode"},
    "/v5/domains/blue.example.com": {"domain.name", "domain.suffix", "domain.verified"},
    f"/v6/domains/{HOST}/config": {"acceptedChallenges", "misconfigured", "recommendedIPv4.0.rank", "configuredBy"},
    "/v1/registrar/domains/blue.example.com/availability": {"available"},
    "/v1/global-config": {f"0.{field}" for field in CONFIG},
    STORE: CONFIG,
    f"{STORE}/items": {"0.createdAt", "0.edgeConfigId", "0.key", "0.updatedAt", "0.value"},
    f"{STORE}/tokens": {"0.id", "0.token", "0.label", "0.edgeConfigId"},
    f"{STORE}/backups": {"backups", "pagination.hasNext"},
    f"/v9/projects/{TOKYO}/custom-environments": {"environments"},
    f"/v1/projects/{TOKYO}/rolling-release": {"rollingRelease"},
    f"/v1/projects/{TOKYO}/members": {"members.0.uid", "pagination.hasNext"},
    f"/v3/env/pull/{TOKYO}/production": {"env.DATABASE_URL", "buildEnv"},
    "/v1/webhooks": set(),
}


@pytest.fixture
def vercel(sandbox: Sandbox) -> Calls:
    return Calls(sandbox)


def has(value: Any, path: str) -> bool:
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return False
    return True


@pytest.mark.parametrize("path", REQUIRED)
def test_an_answer_has_every_field_that_the_sdk_demands(vercel: Calls, path: str):
    answer = vercel.ok("GET", path)
    assert [field for field in sorted(REQUIRED[path]) if not has(answer, field)] == []


def test_a_deployment_that_was_just_made_has_them_too(vercel: Calls):
    made = vercel.redeploy(vercel.candidate())
    assert [field for field in sorted(DEPLOYMENT) if not has(made, field)] == []
    assert made["aliasAssigned"] is False  # the Terraform provider polls until this is true


def test_a_deployment_is_found_by_its_address_as_well(vercel: Calls):
    row = vercel.deployments()[0]
    for name in (row["uid"], row["url"], row["url"].upper(), f"https://{row['url']}/", HOST):
        found = vercel.ok("GET", f"/v13/deployments/{name.replace('https://', '').rstrip('/')}")
        assert found["id"] == row["uid"]


def test_the_command_line_promotes_with_an_empty_object_and_the_ninth_version(vercel: Calls):
    id = vercel.candidate()
    assert vercel("POST", f"/v9/projects/{vercel.project()['id']}/rollback/{id}", {}).status_code == 201


def test_a_preview_is_promoted_by_building_it_anew(vercel: Calls):
    preview = vercel.deployments(target="preview")[0]["uid"]
    body = {"deploymentId": preview, "name": TOKYO, "target": "production", "meta": {"action": "promote"}}
    made = vercel.ok("POST", "/v13/deployments", body)
    assert (made["id"] != preview, made["target"]) == (True, "production")


def test_domains_are_added_in_the_old_way_and_the_new(vercel: Calls):
    targets = vercel.ok("POST", f"/projects/{TOKYO}/alias", {"target": "PRODUCTION", "domain": "extra.example.com"})
    assert "extra.example.com" in [target["domain"] for target in targets]
    elsewhere = "/projects/gemini-toolbox-standby/alias"
    assert vercel.refused("POST", elsewhere, {"domain": "extra.example.com"}) == (409, "ALIAS_DOMAIN_EXIST")
    path = "/v10/projects/gemini-toolbox-standby/domains"
    assert vercel.refused("POST", path, {"name": "extra.example.com"}) == (409, "domain_already_in_use")
    assert vercel.ok("DELETE", f"/projects/{TOKYO}/alias", domain="extra.example.com") == {}
    assert vercel.ok("POST", path, {"name": "extra.example.com"})["verified"] is True


def test_terraform_writes_items_as_a_bare_list(vercel: Calls):
    operations = [{"operation": "upsert", "key": "banner", "value": "soon"}]
    assert vercel.ok("PATCH", "/v1/edge-config/ecfg_gemini/items", operations) == {"status": "ok"}


def test_terraform_makes_a_project_with_its_variables_and_its_repository(vercel: Calls):
    variable = {"key": "A", "value": "1", "target": ["production"], "type": "encrypted"}
    body = {"name": "formed", "environmentVariables": [variable], "gitRepository": {"type": "github", "repo": "a/b"}}
    made = vercel.ok("POST", "/v8/projects", {**body, "buildCommand": None, "publicSource": None})
    assert (made["link"]["org"], made["link"]["repo"], made["link"]["productionBranch"]) == ("a", "b", "main")
    assert [each["key"] for each in vercel.ok("GET", "/v10/projects/formed/env")["envs"]] == ["A"]
    branch = vercel.ok("PATCH", "/v9/projects/formed/branch", {"branch": "next"})
    assert branch["link"]["productionBranch"] == "next"
    settings = {"framework": None, "gitLFS": False, "serverlessFunctionZeroConfigFailover": True, "resourceConfig": {}}
    assert vercel.ok("PATCH", "/v9/projects/formed", settings)["serverlessFunctionZeroConfigFailover"] is True
    assert "link" not in vercel.ok("DELETE", "/v9/projects/formed/link")


def test_a_project_is_made_changed_and_deleted(vercel: Calls):
    made = vercel.ok("POST", "/v11/projects", {"name": "tiny", "framework": "nextjs", "buildCommand": "make"})
    assert (made["framework"], made["buildCommand"], made["resourceConfig"]["functionDefaultRegions"]) == (
        "nextjs",
        "make",
        ["iad1"],
    )
    assert vercel.refused("POST", "/v11/projects", {"name": "tiny"}) == (409, "conflict")
    changed = vercel.ok("PATCH", "/v9/projects/tiny", {"serverlessFunctionRegion": "fra1", "name": "small"})
    assert (changed["name"], changed["resourceConfig"]["functionDefaultRegions"]) == ("small", ["fra1"])
    wrong = {"resourceConfig": {"functionDefaultRegions": ["tokyo"]}}
    assert vercel.refused("PATCH", "/v9/projects/small", wrong) == (400, "bad_request")
    assert vercel("DELETE", "/v9/projects/small").status_code == 204
    assert vercel.refused("GET", "/v9/projects/small") == (404, "not_found")

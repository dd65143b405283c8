"""Projects: list, read, create, change, delete, pause; their environments and members."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from dr_console.sandbox.vercel import shown
from dr_console.sandbox.vercel.account import TEAM_SLUG, Domain, Project
from dr_console.sandbox.vercel.asking import Asked, Refusal, Table, bad_request, not_found, page
from dr_console.sandbox.vercel.variables import create as create_variable

DEFAULT_REGION = "iad1"
# https://vercel.com/docs/regions
REGIONS = frozenset(
    "arn1 bom1 cdg1 cle1 cpt1 dub1 dxb1 fra1 gru1 hkg1 hnd1 iad1 icn1 kix1 lhr1 pdx1 sfo1 sin1 syd1 yul1".split()
)
# Settings that are kept and given back, whatever they are.
KEPT = frozenset(
    {
        "autoExposeSystemEnvs",
        "buildCommand",
        "commandForIgnoringBuildStep",
        "customerSupportCodeVisibility",
        "devCommand",
        "directoryListing",
        "enablePreviewFeedback",
        "enableProductionFeedback",
        "gitComments",
        "gitForkProtection",
        "gitLFS",
        "installCommand",
        "nodeVersion",
        "oidcTokenConfig",
        "optionsAllowlist",
        "outputDirectory",
        "passwordProtection",
        "productionDeploymentsFastLane",
        "protectedSourcemaps",
        "publicSource",
        "rootDirectory",
        "skewProtectionMaxAge",
        "sourceFilesOutsideRootDirectory",
        "ssoProtection",
        "trustedIps",
    }
)


def is_name(name: str) -> bool:
    return bool(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", name)) and "---" not in name


def listed(asked: Asked) -> Any:
    search = asked.query("search").lower()
    found = [each for each in asked.account.projects_of(asked.owner) if search in each.name]
    rows, pagination = page(found, asked, lambda each: each.updated or each.created)
    return {"projects": [shown.project(asked.account, each) for each in rows], "pagination": pagination}


def one(asked: Asked) -> Any:
    return shown.project(asked.account, _named(asked))


def created(asked: Asked) -> Any:
    body = asked.body()
    name = asked.want(body, "name", str)
    if not is_name(name):
        raise bad_request("Invalid request: `name` should be a lower-case name of at most 100 characters.")
    if any(each.name == name for each in asked.account.projects_of(asked.owner)):
        message = f"A project with the name '{name}' already exists."
        raise Refusal(409, "conflict", message)
    project = create_named(asked, name, body)
    given = body.get("environmentVariables")
    for variable in given if isinstance(given, list) else []:
        create_variable(asked, project, variable)
    return shown.project(asked.account, project)


def create_named(asked: Asked, name: str, settings: dict[str, Any]) -> Project:
    account = asked.account
    at = account.stamp()
    project = Project(account.id("prj_"), name, asked.owner, at, [DEFAULT_REGION], updated=at)
    _change(project, settings)
    if isinstance(settings.get("gitRepository"), dict):
        _link(project, settings["gitRepository"])
    account.projects[project.id] = project
    host = f"{name}.vercel.app" if f"{name}.vercel.app" not in account.domains else f"{name}-{TEAM_SLUG}.vercel.app"
    account.domains[host] = Domain(host, project.id, at, updated=at)
    account.effect("project.create", name, id=project.id)
    return project


def changed(asked: Asked) -> Any:
    project, body = _named(asked), asked.body()
    name = body.get("name")
    if name is not None and name != project.name:
        if not isinstance(name, str) or not is_name(name):
            raise bad_request("Invalid request: `name` should be a lower-case name of at most 100 characters.")
        project.name = name
    _change(project, body)
    project.updated = asked.account.stamp()
    asked.account.effect("project.update", project.name, changes=sorted(body))
    return shown.project(asked.account, project)


def _change(project: Project, body: dict[str, Any]) -> None:
    """A new region counts for the next deployment only; what is deployed stays where it is."""
    given = body.get("resourceConfig")
    resources = given if isinstance(given, dict) else {}
    regions = resources.get("functionDefaultRegions")
    if regions is None and body.get("serverlessFunctionRegion"):
        regions = [body["serverlessFunctionRegion"]]
    if regions is not None:
        project.regions = _regions(regions)
    if "serverlessFunctionZeroConfigFailover" in body:
        project.fails_over = bool(body["serverlessFunctionZeroConfigFailover"])
    if "functionZeroConfigFailover" in resources:
        project.fails_over = bool(resources["functionZeroConfigFailover"])
    if "autoAssignCustomDomains" in body:
        project.auto_assigns = bool(body["autoAssignCustomDomains"])
    project.framework = body.get("framework", project.framework)
    project.more.update({key: value for key, value in body.items() if key in KEPT})


def _regions(regions: Any) -> list[str]:
    if not isinstance(regions, list) or not regions:
        raise bad_request("Invalid request: `functionDefaultRegions` should be array.")
    unknown = [region for region in regions if not isinstance(region, str) or region not in REGIONS]
    if unknown:
        raise bad_request(f"Invalid request: `functionDefaultRegions` has the unknown region `{unknown[0]}`.")
    return list(regions)


def deleted(asked: Asked) -> Response:
    account, project = asked.account, _named(asked)
    doomed = {deployment.id for deployment in account.deployments_of(project)}
    account.deployments = {id: each for id, each in account.deployments.items() if id not in doomed}
    account.aliases = {host: each for host, each in account.aliases.items() if each.deployment_id not in doomed}
    account.domains = {host: each for host, each in account.domains.items() if each.project_id != project.id}
    del account.projects[project.id]
    account.effect("project.delete", project.name)
    return Response(status_code=204)


def paused(asked: Asked) -> Any:
    return _set_paused(asked, True)


def unpaused(asked: Asked) -> Any:
    return _set_paused(asked, False)


def _set_paused(asked: Asked, is_paused: bool) -> Any:
    """Users of production get an error, and new deployments are not shown."""
    project = _named(asked)
    project.paused = is_paused
    asked.account.effect("project.pause" if is_paused else "project.unpause", project.name)
    return {}


def environments(asked: Asked) -> Any:
    _named(asked)
    return {"environments": [], "accountLimit": {"total": 1}}


def environment(asked: Asked) -> Any:
    _named(asked)
    raise not_found("Custom environment")


def members(asked: Asked) -> Any:
    project = _named(asked)
    pagination = {"count": 1, "hasNext": False, "next": None, "prev": None}
    member = {
        **shown.CREATOR,
        "avatar": None,
        "name": "DR Console",
        "role": "ADMIN",
        "computedProjectRole": "ADMIN",
        "teamRole": "OWNER",
        "createdAt": project.created,
    }
    return {"members": [member], "pagination": pagination}


def linked(asked: Asked) -> Any:
    project = _named(asked)
    _link(project, asked.body())
    return shown.project(asked.account, project)


def unlinked(asked: Asked) -> Any:
    project = _named(asked)
    project.more.pop("link", None)
    return shown.project(asked.account, project)


def production_branch(asked: Asked) -> Any:
    project = _named(asked)
    project.more.setdefault("link", {})["productionBranch"] = asked.want(asked.body(), "branch", str)
    return shown.project(asked.account, project)


def _link(project: Project, repository: dict[str, Any]) -> None:
    """`repo` is "owner/name"."""
    owner, _slash, name = str(repository.get("repo", "")).rpartition("/")
    named = {"org": owner, "repo": name} if repository.get("type") == "github" else {"owner": owner, "slug": name}
    project.more["link"] = {"productionBranch": "main", "deployHooks": [], **repository, **named}


def _named(asked: Asked) -> Project:
    return asked.account.project(asked.path["project"], asked.owner)


TABLE: Table = (
    ("GET", "/projects", listed),
    ("POST", "/projects", created),
    ("GET", "/projects/{project}", one),
    ("PATCH", "/projects/{project}", changed),
    ("DELETE", "/projects/{project}", deleted),
    ("POST", "/projects/{project}/pause", paused),
    ("POST", "/projects/{project}/unpause", unpaused),
    ("GET", "/projects/{project}/custom-environments", environments),
    ("GET", "/projects/{project}/custom-environments/{environment}", environment),
    ("GET", "/projects/{project}/members", members),
    ("POST", "/projects/{project}/link", linked),
    ("DELETE", "/projects/{project}/link", unlinked),
    ("PATCH", "/projects/{project}/branch", production_branch),
)

"""Deployments and projects as Vercel's answers show them."""

from __future__ import annotations

from typing import Any

from dr_console.sandbox.vercel.account import EMAIL, TEAM_ID, TEAM_SLUG, USER_ID, USERNAME, Account, Deployment, Project

CREATOR = {"uid": USER_ID, "username": USERNAME, "email": EMAIL}
TEAM = {"id": TEAM_ID, "name": "Gemini", "slug": TEAM_SLUG}
INSPECTOR = "https://vercel.com/gemini"


def row(account: Account, deployment: Deployment) -> dict[str, Any]:
    """As in a list: the id is called `uid` and the time `created` too."""
    project = account.projects[deployment.project_id]
    return {
        "uid": deployment.id,
        "name": deployment.name,
        "projectId": deployment.project_id,
        "url": deployment.host,
        "created": deployment.created,
        "createdAt": deployment.created,
        "source": deployment.source,
        "state": deployment.state,
        "readyState": deployment.state,
        "readySubstate": _substate(project, deployment),
        "type": "LAMBDAS",
        "creator": CREATOR,
        "inspectorUrl": _inspector(deployment),
        "meta": deployment.meta,
        "target": deployment.target,
        "aliasError": deployment.alias_error,
        "aliasAssigned": deployment.alias_assigned_at or False,
        "isRollbackCandidate": deployment.state == "READY" and deployment.was_shown and deployment.id != project.shown,
        "buildingAt": deployment.building_at or deployment.created,
        "ready": deployment.ready_at if deployment.state == "READY" else None,
        "projectSettings": {},
        **_error(deployment),
    }


def deployment(account: Account, deployment: Deployment) -> dict[str, Any]:
    project = account.projects[deployment.project_id]
    hosts = account.hosts_shown_by(deployment)
    return {
        "id": deployment.id,
        "uid": deployment.id,
        "name": deployment.name,
        "version": 2,
        "type": "LAMBDAS",
        "url": deployment.host,
        "project": {"id": project.id, "name": project.name, "framework": project.framework},
        "projectId": project.id,
        "projectSettings": {"framework": project.framework},
        "ownerId": project.owner,
        **({"team": TEAM} if project.owner == TEAM_ID else {}),
        "creator": CREATOR,
        "source": deployment.source,
        "gitSource": deployment.git_source,
        "meta": deployment.meta,
        "target": deployment.target,
        "plan": account.plan,
        "public": False,
        "regions": deployment.regions,
        "routes": None,
        "env": sorted(deployment.variables),
        "build": {"env": sorted(deployment.variables)},
        "builds": [],
        **_progress(project, deployment),
        "alias": hosts,
        "automaticAliases": [],
        "userAliases": [],
        "aliasFinal": hosts[0] if hosts else None,
        "aliasError": deployment.alias_error,
        "aliasWarning": None,
        "autoAssignCustomDomains": project.auto_assigns,
        "inspectorUrl": _inspector(deployment),
        "previewCommentsEnabled": False,
        **_error(deployment),
    }


def _progress(project: Project, deployment: Deployment) -> dict[str, Any]:
    return {
        "createdAt": deployment.created,
        "createdIn": "iad1",
        "bootedAt": deployment.created,
        "buildingAt": deployment.building_at or deployment.created,
        "ready": deployment.ready_at if deployment.state == "READY" else None,
        "buildSkipped": False,
        "isInConcurrentBuildsQueue": False,
        "isInSystemBuildsQueue": False,
        "readyState": deployment.state,
        "status": deployment.state,
        "readySubstate": _substate(project, deployment),
        "aliasAssigned": bool(deployment.alias_assigned_at),
        "aliasAssignedAt": deployment.alias_assigned_at,
    }


def project(account: Account, project: Project) -> dict[str, Any]:
    settings = {
        "functionDefaultRegions": project.regions,
        "functionZeroConfigFailover": project.fails_over,
        "functionDefaultMemoryType": "standard",
        "fluid": True,
    }
    return {
        **project.more,
        "id": project.id,
        "name": project.name,
        "accountId": project.owner,
        "createdAt": project.created,
        "updatedAt": project.updated or project.created,
        "framework": project.framework,
        "nodeVersion": project.more.get("nodeVersion", "22.x"),
        "directoryListing": project.more.get("directoryListing", False),
        "live": False,
        "paused": project.paused,
        "autoAssignCustomDomains": project.auto_assigns and not project.rolled_back_to and not project.paused,
        "resourceConfig": settings,
        "defaultResourceConfig": settings,
        "serverlessFunctionRegion": project.regions[0] if project.regions else None,
        "serverlessFunctionZeroConfigFailover": project.fails_over,
        "deploymentExpiration": {},
        "env": [],
        **_what_it_shows(account, project),
    }


def _what_it_shows(account: Account, project: Project) -> dict[str, Any]:
    at_production = account.deployments.get(project.shown)
    rolled_back = account.deployments.get(project.rolled_back_to)
    latest = account.deployments_of(project)[:10]
    hosts = [domain.name for domain in account.domains_of(project)]
    stages = {"target": "production", "stages": [{"targetPercentage": 10}, {"targetPercentage": 100}]}
    switch = project.switch
    return {
        "hasDeployments": bool(latest),
        "alias": [
            {"deployment": None, "domain": host, "environment": "production", "target": "PRODUCTION"} for host in hosts
        ],
        "targets": {"production": _target(account, at_production)} if at_production else {},
        "latestDeployments": [_target(account, each) for each in latest],
        "lastRollbackTarget": _target(account, rolled_back) if rolled_back else None,
        "rollbackDescription": _reason(project),
        "rollingRelease": stages if project.rolling_release else None,
        "lastAliasRequest": switch
        and {
            "fromDeploymentId": switch.before,
            "toDeploymentId": switch.to,
            "jobStatus": switch.status,
            "requestedAt": switch.asked_at,
            "type": switch.kind,
        },
    }


def _reason(project: Project) -> dict[str, Any] | None:
    if not project.rollback_reason or project.switch is None:
        return None
    at = project.switch.asked_at
    return {"userId": USER_ID, "username": USERNAME, "description": project.rollback_reason, "createdAt": at}


def _target(account: Account, deployment: Deployment) -> dict[str, Any]:
    hosts = account.hosts_shown_by(deployment)
    return {
        "id": deployment.id,
        "name": deployment.name,
        "alias": hosts,
        "aliasAssigned": deployment.alias_assigned_at or False,
        "aliasError": deployment.alias_error,
        "builds": [],
        "createdAt": deployment.created,
        "createdIn": "iad1",
        "creator": CREATOR,
        "deploymentHostname": deployment.host.split(".")[0],
        "forced": False,
        "meta": deployment.meta,
        "plan": account.plan,
        "private": True,
        "readyState": deployment.state,
        "readySubstate": _substate(account.projects[deployment.project_id], deployment),
        "target": deployment.target,
        "teamId": account.projects[deployment.project_id].owner,
        "type": "LAMBDAS",
        "url": deployment.host,
        "userId": USER_ID,
        "withCache": False,
    }


def _substate(project: Project, deployment: Deployment) -> str | None:
    if deployment.target != "production" or deployment.state != "READY":
        return None
    return "PROMOTED" if deployment.was_shown else "STAGED"


def _error(deployment: Deployment) -> dict[str, Any]:
    if deployment.state == "CANCELED":
        return {"canceledAt": deployment.log[-1][0]}
    if not deployment.error_code:
        return {}
    return {
        "errorCode": deployment.error_code,
        "errorMessage": deployment.error_message,
        "errorStep": "buildStep",
        "errorLink": "https://vercel.com/docs/errors",
    }


def _inspector(deployment: Deployment) -> str:
    return f"{INSPECTOR}/{deployment.name}/{deployment.id[4:]}"

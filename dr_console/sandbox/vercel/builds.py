"""How a deployment comes to be: queued, initializing, building, then ready or not, in minutes of the world's clock."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dr_console.sandbox.vercel.account import TEAM_SLUG, Account, Deployment, Project

QUEUED_SECONDS = 2.0
INITIALIZING_SECONDS = 3.0
OVER = frozenset({"READY", "ERROR", "CANCELED", "BLOCKED", "DELETED"})


def build(account: Account, project: Project, body: dict[str, Any], source: Deployment | None) -> Deployment:
    """Begin to build what the body of POST /deployments asks for; `source`: the deployment to build again."""
    target = body.get("target") or None
    host = f"{project.name}-{account.id('', 9).lower()}-{TEAM_SLUG}.vercel.app"
    at = account.stamp()
    deployment = Deployment(account.id("dpl_"), project.id, project.name, host, target, at, list(project.regions))
    asked_regions = body.get("regions")
    if isinstance(asked_regions, list) and asked_regions:
        deployment.regions = [str(region) for region in asked_regions]
    deployment.meta = {**(source.meta if source else {}), **_texts(body.get("meta"))}
    deployment.source = "redeploy" if source else str(body.get("source") or "api-trigger-git-deploy")
    deployment.git_source = body.get("gitSource") if isinstance(body.get("gitSource"), dict) else None
    deployment.variables = {
        each.key: each.value for each in project.variables.values() if _is_for(each.targets, target)
    }
    deployment.content = content_of(body, source)
    deployment.log.append((at, "command", "Running build in Washington, D.C., USA (East) – iad1"))
    account.deployments[deployment.id] = deployment
    details = {"id": deployment.id, "to": target or "preview", "meta": dict(deployment.meta)}
    account.effect("deployment.create", project.name, **details)
    failure, project.next_build_fails = project.next_build_fails, ""
    _plan(account, project, deployment, failure)
    return deployment


def content_of(body: dict[str, Any], source: Deployment | None) -> str:
    """What is built, as one text: the same content for the same target is not built twice unless that is forced."""
    if source is not None:
        return source.content
    what = {key: body.get(key) for key in ("files", "gitSource")}
    return hashlib.sha1(json.dumps(what, sort_keys=True).encode()).hexdigest()


def cancel(account: Account, deployment: Deployment) -> None:
    deployment.state = "CANCELED"
    deployment.log.append((account.now(), "stderr", "Build canceled"))
    account.effect("deployment.cancel", deployment.name, id=deployment.id)


def _plan(account: Account, project: Project, deployment: Deployment, failure: str) -> None:
    at = account.world.clock.now()

    def milliseconds(seconds: float) -> int:
        return int((at + seconds) * 1000)

    begins = QUEUED_SECONDS + INITIALIZING_SECONDS
    ends = max(begins + 1.0, project.build_seconds)

    def initialize() -> None:
        if deployment.state == "QUEUED":
            deployment.state = "INITIALIZING"

    def begin() -> None:
        if deployment.state == "INITIALIZING":
            deployment.state, deployment.building_at = "BUILDING", milliseconds(begins)
            deployment.log.append((milliseconds(begins), "command", 'Running "npm run build"'))

    def end() -> None:
        if deployment.state == "BUILDING" and deployment.id in account.deployments:
            deployment.ready_at = milliseconds(ends)
            _fail(deployment, failure) if failure else _succeed(account, project, deployment)

    account.world.clock.later(QUEUED_SECONDS, initialize)
    account.world.clock.later(begins, begin)
    account.world.clock.later(ends, end)


def _fail(deployment: Deployment, why: str) -> None:
    deployment.state = "ERROR"
    deployment.error_code, deployment.error_message = "BUILD_UTILS_SPAWN_1", why
    deployment.log.append((deployment.ready_at or 0, "stderr", f"Error: {why}"))


def _succeed(account: Account, project: Project, deployment: Deployment) -> None:
    """A production deployment is shown as soon as it is ready, but not while an instant rollback is in force."""
    deployment.state = "READY"
    deployment.log.append((deployment.ready_at or 0, "stdout", "Build Completed in /vercel/output"))
    if deployment.target == "production" and project.auto_assigns and not project.rolled_back_to and not project.paused:
        account.show_in_production(project, deployment)
        account.effect("production.show", project.name, deployment=deployment.id)
    account.show(deployment.host, deployment)
    deployment.alias_assigned_at = deployment.alias_assigned_at or deployment.ready_at


def _is_for(targets: list[str], target: str | None) -> bool:
    return (target or "preview") in targets or not targets


def _texts(meta: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in meta.items()} if isinstance(meta, dict) else {}

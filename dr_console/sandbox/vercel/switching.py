"""Promotion, instant rollback, rolling releases: which deployment production shows, as a job that takes seconds."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from dr_console.sandbox.vercel.account import Account, Deployment, Project, Switch
from dr_console.sandbox.vercel.asking import Asked, Refusal, Table, bad_request, not_found, page

PENDING_SECONDS = 2.0
WORKING_SECONDS = 4.0


def promote(asked: Asked) -> Response:
    """201; 202 where it has to wait for the rolling release that is under way. No body."""
    project, deployment = _named(asked)
    if deployment.target != "production":
        raise bad_request("Only production deployments can be promoted.")
    _must_be_ready(deployment)
    if project.shown == deployment.id and not project.rolled_back_to:
        raise Refusal(409, "conflict", "The deployment is already the current production deployment.")
    _begin(asked.account, project, deployment, "promote")
    return Response(status_code=202 if project.rolling_release else 201)


def rollback(asked: Asked) -> Response:
    project, deployment = _named(asked)
    _must_be_ready(deployment)
    if deployment.target != "production" or not deployment.was_shown:
        raise bad_request("Only deployments that were in production can be rolled back to.")
    if project.shown == deployment.id:
        raise Refusal(409, "conflict", "The deployment is already the current production deployment.")
    if asked.account.plan == "hobby" and deployment.id != _previous(asked.account, project):
        raise Refusal(402, "payment_required", "On the Hobby plan, only the previous deployment can be rolled back to.")
    project.rollback_reason = asked.query("description")
    _begin(asked.account, project, deployment, "rollback")
    return Response(status_code=201)


def describe_rollback(asked: Asked) -> Any:
    project, _deployment = _named(asked)
    project.rollback_reason = str(asked.body().get("description") or asked.query("description"))
    return {}


def aliases(asked: Asked) -> Any:
    """How each host name of the last promotion or rollback fared."""
    project = asked.account.project(asked.path["project"], asked.owner)
    switch = project.switch
    wanted = {"failed"} if asked.flag("failedOnly") else {"pending", "in-progress", "completed", "failed"}
    found = [(host, state) for host, state in (switch.states if switch else {}).items() if state in wanted]
    rows: list[dict[str, Any]] = [
        {"id": host, "alias": host, "status": state, "deploymentId": switch.to, "createdAt": switch.asked_at + number}
        for number, (host, state) in enumerate(found)
        if switch
    ]
    rows, pagination = page(rows, asked, lambda each: each["createdAt"])
    return {"aliases": rows, "pagination": pagination}


def is_candidate(project: Project, deployment: Deployment) -> bool:
    """Whether a rollback may go to it."""
    return deployment.state == "READY" and deployment.was_shown and deployment.id != project.shown


def rolling_release(asked: Asked) -> Any:
    project = asked.account.project(asked.path["project"], asked.owner)
    if not project.rolling_release:
        return {"rollingRelease": None}
    current = asked.account.deployments.get(project.shown)
    stage = {"index": 0, "isFinalStage": False, "targetPercentage": 10, "requireApproval": True, "duration": None}
    return {
        "rollingRelease": {
            "state": "ACTIVE",
            "currentDeployment": _brief(current),
            "canaryDeployment": None,
            "queuedDeploymentId": project.switch.to if project.switch else None,
            "advancementType": "manual-approval",
            "stages": [stage],
            "activeStage": stage,
            "nextStage": None,
            "startedAt": project.updated,
            "updatedAt": project.updated,
        }
    }


def rolling_release_config(asked: Asked) -> Any:
    project = asked.account.project(asked.path["project"], asked.owner)
    target = {"target": "production", "stages": [{"targetPercentage": 10, "requireApproval": True}]}
    return {"rollingRelease": target if project.rolling_release else None}


def complete_rolling_release(asked: Asked) -> Any:
    project = asked.account.project(asked.path["project"], asked.owner)
    end_rolling_release(asked.account, project)
    return rolling_release(asked)


def end_rolling_release(account: Account, project: Project) -> None:
    """What waited behind it goes ahead."""
    project.rolling_release = False
    if project.switch is not None and project.switch.status == "pending":
        _schedule(account, project, project.switch)


TABLE: Table = (
    ("POST", "/projects/{project}/promote/{deployment}", promote),
    ("POST", "/projects/{project}/rollback/{deployment}", rollback),
    ("PATCH", "/projects/{project}/rollback/{deployment}/update-description", describe_rollback),
    ("GET", "/projects/{project}/promote/aliases", aliases),
    ("GET", "/projects/{project}/rollback/aliases", aliases),
    ("GET", "/projects/{project}/rolling-release", rolling_release),
    ("GET", "/projects/{project}/rolling-release/config", rolling_release_config),
    ("POST", "/projects/{project}/rolling-release/complete", complete_rolling_release),
    ("POST", "/projects/{project}/rolling-release/approve-stage", complete_rolling_release),
)


def _named(asked: Asked) -> tuple[Project, Deployment]:
    project = asked.account.project(asked.path["project"], asked.owner)
    deployment = asked.account.deployments.get(asked.path["deployment"])
    if deployment is None or deployment.project_id != project.id:
        raise not_found("Deployment")
    return project, deployment


def _must_be_ready(deployment: Deployment) -> None:
    if deployment.state != "READY":
        raise bad_request(f"The deployment is not ready, but {deployment.state}.")


def _previous(account: Account, project: Project) -> str:
    shown = [each for each in account.deployments_of(project) if each.was_shown and each.id != project.shown]
    return shown[0].id if shown else ""


def _begin(account: Account, project: Project, deployment: Deployment, kind: str) -> None:
    if project.switch is not None and project.switch.status in ("pending", "in-progress"):
        raise Refusal(409, "conflict", "Another promotion or rollback is in progress.")
    hosts = {domain.name: "pending" for domain in account.domains_of(project) if domain.git_branch is None}
    switch = Switch(kind, project.shown, deployment.id, account.now(), states=hosts)
    project.switch = switch
    account.effect(f"production.{kind}", project.name, to=deployment.id, before=switch.before)
    if kind == "rollback" or not project.rolling_release:
        _schedule(account, project, switch)


def _schedule(account: Account, project: Project, switch: Switch) -> None:
    def begin() -> None:
        switch.status = "in-progress"
        switch.states = dict.fromkeys(switch.states, "in-progress")

    def end() -> None:
        _end(account, project, switch)

    account.world.clock.later(PENDING_SECONDS, begin)
    account.world.clock.later(PENDING_SECONDS + WORKING_SECONDS, end)


def _end(account: Account, project: Project, switch: Switch) -> None:
    failed, project.next_switch_fails_for = project.next_switch_fails_for, []
    deployment = account.deployments.get(switch.to)
    if deployment is None or deployment.state != "READY":
        switch.status = "failed"
        switch.states = dict.fromkeys(switch.states, "failed")
        return
    account.show_in_production(project, deployment, but=failed)
    account.effect("production.show", project.name, deployment=deployment.id)
    switch.states = {host: "failed" if host in failed else "completed" for host in switch.states}
    switch.status = "failed" if failed else "succeeded"
    project.rolled_back_to = deployment.id if switch.kind == "rollback" else ""


def _brief(deployment: Deployment | None) -> dict[str, Any] | None:
    if deployment is None:
        return None
    return {
        "id": deployment.id,
        "name": deployment.name,
        "url": deployment.host,
        "target": deployment.target,
        "source": deployment.source,
        "createdAt": deployment.created,
        "readyState": deployment.state,
        "readyStateAt": deployment.ready_at,
    }

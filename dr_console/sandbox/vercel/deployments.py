"""Deployments: list, read, create and again, cancel, delete; their events, files and host names."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from dr_console.sandbox.vercel import shown
from dr_console.sandbox.vercel.account import Deployment, Project
from dr_console.sandbox.vercel.asking import Asked, Refusal, Table, bad_request, page
from dr_console.sandbox.vercel.builds import OVER, build, cancel, content_of
from dr_console.sandbox.vercel.projects import create_named, is_name
from dr_console.sandbox.vercel.switching import is_candidate

LOOK_SECONDS = 0.1


def listed(asked: Asked) -> Any:
    account = asked.account
    wanted = asked.query("projectId") or asked.query("app")
    ids = asked.query("projectIds").split(",") if asked.query("projectIds") else []
    projects = [account.project(wanted, asked.owner)] if wanted else account.projects_of(asked.owner)
    projects = [each for each in projects if not ids or each.id in ids]
    found = [
        each for project in projects for each in account.deployments_of(project) if _is_wanted(asked, project, each)
    ]
    rows, pagination = page(found, asked, lambda each: each.created)
    return {"deployments": [shown.row(account, each) for each in rows], "pagination": pagination}


def _is_wanted(asked: Asked, project: Project, deployment: Deployment) -> bool:
    states = asked.query("state").upper().split(",") if asked.query("state") else []
    if states and deployment.state not in states:
        return False
    if asked.query("target") and (deployment.target or "preview") != asked.query("target"):
        return False
    if asked.flag("rollbackCandidate") and not is_candidate(project, deployment):
        return False
    wanted = {key[5:]: value for key, value in asked.request.query_params.items() if key.startswith("meta-")}
    return all(deployment.meta.get(key) == value for key, value in wanted.items())


def one(asked: Asked) -> Any:
    return shown.deployment(asked.account, asked.account.deployment(asked.path["id"], asked.owner))


def create(asked: Asked) -> Any:
    body = asked.body()
    source = None
    if body.get("deploymentId"):
        source = asked.account.deployment(str(body["deploymentId"]), asked.owner)
    name = asked.want(body, "name", str)
    if not is_name(name):
        raise bad_request("Invalid request: `name` should be a lower-case name of at most 100 characters.")
    if body.get("target") not in (None, "", "production", "staging", "preview"):
        raise bad_request("Invalid request: `target` should be equal to one of the allowed values.")
    if source is None and not isinstance(body.get("files"), list) and not body.get("gitSource"):
        raise bad_request("Invalid request: you need to provide `files`, `gitSource` or `deploymentId`.")
    _must_have_files(asked, body)
    project = _project_for(asked, body, source, name)
    if not asked.flag("forceNew"):
        same = _the_same(asked, project, body, source)
        if same is not None:
            return shown.deployment(asked.account, same)
    return shown.deployment(asked.account, build(asked.account, project, body, source))


def _project_for(asked: Asked, body: dict[str, Any], source: Deployment | None, name: str) -> Project:
    if source is not None:
        return asked.account.projects[source.project_id]
    wanted = str(body.get("project") or name)
    try:
        return asked.account.project(wanted, asked.owner)
    except Refusal:
        if wanted.startswith("prj_"):
            raise
    settings = body.get("projectSettings")
    if not isinstance(settings, dict) and not asked.flag("skipAutoDetectionConfirmation"):
        framework = {"name": "Other", "slug": None}
        message = "The `projectSettings` object is required for new projects, but is missing in the deployment payload"
        raise Refusal(400, "missing_project_settings", message, framework=framework, projectSettings={})
    return create_named(asked, wanted, settings if isinstance(settings, dict) else {})


def _must_have_files(asked: Asked, body: dict[str, Any]) -> None:
    missing = []
    files = body.get("files")
    for file in files if isinstance(files, list) else []:
        if not isinstance(file, dict) or not isinstance(file.get("file"), str):
            raise bad_request("Invalid request: `files` should be a list of objects with `file`.")
        sha = str(file.get("sha", ""))
        if "data" not in file and sha not in asked.account.files:
            missing.append(sha)
    if missing:
        raise Refusal(400, "missing_files", "Missing files", missing=missing)


def _the_same(asked: Asked, project: Project, body: dict[str, Any], source: Deployment | None) -> Deployment | None:
    content, target = content_of(body, source), body.get("target") or None
    return next(
        (
            each
            for each in asked.account.deployments_of(project)
            if each.content == content and each.target == target and each.state not in ("ERROR", "CANCELED")
        ),
        None,
    )


def cancelled(asked: Asked) -> Any:
    deployment = asked.account.deployment(asked.path["id"], asked.owner)
    if deployment.state in OVER:
        raise bad_request(f"The deployment cannot be canceled, as it is {deployment.state}.")
    cancel(asked.account, deployment)
    return shown.deployment(asked.account, deployment)


def deleted(asked: Asked) -> Any:
    account = asked.account
    deployment = account.deployment(asked.query("url") or asked.path["id"], asked.owner)
    project = account.projects[deployment.project_id]
    for host in account.hosts_shown_by(deployment):
        del account.aliases[host]
    del account.deployments[deployment.id]
    if project.shown == deployment.id:
        project.shown = ""
    account.effect("deployment.delete", project.name, id=deployment.id)
    return {"uid": deployment.id, "state": "DELETED"}


def upload(asked: Asked) -> Any:
    """The file's content is not kept, only that it came."""
    headers = asked.request.headers
    digest = headers.get("x-vercel-digest") or headers.get("x-now-digest")
    found = hashlib.sha1(asked.content).hexdigest()
    if digest and digest != found:
        raise bad_request(f"Invalid digest: expected {digest}, got {found}.")
    asked.account.files[found] = len(asked.content)
    return {"urls": []}


def events(asked: Asked) -> Response:
    """A list; or, with `follow` or format=lines, lines of JSON that go on until the build is over."""
    deployment = asked.account.deployment(asked.path["id"], asked.owner)
    if asked.query("format") == "lines" or asked.number("follow", 0):
        return StreamingResponse(_followed(asked, deployment), media_type="application/stream+json")
    return JSONResponse([_event(deployment, number) for number in range(len(deployment.log))])


async def _followed(asked: Asked, deployment: Deployment) -> AsyncIterator[str]:
    said = 0
    while True:
        is_over = deployment.state in OVER or not asked.number("follow", 0)
        while said < len(deployment.log):
            yield json.dumps(_event(deployment, said)) + "\n"
            said += 1
        if is_over or await asked.request.is_disconnected():
            return
        await asyncio.sleep(LOOK_SECONDS)


def _event(deployment: Deployment, number: int) -> dict[str, Any]:
    at, kind, text = deployment.log[number]
    id = f"{at}{number:09}"
    payload = {
        "id": id,
        "serial": id,
        "date": at,
        "created": at,
        "text": text,
        "deploymentId": deployment.id,
        "info": {"type": "build", "name": "bld_" + deployment.id[4:], "entrypoint": "."},
    }
    return {"type": kind, "created": at, "payload": payload, **payload}


def builds(asked: Asked) -> Any:
    deployment = asked.account.deployment(asked.path["id"], asked.owner)
    return {
        "builds": [
            {
                "id": "bld_" + deployment.id[4:],
                "deploymentId": deployment.id,
                "entrypoint": ".",
                "readyState": deployment.state,
                "readyStateAt": deployment.ready_at,
                "createdAt": deployment.created,
                "scheduledAt": deployment.created,
                "deployedAt": deployment.ready_at,
                "createdIn": "iad1",
                "use": "@vercel/static-build",
                "config": {"zeroConfig": True},
                "output": [],
            }
        ]
    }


def nothing_of(name: str) -> Any:
    """A list that is always empty, as of checks that nobody set up."""

    def view(asked: Asked) -> Any:
        asked.account.deployment(asked.path["id"], asked.owner)
        return {name: []}

    return view


def files(asked: Asked) -> Any:
    asked.account.deployment(asked.path["id"], asked.owner)
    return []


TABLE: Table = (
    ("GET", "/deployments", listed),
    ("POST", "/deployments", create),
    ("GET", "/deployments/{id}", one),
    ("DELETE", "/deployments/{id}", deleted),
    ("PATCH", "/deployments/{id}/cancel", cancelled),
    ("GET", "/deployments/{id}/events", events),
    ("GET", "/deployments/{id}/builds", builds),
    ("GET", "/deployments/{id}/files", files),
    ("GET", "/deployments/{id}/checks", nothing_of("checks")),
    ("GET", "/deployments/{id}/check-runs", nothing_of("runs")),
    ("POST", "/files", upload),
)

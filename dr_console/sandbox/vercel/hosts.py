"""Host names: aliases of deployments, domains of projects and of the team."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from dr_console.sandbox.vercel.account import Alias, Domain, Project
from dr_console.sandbox.vercel.asking import Asked, Refusal, Table, bad_request, page
from dr_console.sandbox.vercel.shown import CREATOR

HOST = re.compile(r"(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def assign(asked: Asked) -> Any:
    """`oldDeploymentId` only where the host name showed another one before."""
    account = asked.account
    deployment = account.deployment(asked.path["id"], asked.owner)
    host = _host(asked.want(asked.body(), "alias", str))
    if deployment.state != "READY":
        raise Refusal(400, "deployment_not_ready", "The deployment is not READY.")
    owned = account.domains.get(host)
    if owned is not None and owned.project_id != deployment.project_id:
        raise Refusal(409, "alias_in_use", f"The alias {host} is already in use by another project.")
    before = account.aliases.get(host)
    if before is not None and before.deployment_id == deployment.id:
        raise Refusal(409, "conflict", f"The alias {host} is already assigned to this deployment.")
    alias = account.show(host, deployment)
    account.effect("alias.assign", host, deployment=deployment.id, before=before.deployment_id if before else None)
    answer = {"uid": alias.id, "alias": host, "created": _iso(alias.created)}
    return {**answer, "oldDeploymentId": before.deployment_id} if before else answer


def of_deployment(asked: Asked) -> Any:
    deployment = asked.account.deployment(asked.path["id"], asked.owner)
    hosts = asked.account.hosts_shown_by(deployment)
    found = [asked.account.aliases[host] for host in hosts]
    return {
        "aliases": [
            {"uid": each.id, "alias": each.host, "created": _iso(each.created), "redirect": None} for each in found
        ]
    }


def aliases(asked: Asked) -> Any:
    wanted = asked.query("projectId")
    hosts = {host for value in asked.request.query_params.getlist("domain") for host in value.split(",")}
    found = [
        each
        for each in asked.account.aliases.values()
        if asked.account.projects[each.project_id].owner == asked.owner
        and (not wanted or each.project_id == wanted)
        and (not hosts or each.host in hosts)
    ]
    rows, pagination = page(found, asked, lambda each: each.created)
    return {"aliases": [_shown(asked, each) for each in rows], "pagination": pagination}


def one_alias(asked: Asked) -> Any:
    return _shown(asked, _alias(asked))


def remove_alias(asked: Asked) -> Any:
    alias = _alias(asked)
    del asked.account.aliases[alias.host]
    asked.account.effect("alias.delete", alias.host, deployment=alias.deployment_id)
    return {"status": "SUCCESS"}


def _alias(asked: Asked) -> Alias:
    wanted = asked.path["id"].lower()
    found = asked.account.aliases.get(wanted) or next(
        (each for each in asked.account.aliases.values() if each.id == asked.path["id"]), None
    )
    if found is None or asked.account.projects[found.project_id].owner != asked.owner:
        raise Refusal(404, "not_found", "The alias was not found")
    return found


def _shown(asked: Asked, alias: Alias) -> dict[str, Any]:
    deployment = asked.account.deployments[alias.deployment_id]
    return {
        "uid": alias.id,
        "alias": alias.host,
        "created": _iso(alias.created),
        "createdAt": alias.created,
        "updatedAt": alias.created,
        "creator": CREATOR,
        "deployment": {"id": deployment.id, "url": deployment.host, "meta": "{}"},
        "deploymentId": deployment.id,
        "projectId": alias.project_id,
        "redirect": None,
        "redirectStatusCode": None,
        "protectionBypass": {},
    }


def project_domains(asked: Asked) -> Any:
    project = _project(asked)
    rows, pagination = page(asked.account.domains_of(project), asked, lambda each: each.created)
    return {"domains": [shown_domain(each) for each in rows], "pagination": pagination}


def project_domain(asked: Asked) -> Any:
    return shown_domain(asked.account.domain(_project(asked), asked.path["domain"]))


def add_domain(asked: Asked) -> Any:
    return shown_domain(_add(asked, "name"))


def add_domain_the_old_way(asked: Asked) -> Any:
    """What `vercel domains add` sends: all host names of the project come back."""
    project, _added = _project(asked), _add(asked, "domain")
    return [
        {"domain": each.name, "target": "PRODUCTION", "environment": "production", "createdAt": each.created}
        for each in asked.account.domains_of(project)
    ]


def remove_domain_the_old_way(asked: Asked) -> Any:
    return _remove(asked, asked.query("domain"))


def _add(asked: Asked, field: str) -> Domain:
    account, project, body = asked.account, _project(asked), asked.body()
    host = _host(asked.want(body, field, str))
    taken = account.domains.get(host)
    if taken is not None:
        if taken.project_id == project.id:
            message = f"Cannot add {host} since it's already in use by this project."
            raise Refusal(400, "domain_already_in_use", message, projectId=project.id, domain=shown_domain(taken))
        message = f"Cannot add {host} since it's already assigned to another project."
        code = "domain_already_in_use" if field == "name" else "ALIAS_DOMAIN_EXIST"
        there = {"id": taken.project_id, "name": account.projects[taken.project_id].name}
        raise Refusal(409, code, message, projectId=taken.project_id, project=there, domain=shown_domain(taken))
    at = account.stamp()
    domain = Domain(host, project.id, at, updated=at)
    account.domains[host] = domain
    _set(domain, body)
    _follow(asked, project, domain)
    account.effect("domain.add", host, project=project.name)
    return domain


def change_domain(asked: Asked) -> Any:
    domain = asked.account.domain(_project(asked), asked.path["domain"])
    _set(domain, asked.body())
    domain.updated = asked.account.stamp()
    asked.account.effect("domain.update", domain.name)
    return shown_domain(domain)


def remove_domain(asked: Asked) -> Any:
    return _remove(asked, asked.path["domain"])


def _remove(asked: Asked, name: str) -> Any:
    domain = asked.account.domain(_project(asked), name)
    del asked.account.domains[domain.name]
    asked.account.aliases.pop(domain.name, None)
    asked.account.effect("domain.remove", domain.name)
    return {}


def verify_domain(asked: Asked) -> Any:
    domain = asked.account.domain(_project(asked), asked.path["domain"])
    domain.verified = True
    return shown_domain(domain)


def move_domain(asked: Asked) -> Any:
    """From now on the other project's production is shown there."""
    account, before = asked.account, _project(asked)
    domain, body = account.domain(before, asked.path["domain"]), asked.body()
    to = account.project(asked.want(body, "projectId", str), asked.owner)
    if to.id == before.id:
        raise bad_request("Cannot move a domain to the project that it belongs to.")
    domain.project_id, domain.updated = to.id, account.stamp()
    _set(domain, body)
    account.aliases.pop(domain.name, None)
    _follow(asked, to, domain)
    account.effect("domain.move", domain.name, before=before.name, to=to.name)
    return shown_domain(domain)


def _follow(asked: Asked, project: Project, domain: Domain) -> None:
    deployment = asked.account.deployments.get(project.shown)
    if deployment is not None and domain.verified and domain.git_branch is None:
        asked.account.show(domain.name, deployment)


def _set(domain: Domain, body: dict[str, Any]) -> None:
    domain.git_branch = body.get("gitBranch", domain.git_branch)
    domain.redirect = body.get("redirect", domain.redirect)
    domain.redirect_status = body.get("redirectStatusCode", domain.redirect_status)


def shown_domain(domain: Domain) -> dict[str, Any]:
    return {
        "name": domain.name,
        "apexName": apex_of(domain.name),
        "projectId": domain.project_id,
        "redirect": domain.redirect,
        "redirectStatusCode": domain.redirect_status,
        "gitBranch": domain.git_branch,
        "customEnvironmentId": None,
        "createdAt": domain.created,
        "updatedAt": domain.updated or domain.created,
        "verified": domain.verified,
    }


def _project(asked: Asked) -> Project:
    return asked.account.project(asked.path["project"], asked.owner)


def _host(name: str) -> str:
    host = name.strip().lower().removeprefix("https://").rstrip(".")
    host = host if "." in host else f"{host}.vercel.app"
    if not HOST.fullmatch(host):
        raise Refusal(400, "invalid_alias", f"The alias {name} is no valid host name.")
    return host


def apex_of(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


TABLE: Table = (
    ("POST", "/deployments/{id}/aliases", assign),
    ("GET", "/deployments/{id}/aliases", of_deployment),
    ("GET", "/aliases", aliases),
    ("GET", "/aliases/{id}", one_alias),
    ("DELETE", "/aliases/{id}", remove_alias),
    ("POST", "/projects/{project}/alias", add_domain_the_old_way),
    ("DELETE", "/projects/{project}/alias", remove_domain_the_old_way),
    ("GET", "/projects/{project}/domains", project_domains),
    ("POST", "/projects/{project}/domains", add_domain),
    ("GET", "/projects/{project}/domains/{domain}", project_domain),
    ("PATCH", "/projects/{project}/domains/{domain}", change_domain),
    ("DELETE", "/projects/{project}/domains/{domain}", remove_domain),
    ("POST", "/projects/{project}/domains/{domain}/verify", verify_domain),
    ("POST", "/projects/{project}/domains/{domain}/move", move_domain),
)

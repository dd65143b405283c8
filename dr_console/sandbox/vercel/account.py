"""What the pretend Vercel keeps: a team with its projects, deployments, host names, variables and settings stores."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.vercel.asking import Refusal, not_found
from dr_console.sandbox.world import World

VENDOR = "vercel"
TEAM_ID = "team_gemini"
TEAM_SLUG = "gemini"
USER_ID = "usr_drconsole"
USERNAME = "dr-console"
EMAIL = "dr-console@example.com"
_LETTERS = string.ascii_letters + string.digits


@dataclass
class Deployment:
    """Times are milliseconds of the world's clock. `bad`: it builds and starts, and answers users with errors.

    `variables`: those of its project when it was built; a rollback to it brings them back with it.
    """

    id: str
    project_id: str
    name: str
    host: str
    target: str | None
    created: int
    regions: list[str]
    state: str = "QUEUED"
    meta: dict[str, str] = field(default_factory=dict)
    source: str = "cli"
    git_source: dict[str, Any] | None = None
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    content: str = ""
    building_at: int | None = None
    ready_at: int | None = None
    alias_assigned_at: int | None = None
    was_shown: bool = False
    bad: bool = False
    error_code: str = ""
    error_message: str = ""
    log: list[tuple[int, str, str]] = field(default_factory=list)
    alias_error: dict[str, str] | None = None


@dataclass
class Domain:
    name: str
    project_id: str
    created: int
    verified: bool = True
    git_branch: str | None = None
    redirect: str | None = None
    redirect_status: int | None = None
    updated: int = 0


@dataclass
class Alias:
    """A host name that shows a deployment."""

    id: str
    host: str
    deployment_id: str
    project_id: str
    created: int


@dataclass
class Variable:
    """`challenged`: its value is shown only to a person who has just logged in."""

    id: str
    key: str
    value: str = field(repr=False)
    type: str
    targets: list[str]
    created: int
    updated: int
    git_branch: str | None = None
    environments: list[str] = field(default_factory=list)
    comment: str = ""
    challenged: bool = False


@dataclass
class Switch:
    """A promotion or rollback under way. `states`: alias and how it went."""

    kind: str
    before: str
    to: str
    asked_at: int
    status: str = "pending"
    states: dict[str, str] = field(default_factory=dict)


@dataclass
class Project:
    """`more`: settings that only are kept and given back. `shown`: id of the deployment of production."""

    id: str
    name: str
    owner: str
    created: int
    regions: list[str]
    updated: int = 0
    framework: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
    shown: str = ""
    paused: bool = False
    auto_assigns: bool = True
    rolled_back_to: str = ""
    rollback_reason: str = ""
    rolling_release: bool = False
    fails_over: bool = False
    variables: dict[str, Variable] = field(default_factory=dict)
    switch: Switch | None = None
    build_seconds: float = 60.0
    next_build_fails: str = ""
    next_switch_fails_for: list[str] = field(default_factory=list)
    challenges: bool = False


class Account:
    """The state, and how things in it are found. One a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.plan = "pro"
        self.projects: dict[str, Project] = {}
        self.deployments: dict[str, Deployment] = {}
        self.domains: dict[str, Domain] = {}
        self.aliases: dict[str, Alias] = {}
        self.files: dict[str, int] = {}
        self._stamp = 0

    def id(self, prefix: str, length: int = 28) -> str:
        return prefix + "".join(self.world.random.choices(_LETTERS, k=length))

    def now(self) -> int:
        """Milliseconds of the world's clock."""
        return int(self.world.clock.now() * 1000)

    def stamp(self) -> int:
        """The same, and no two alike, as paging goes by them."""
        self._stamp = max(self.now(), self._stamp + 1)
        return self._stamp

    def effect(self, what: str, target: str, **detail: Any) -> None:
        self.world.truth.effect(VENDOR, what, target, **detail)

    def project(self, id_or_name: str, owner: str) -> Project:
        found = self.projects.get(id_or_name) or next(
            (project for project in self.projects.values() if project.name == id_or_name and project.owner == owner),
            None,
        )
        if found is None or found.owner != owner:
            raise Refusal(404, "not_found", "Project not found.")
        return found

    def projects_of(self, owner: str) -> list[Project]:
        return [project for project in self.projects.values() if project.owner == owner]

    def deployment(self, id_or_host: str, owner: str) -> Deployment:
        """By id, by its own host name, or by one that shows it."""
        host = id_or_host.split("://")[-1].split("/")[0].lower()
        found = self.deployments.get(id_or_host) or self.deployments.get(f"dpl_{id_or_host}")
        found = found or next((each for each in self.deployments.values() if each.host == host), None)
        alias = self.aliases.get(host)
        found = found or (self.deployments.get(alias.deployment_id) if alias else None)
        if found is None:
            raise Refusal(404, "not_found", f'Can\'t find the deployment "{id_or_host}" under the context "{owner}"')
        if self.projects[found.project_id].owner != owner:
            raise Refusal(403, "forbidden", "Not authorized")
        return found

    def deployments_of(self, project: Project) -> list[Deployment]:
        """Newest first."""
        found = [each for each in self.deployments.values() if each.project_id == project.id]
        return sorted(found, key=lambda each: each.created, reverse=True)

    def domains_of(self, project: Project) -> list[Domain]:
        return [domain for domain in self.domains.values() if domain.project_id == project.id]

    def hosts_shown_by(self, deployment: Deployment) -> list[str]:
        return [alias.host for alias in self.aliases.values() if alias.deployment_id == deployment.id]

    def show(self, host: str, deployment: Deployment) -> Alias:
        """From now on this host name shows this deployment."""
        alias = Alias(self.id("", 24), host, deployment.id, deployment.project_id, self.stamp())
        self.aliases[host] = alias
        return alias

    def show_in_production(self, project: Project, deployment: Deployment, *, but: Sequence[str] = ()) -> None:
        """All of the project's own host names show this deployment, but those that fail to."""
        for domain in self.domains_of(project):
            if domain.git_branch is None and domain.verified and domain.name not in but:
                self.show(domain.name, deployment)
        deployment.alias_assigned_at = self.now()
        deployment.was_shown = True
        project.shown = deployment.id

    def why_not(self, host: str) -> str:
        """Why users get no good answer at this host name; empty if they do."""
        alias = self.aliases.get(host)
        deployment = self.deployments.get(alias.deployment_id) if alias else None
        if deployment is None:
            return f"Vercel shows no deployment at {host} (DEPLOYMENT_NOT_FOUND)"
        if self.projects[deployment.project_id].paused:
            return f"the Vercel project {deployment.name} is paused (DEPLOYMENT_PAUSED)"
        if deployment.bad:
            return f"the deployment {deployment.id} is broken (FUNCTION_INVOCATION_FAILED)"
        return ""

    def domain(self, project: Project, name: str) -> Domain:
        found = self.domains.get(name.lower())
        if found is None or found.project_id != project.id:
            raise not_found("Domain")
        return found

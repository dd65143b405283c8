"""Vercel's host names: aliases of deployments, and domains of projects.

https://vercel.com/docs/rest-api/reference/endpoints/aliases
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import ProviderError
from dr_console.providers.capabilities.deployments import AliasMove, Domain
from dr_console.providers.deadlines import Deadline
from dr_console.providers.vercel.shapes import DomainShape
from dr_console.providers.vercel.wire import PER_PAGE, Vercel, as_list, at

_READ = _("read what the host name shows")
_ASSIGN = _("make the host name show the deployment")
_LIST = _("list the project’s domains")
_MOVE = _("move the domain to the other project")

_DOMAINS = as_list(DomainShape)
CONFLICT = 409


class _AliasShape(BaseModel):
    alias: str
    deploymentId: str | None = None


class _AssignedShape(BaseModel):
    alias: str
    oldDeploymentId: str | None = None


class VercelHosts(Vercel):
    def shown_at(self, host: str, *, deadline: Deadline) -> str:
        answer = self.call("GET", at("v4", "aliases", host), operation=_READ, deadline=deadline)
        return answer.read_as(_AliasShape).deploymentId or ""

    def assign(self, host: str, id: str, *, deadline: Deadline) -> AliasMove:
        """Vercel answers 409 where the host name shows the deployment already, and also where it may not."""
        try:
            answer = self.call(
                "POST",
                at("v2", "deployments", id, "aliases"),
                operation=_ASSIGN,
                deadline=deadline,
                json={"alias": host},
                harmless=True,
            )
        except ProviderError as error:
            if error.status != CONFLICT or self.shown_at(host, deadline=deadline) != id:
                raise
            return AliasMove(host, id, id)
        shape = answer.read_as(_AssignedShape)
        return AliasMove(shape.alias, id, shape.oldDeploymentId or "")

    def domains(self, project: str, *, deadline: Deadline) -> list[Domain]:
        path, params = at("v9", "projects", project, "domains"), {"limit": PER_PAGE}
        return [
            shape.domain()
            for answer in self.pages(path, operation=_LIST, deadline=deadline, params=params)
            for shape in answer.read_as(_DOMAINS, at="domains")
        ]

    def move_domain(self, host: str, *, before: str, to: str, deadline: Deadline) -> Domain:
        there = self.project_id(to, deadline=deadline)
        moved = next((domain for domain in self.domains(there, deadline=deadline) if domain.name == host), None)
        if moved is not None:
            return moved
        answer = self.call(
            "POST",
            at("v1", "projects", before, "domains", host, "move"),
            operation=_MOVE,
            deadline=deadline,
            json={"projectId": there},
        )
        return answer.read_as(DomainShape).domain()

"""Vercel's deployments: built again, and shown again. https://vercel.com/docs/rest-api/reference/endpoints/deployments"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.deployments import Deployment, Readiness
from dr_console.providers.deadlines import Deadline
from dr_console.providers.vercel.hosts import VercelHosts
from dr_console.providers.vercel.shapes import REFERENCE, DeploymentShape
from dr_console.providers.vercel.switching import VercelSwitching
from dr_console.providers.vercel.wire import VENDOR, as_list, at
from dr_console.providers.waiting import waited_for

_LIST = _("list the deployments")
_READ = _("read the deployment")
_REDEPLOY = _("build the deployment again")
_FIND = _("find out whether the deployment was built again")
_BUILD = _("build the deployment")

_DEPLOYMENTS = as_list(DeploymentShape)
LOOKED_THROUGH = 100


class VercelDeployments(VercelSwitching, VercelHosts):
    """A DeploymentProvider: what is built here, what is shown in switching.py, host names in hosts.py."""

    def deployments(
        self,
        project: str,
        *,
        target: str = "production",
        ready_only: bool = False,
        candidates_only: bool = False,
        limit: int = 20,
        deadline: Deadline,
    ) -> list[Deployment]:
        params = {"projectId": self.project_id(project, deadline=deadline), "limit": min(limit, 100)}
        if target:
            params["target"] = target
        if ready_only or candidates_only:
            params["state"] = "READY"
        if candidates_only:
            params["rollbackCandidate"] = "true"
        found: list[Deployment] = []
        for answer in self.pages("/v7/deployments", operation=_LIST, deadline=deadline, params=params):
            found += [shape.deployment() for shape in answer.read_as(_DEPLOYMENTS, at="deployments")]
            if len(found) >= limit:
                break
        return found[:limit]

    def deployment(self, id: str, *, deadline: Deadline) -> Deployment:
        answer = self.call("GET", at("v13", "deployments", id), operation=_READ, deadline=deadline)
        return answer.read_as(DeploymentShape).deployment()

    def current(self, project: str, *, deadline: Deadline) -> Deployment | None:
        id = self.project(project, deadline=deadline).current
        return self.deployment(id, deadline=deadline) if id else None

    def redeploy(self, id: str, *, reference: str, deadline: Deadline) -> Deployment:
        """What `vercel redeploy` sends, and our reference beside it, by which the new one is found again."""
        before = self.deployment(id, deadline=deadline)
        answer = self.call(
            "POST",
            "/v13/deployments",
            operation=_REDEPLOY,
            deadline=deadline,
            params={"forceNew": "1"},
            json={
                "deploymentId": before.id,
                "name": before.project,
                "target": "production",
                "meta": {"action": "redeploy", REFERENCE: reference},
            },
        )
        return answer.read_as(DeploymentShape).deployment()

    def redeployed(self, project: str, *, reference: str, deadline: Deadline) -> Deployment | None:
        """Looks through the newest hundred: the API has no documented filter by meta."""
        params = {"projectId": self.project_id(project, deadline=deadline), "limit": LOOKED_THROUGH}
        answer = self.call("GET", "/v7/deployments", operation=_FIND, deadline=deadline, params=params)
        found = [shape.deployment() for shape in answer.read_as(_DEPLOYMENTS, at="deployments")]
        return next((deployment for deployment in found if deployment.reference == reference), None)

    def wait_until_ready(self, id: str, *, deadline: Deadline) -> Deployment:
        def look() -> tuple[Deployment | None, str]:
            deployment = self.deployment(id, deadline=deadline)
            if deployment.readiness is Readiness.FAILED:
                raise ProviderError(
                    VENDOR, _BUILD, Problem.FAILED, code=deployment.state, said=deployment.error, permanent=True
                )
            return deployment if deployment.readiness is Readiness.READY else None, deployment.state

        return waited_for(look, vendor=VENDOR, operation=_BUILD, deadline=deadline)

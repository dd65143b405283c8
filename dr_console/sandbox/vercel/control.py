"""/control/vercel: what only the world's owner can do: let builds fail, deployments be bad, switches stumble."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.vercel.account import TEAM_ID, Account, Deployment, Project
from dr_console.sandbox.vercel.asking import Refusal
from dr_console.sandbox.vercel.switching import end_rolling_release

BUILD_FAILURE = 'Command "npm run build" exited with 1'


class ProjectChange(BaseModel):
    """What may be set of a project.

    `build_seconds`: from asking to READY. `next_build_fails`: true, or the words. `next_switch_fails_for`: host names
    that the next promotion or rollback cannot move. `rolling_release`: one is under way; ending it lets what waits go
    ahead. `challenges`: values of encrypted variables are shown only to who has just logged in.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    build_seconds: float | None = Field(None, gt=0, le=86_400)
    next_build_fails: bool | str | None = None
    next_switch_fails_for: list[str] | None = None
    rolling_release: bool | None = None
    challenges: bool | None = None
    bad: bool | None = None


class DeploymentChange(BaseModel):
    """`bad`: it builds and starts, and answers users with errors; only another deployment heals that."""

    model_config = ConfigDict(extra="forbid", strict=True)

    bad: bool


class AccountChange(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    plan: str = Field(pattern="^(hobby|pro|enterprise)$")


class Control:
    def __init__(self, account: Account) -> None:
        self.account = account

    def routes(self) -> list[BaseRoute]:
        table = {
            ("GET", "/"): self.state_asked,
            ("POST", "/"): self.account_changed,
            ("POST", "/projects/{project}"): self.project_changed,
            ("POST", "/deployments/{deployment}"): self.deployment_changed,
        }
        return [Route(path, answering(view), methods=[method]) for (method, path), view in table.items()]

    def state(self) -> dict[str, Any]:
        """For the world's page."""
        return {
            "plan": self.account.plan,
            "projects": [self._project_state(project) for project in self.account.projects.values()],
        }

    async def state_asked(self, request: Request) -> Response:
        return JSONResponse(self.state())

    async def account_changed(self, request: Request) -> Response:
        self.account.plan = (await read_as(request, AccountChange)).plan
        return JSONResponse(self.state())

    async def project_changed(self, request: Request) -> Response:
        project, change = self._project(request), await read_as(request, ProjectChange)
        if change.build_seconds is not None:
            project.build_seconds = change.build_seconds
        if change.next_build_fails is not None:
            words = change.next_build_fails
            project.next_build_fails = words if isinstance(words, str) else BUILD_FAILURE if words else ""
        if change.next_switch_fails_for is not None:
            project.next_switch_fails_for = change.next_switch_fails_for
        if change.bad is not None:
            self._shown(project).bad = change.bad
        if change.challenges is not None:
            for variable in project.variables.values():
                variable.challenged = change.challenges and variable.type == "encrypted"
        if change.rolling_release is not None:
            self._set_rolling_release(project, change.rolling_release)
        return JSONResponse(self._project_state(project))

    async def deployment_changed(self, request: Request) -> Response:
        change = await read_as(request, DeploymentChange)
        deployment = self.account.deployments.get(request.path_params["deployment"])
        if deployment is None:
            raise WrongInput("deployment", "deployment: there is no such deployment.", 404)
        deployment.bad = change.bad
        return JSONResponse({"id": deployment.id, "bad": deployment.bad})

    def _set_rolling_release(self, project: Project, is_under_way: bool) -> None:
        if is_under_way:
            project.rolling_release = True
        elif project.rolling_release:
            end_rolling_release(self.account, project)

    def _shown(self, project: Project) -> Deployment:
        found = self.account.deployments.get(project.shown)
        if found is None:
            raise WrongInput("bad", f"bad: {project.name} shows no deployment in production.")
        return found

    def _project(self, request: Request) -> Project:
        try:
            return self.account.project(request.path_params["project"], TEAM_ID)
        except Refusal:
            raise WrongInput("project", "project: there is no such project.", 404) from None

    def _project_state(self, project: Project) -> dict[str, Any]:
        shown = self.account.deployments.get(project.shown)
        return {
            "id": project.id,
            "name": project.name,
            "regions": project.regions,
            "paused": project.paused,
            "rolled_back": bool(project.rolled_back_to),
            "rolling_release": project.rolling_release,
            "shown": project.shown,
            "bad": bool(shown and shown.bad),
            "hosts": {each.name: self.account.why_not(each.name) for each in self.account.domains_of(project)},
            "deployments": [
                {"id": each.id, "state": each.state, "target": each.target, "created": each.created, "bad": each.bad}
                for each in self.account.deployments_of(project)
            ],
            "variables": [{"key": each.key, "type": each.type} for each in project.variables.values()],
        }

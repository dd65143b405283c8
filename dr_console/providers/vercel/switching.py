"""Vercel's projects: which deployment production shows, whether it shows any, and where the next one will run.

https://vercel.com/docs/rest-api/reference/endpoints/projects
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers.capabilities.deployments import Acceptance, Project, Switch, SwitchState
from dr_console.providers.deadlines import Deadline
from dr_console.providers.vercel.shapes import ProjectShape
from dr_console.providers.vercel.wire import VENDOR, Vercel, as_list, at, its_time
from dr_console.providers.waiting import waited_for

_READ = _("read the project")
_PROMOTE = _("promote the deployment")
_ROLL_BACK = _("roll production back")
_FAILED = _("list the host names that did not follow")
_SWITCH = _("show the other deployment")
_PAUSE = _("pause the project")
_UNPAUSE = _("unpause the project")
_SET_REGIONS = _("set the project’s regions")

STATUS_QUEUED = 202
_NOT_SEEN = "no promotion or rollback to it is under way"
MOST_REASON = 500


class _AliasShape(BaseModel):
    alias: str
    status: str


_ALIASES = as_list(_AliasShape)


class VercelSwitching(Vercel):
    def project(self, name: str, *, deadline: Deadline) -> Project:
        return self._read(name, deadline)[0].project()

    def last_switch(self, project: str, *, deadline: Deadline) -> Switch | None:
        return self._read(project, deadline)[0].switch()

    def promote(self, project: str, id: str, *, deadline: Deadline) -> Acceptance:
        return self._switch("v10", "promote", _PROMOTE, project, id, {}, deadline)

    def rollback(self, project: str, id: str, *, reason: str = "", deadline: Deadline) -> Acceptance:
        params = {"description": reason[:MOST_REASON]} if reason else {}
        return self._switch("v1", "rollback", _ROLL_BACK, project, id, params, deadline)

    def wait_until_switched(self, project: str, id: str, *, deadline: Deadline) -> Switch:
        project = self.project_id(project, deadline=deadline)

        def look() -> tuple[Switch | None, str]:
            shape, moment = self._read(project, deadline)
            switch = shape.switch()
            if switch is None or switch.to != id:
                return None, _NOT_SEEN
            is_shown = switch.state is SwitchState.DONE and shape.project().current == id
            if not switch.is_recent(moment) and not is_shown:
                return None, _NOT_SEEN
            if switch.state in (SwitchState.FAILED, SwitchState.SKIPPED):
                raise self._failure(project, switch, deadline)
            return switch if switch.state is SwitchState.DONE else None, switch.state.value

        return waited_for(look, vendor=VENDOR, operation=_SWITCH, deadline=deadline)

    def failed_hosts(self, project: str, kind: str, *, deadline: Deadline) -> list[str]:
        """The path of a rollback's list is not documented; it is the one that Vercel's own CLI reads."""
        version = "v1" if kind == "promote" else "v9"
        path = at(version, "projects", self.project_id(project, deadline=deadline), kind, "aliases")
        params = {"failedOnly": "true", "limit": 20}
        return [
            shape.alias
            for answer in self.pages(path, operation=_FAILED, deadline=deadline, params=params)
            for shape in answer.read_as(_ALIASES, at="aliases")
            if shape.status == "failed"
        ]

    def pause(self, project: str, *, deadline: Deadline) -> None:
        self._whole("pause", _PAUSE, project, deadline)

    def unpause(self, project: str, *, deadline: Deadline) -> None:
        self._whole("unpause", _UNPAUSE, project, deadline)

    def set_regions(self, project: str, regions: Sequence[str], *, deadline: Deadline) -> Project:
        answer = self.call(
            "PATCH",
            at("v9", "projects", project),
            operation=_SET_REGIONS,
            deadline=deadline,
            json={"resourceConfig": {"functionDefaultRegions": list(regions)}},
            harmless=True,
        )
        return answer.read_as(ProjectShape).project()

    def _read(self, name: str, deadline: Deadline) -> tuple[ProjectShape, datetime]:
        """The project, and what time it is at Vercel.

        `rollbackInfo` is what the CLI asks with; without it the last promotion or rollback may be left out.
        """
        params = {"rollbackInfo": "true"}
        answer = self.call("GET", at("v9", "projects", name), operation=_READ, deadline=deadline, params=params)
        return answer.read_as(ProjectShape), its_time(answer)

    def _switch(
        self, version: str, kind: str, operation: str, project: str, id: str, params: dict[str, str], deadline: Deadline
    ) -> Acceptance:
        path = at(version, "projects", self.project_id(project, deadline=deadline), kind, id)
        answer = self.call("POST", path, operation=operation, deadline=deadline, params=params)
        return Acceptance.QUEUED if answer.status == STATUS_QUEUED else Acceptance.STARTED

    def _failure(self, project: str, switch: Switch, deadline: Deadline) -> ProviderError:
        """Some host names may show the new deployment all the same."""
        try:
            hosts = ", ".join(self.failed_hosts(project, switch.kind, deadline=deadline))
        except ProviderError as error:
            hosts = str(error)
        operation = _PROMOTE if switch.kind == "promote" else _ROLL_BACK
        skipped = switch.state is SwitchState.SKIPPED
        outcome = Outcome.NOTHING if skipped else Outcome.UNKNOWN
        return ProviderError(
            VENDOR, operation, Problem.FAILED, code=switch.state.value, said=hosts, permanent=True, outcome=outcome
        )

    def _whole(self, verb: str, operation: str, project: str, deadline: Deadline) -> None:
        path = at("v1", "projects", self.project_id(project, deadline=deadline), verb)
        self.call("POST", path, operation=operation, deadline=deadline, harmless=True)

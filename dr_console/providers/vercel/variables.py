"""Vercel's environment variables. https://vercel.com/docs/rest-api/reference/endpoints/projects

A sensitive one is write-only, and for some values a person must log in anew; both are said per variable.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.variables import Reading, Variable
from dr_console.providers.deadlines import Deadline
from dr_console.providers.vercel.wire import VENDOR, Vercel, as_list, at, without

_LIST = _("list the environment variables")
_READ = _("read the environment variable")
_WRITE = _("write the environment variable")
_DELETE = _("delete the environment variable")

SENSITIVE = "sensitive"
CHALLENGES = frozenset({"challenge_required", "challenge_required_email_otp", "user_auth_required"})
ENCRYPTED = frozenset({"encrypted", "secret"})
# Types that Vercel makes itself or no longer takes are written back as the nearest that it does take.
WRITTEN_AS = {"secret": "encrypted"}


class _Shape(BaseModel):
    id: str
    key: str
    type: str
    target: list[str] | str | None = None
    gitBranch: str | None = None
    customEnvironmentIds: list[str] | None = None
    comment: str | None = None

    def variable(self) -> Variable:
        targets = [self.target] if isinstance(self.target, str) else self.target or []
        return Variable(
            id=self.id,
            key=self.key,
            type=self.type,
            targets=tuple(targets),
            git_branch=self.gitBranch or "",
            environments=tuple(self.customEnvironmentIds or ()),
            comment=self.comment or "",
        )


class _ValueShape(BaseModel):
    type: str
    value: str | None = None
    decrypted: bool | None = None


class _Failure(BaseModel):
    class _Error(BaseModel):
        code: str
        message: str

    error: _Error


class _WrittenShape(BaseModel):
    created: _Shape | list[_Shape] | None = None
    failed: list[_Failure] = []


_SHAPES = as_list(_Shape)


class VercelVariables(Vercel):
    def variables(self, project: str, *, deadline: Deadline) -> list[Variable]:
        path = at("v10", "projects", project, "env")
        return [
            shape.variable()
            for answer in self.pages(path, operation=_LIST, deadline=deadline, params={}, sensitive=True)
            for shape in answer.read_as(_SHAPES, at="envs")
        ]

    def read(self, project: str, variable: Variable, *, deadline: Deadline) -> Variable:
        if variable.type == SENSITIVE:
            return replace(variable, reading=Reading.SENSITIVE)
        path = at("v1", "projects", project, "env", variable.id)
        try:
            answer = self.call("GET", path, operation=_READ, deadline=deadline, sensitive=True)
        except ProviderError as error:
            if error.code in CHALLENGES:
                return replace(variable, reading=Reading.CHALLENGED)
            if error.problem is Problem.NOT_FOUND:
                return replace(variable, reading=Reading.GONE)
            raise
        shape = answer.read_as(_ValueShape)
        if shape.type == SENSITIVE:
            return replace(variable, type=shape.type, reading=Reading.SENSITIVE)
        if shape.decrypted is False and shape.type in ENCRYPTED:
            return replace(variable, reading=Reading.WITHHELD)
        if shape.value is None:
            answer.is_garbled("value is missing. ")
        return replace(variable, value=shape.value, reading=Reading.READ)

    def read_all(self, project: str, *, deadline: Deadline) -> list[Variable]:
        return [
            self.read(project, variable, deadline=deadline) for variable in self.variables(project, deadline=deadline)
        ]

    def write(self, project: str, variable: Variable, *, deadline: Deadline) -> Variable:
        if variable.value is None:
            said = f"{variable.key}: there is no value to write."
            raise ProviderError(VENDOR, _WRITE, Problem.REFUSED, said=said, permanent=True)
        answer = self.call(
            "POST",
            at("v10", "projects", project, "env"),
            operation=_WRITE,
            deadline=deadline,
            params={"upsert": "true"},
            json=_body(variable),
            harmless=True,
            sensitive=True,
            hidden=variable.value,
        )
        shape = answer.read_as(_WrittenShape)
        if shape.failed:
            error = shape.failed[0].error
            said = without(error.message, variable.value)
            raise ProviderError(VENDOR, _WRITE, Problem.REFUSED, code=error.code, said=said, permanent=True)
        created = shape.created[0] if isinstance(shape.created, list) and shape.created else shape.created
        if not isinstance(created, _Shape):
            answer.is_garbled("created is missing. ")
        return replace(created.variable(), value=variable.value, reading=Reading.READ)

    def delete(self, project: str, id: str, *, deadline: Deadline) -> None:
        path = at("v9", "projects", project, "env", id)
        try:
            self.call("DELETE", path, operation=_DELETE, deadline=deadline, harmless=True, sensitive=True)
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise


def _body(variable: Variable) -> dict[str, Any]:
    body: dict[str, Any] = {
        "key": variable.key,
        "value": variable.value,
        "type": WRITTEN_AS.get(variable.type, variable.type),
        "target": list(variable.targets),
    }
    if variable.git_branch:
        body["gitBranch"] = variable.git_branch
    if variable.environments:
        body["customEnvironmentIds"] = list(variable.environments)
    if variable.comment:
        body["comment"] = variable.comment
    return body

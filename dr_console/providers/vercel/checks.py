"""Vercel's read-only checks: the token, its team, both projects, the standby's deployment, the settings store."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import ProviderError
from dr_console.providers.checking import Finding, State, about, finding_of
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.vercel.deployments import VercelDeployments
from dr_console.providers.vercel.settings_store import VercelSettingsStore
from dr_console.providers.vercel.wire import Vercel, at

KEY = "vercel"
_TOKEN = _("The token works")
_TEAM = _("The team %(name)s can be read")
_PROJECT = _("The project %(name)s exists")
_STANDBY = _("The standby %(name)s is deployed and ready")
_STORE = _("The settings store %(name)s can be read")
# The same where it cannot even be said of what.
_ANY_TEAM = _("The team can be read")
_ANY_PROJECT = _("The projects exist")
_ANY_STANDBY = _("The standby is deployed and ready")
_ANY_STORE = _("The settings store can be read")

_READ_USER = _("read whose token it is")
_READ_TEAM = _("read the team")


class _User(BaseModel):
    username: str


class _Team(BaseModel):
    slug: str


@about(_TOKEN)
def token(deadline: Deadline) -> Iterator[Finding]:
    answer = Vercel().call("GET", "/v2/user", operation=_READ_USER, deadline=deadline)
    yield Finding(KEY, _TOKEN, State.OK, answer.read_as(_User, at="user").username)


@about(_ANY_TEAM)
def team(deadline: Deadline) -> Iterator[Finding]:
    id = credential(KEY, "team_id", operation=_READ_TEAM)
    try:
        answer = Vercel().call("GET", at("v2", "teams", id), operation=_READ_TEAM, deadline=deadline)
        yield Finding(KEY, _TEAM, State.OK, answer.read_as(_Team).slug, {"name": id})
    except ProviderError as error:
        yield finding_of(error, KEY, _TEAM, name=id)


@about(_ANY_PROJECT)
def projects(deadline: Deadline) -> Iterator[Finding]:
    for setting in ("project", "standby_project"):
        name = credential(KEY, setting, operation=_("read the project"))
        try:
            project = VercelDeployments().project(name, deadline=deadline)
            yield Finding(KEY, _PROJECT, State.OK, ", ".join(project.regions), {"name": name})
        except ProviderError as error:
            yield finding_of(error, KEY, _PROJECT, name=name)


@about(_ANY_STANDBY)
def standby(deadline: Deadline) -> Iterator[Finding]:
    """A standby that has no ready deployment cannot take over: building one takes minutes that nobody has then."""
    name = credential(KEY, "standby_project", operation=_("read the project"))
    client = VercelDeployments()
    try:
        project = client.project(name, deadline=deadline)
        if project.paused:
            yield Finding(KEY, _STANDBY, State.FAILED, _("it is paused"), {"name": name})
        elif not project.current:
            yield Finding(KEY, _STANDBY, State.FAILED, _("it has no production deployment"), {"name": name})
        else:
            shown = client.deployment(project.current, deadline=deadline)
            state = State.OK if shown.readiness.value == "ready" else State.FAILED
            yield Finding(KEY, _STANDBY, state, f"{shown.state} {shown.url}", {"name": name})
    except ProviderError as error:
        yield finding_of(error, KEY, _STANDBY, name=name)


@about(_ANY_STORE)
def settings_store(deadline: Deadline) -> Iterator[Finding]:
    name = credential(KEY, "global_config", operation=_("read the settings store"))
    try:
        items = VercelSettingsStore().items(deadline=deadline)
        yield Finding(KEY, _STORE, State.OK, ", ".join(sorted(items)), {"name": name})
    except ProviderError as error:
        yield finding_of(error, KEY, _STORE, name=name)


CHECKS = (token, team, projects, standby, settings_store)

"""Have the standby show a deployment that is built and ready: the one that it shows, another one, or a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers import registry as providers
from dr_console.providers.capabilities.deployments import (
    Deployment,
    DeploymentProvider,
    Project,
    Readiness,
    SwitchState,
)
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.side_by_side import side_by_side
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Preview, Sight, StepFunction, Warning
from dr_console.web.sentences import Sentence, sentence
from incidents.models import Region
from incidents.steps import asking
from incidents.steps.asking import Answer, Wish
from incidents.steps.parameters import Standby, problems, read

START = _("start the standby deployment")
# A deployment of the primary that is newer by more than this is probably not on the standby yet.
OLDER_BY = timedelta(hours=1)
LOOKED_THROUGH = 20


@dataclass(frozen=True)
class Seen:
    """The standby as it is: at its provider, and as it answers."""

    project: Project
    current: Deployment | None
    answers: list[Answer]

    @property
    def is_shown(self) -> bool:
        ready = self.current is not None and self.current.readiness is Readiness.READY
        return ready and not self.project.paused

    @property
    def is_well(self) -> bool:
        return all(answer.is_good for answer in self.answers)

    def facts(self) -> Facts:
        return {
            "project": self.project.name,
            "deployment": self.project.current,
            "paused": self.project.paused,
            "ready": self.current is not None and self.current.readiness is Readiness.READY,
        }


class StartDeployment(StepFunction):
    """What is built already is shown at once; only where nothing is, or that is asked for, it is built anew."""

    name = "failover.start_deployment"
    idempotency: ClassVar[Idempotency] = Idempotency.TAG_SEARCH
    settle_seconds: ClassVar[float] = 3.0
    call_seconds: ClassVar[float] = 20.0
    verify_seconds: ClassVar[float] = 300.0
    drill_safe: ClassVar[bool] = True

    def look_ahead(self, context: Context) -> Callable[[], Seen]:
        wanted = read(Standby, context.parameters)
        return lambda: _seen(wanted, context.deadline)

    def observe(self, context: Context) -> Observation:
        wanted = read(Standby, context.parameters)
        seen = context.ahead or _seen(wanted, context.deadline)
        _must_run_in(wanted, seen)
        built = not wanted.force or context.effect is not None
        matches = seen.is_shown and seen.is_well and built and self._is_what_was_asked_for(context, seen)
        return Observation(
            Sight.MATCHES if matches else Sight.DIFFERS,
            now=seen.facts(),
            wanted={**seen.facts(), "paused": False, "ready": True},
            said=_said(seen),
            before={"project": seen.project.name, "current": seen.project.current, "paused": seen.project.paused},
        )

    def act(self, context: Context) -> Facts:
        """One thing at most, and nothing that was asked for before: this may be called again after a lost answer."""
        wanted = read(Standby, context.parameters)
        deployments = providers.deployments(wanted.provider or "")
        project = deployments.project(_project(wanted), deadline=context.deadline)
        if wanted.force:
            return _build(deployments, project, context)
        if project.paused:
            deployments.unpause(project.name, deadline=context.deadline)
            return {"did": "unpause", "deployment": project.current}
        if _shows_ready(deployments, project, context.deadline):
            return {"did": "nothing", "deployment": project.current}
        return _show_another(deployments, project, context)

    def verify(self, context: Context) -> Observation:
        """Raises FAILED where what is being built will never be ready."""
        wanted = read(Standby, context.parameters)
        deployment = (context.effect or {}).get("deployment", "")
        if deployment and (context.effect or {}).get("did") == "build":
            found = providers.deployments(wanted.provider or "").deployment(deployment, deadline=context.deadline)
            if found.readiness is Readiness.FAILED:
                raise ProviderError(
                    _vendor(wanted), START, Problem.FAILED, code=found.state, said=found.error, permanent=True
                )
            if found.readiness is Readiness.COMING:
                said = sentence(_("It is being built: %(state)s."), state=found.state)
                return Observation(Sight.DIFFERS, now={"state": found.state}, said=said)
        return self.observe(context)

    def undo_observe(self, context: Context) -> Observation:
        before = context.before or {}
        wanted = read(Standby, context.parameters)
        project = providers.deployments(wanted.provider or "").project(before["project"], deadline=context.deadline)
        now: Facts = {"current": project.current, "paused": project.paused}
        then: Facts = {"current": before["current"] or project.current, "paused": before["paused"]}
        return Observation(Sight.MATCHES if now == then else Sight.DIFFERS, now=now, wanted=then)

    def undo(self, context: Context) -> Facts:
        before = context.before or {}
        wanted = read(Standby, context.parameters)
        deployments = providers.deployments(wanted.provider or "")
        project = deployments.project(before["project"], deadline=context.deadline)
        if before["current"] and project.current != before["current"]:
            # Not by an instant rollback, after which Vercel would show no new deployment any more.
            if not _is_under_way(deployments, project.name, before["current"], context.deadline):
                deployments.promote(project.name, before["current"], deadline=context.deadline)
        if before["paused"] and not project.paused:
            deployments.pause(project.name, deadline=context.deadline)
        return {"deployment": before["current"]}

    def preview(self, context: Context) -> Preview:
        wanted = read(Standby, context.parameters)
        seen = _seen(wanted, context.deadline)
        call, seconds = _planned_call(wanted, seen)
        undo = sentence(_("The standby shows again what it shows now.")) if call else {}
        return Preview(
            self.observe(replace(context, ahead=seen)),
            calls=(call,) if call else (),
            undo=undo,
            warnings=tuple(_warnings(wanted, seen, context.deadline)),
            seconds=seconds,
        )

    def check(self, parameters: Facts) -> list[str]:
        return problems(Standby, {"provider": "vercel", **parameters})

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        wanted = read(Standby, parameters)
        return [f"deployment:{wanted.provider or 'vercel'}:{wanted.project or 'standby'}"]

    @staticmethod
    def _is_what_was_asked_for(context: Context, seen: Seen) -> bool:
        asked = (context.effect or {}).get("deployment", "")
        return not asked or seen.project.current == asked


class SwitchRegion(StartDeployment):
    """The same for a whole region: its project is deployed there beforehand, as moving one takes a new build."""

    name = "failover.switch_region"


def _seen(wanted: Standby, deadline: Deadline) -> Seen:
    """Its provider and itself, asked side by side. Uses no database."""
    deployments = providers.deployments(wanted.provider or "")
    host = urlsplit(wanted.urls[0]).hostname or ""
    looks: list[Callable[[], Any]] = [
        lambda: deployments.project(_project(wanted), deadline=deadline),
        lambda: _shown_at(deployments, host, deadline),
        lambda: asking.ask(wanted.urls, Wish(), deadline=deadline),
    ]
    project, current, answers = side_by_side(lambda look: look(), looks)
    if project.current != (current.id if current else ""):
        current = deployments.deployment(project.current, deadline=deadline) if project.current else None
    return Seen(project, current, answers)


def _shown_at(deployments: DeploymentProvider, host: str, deadline: Deadline) -> Deployment | None:
    """Very probably what the project shows too, and so there at the same time. None where the provider cannot say."""
    try:
        return deployments.deployment(host, deadline=deadline)
    except ProviderError:
        return None


def _must_run_in(wanted: Standby, seen: Seen) -> None:
    """A standby in the region that failed is none."""
    region = Region.objects.current().filter(key=wanted.region or "").first()
    project = seen.project
    regions = (seen.current.regions if seen.current else ()) or project.regions
    if region is None or not region.provider_region or not regions or region.provider_region in regions:
        return
    said = f"{project.name} runs in {', '.join(regions)}, not in {region.provider_region}"
    raise ProviderError(_vendor(wanted), START, Problem.REFUSED, said=said, permanent=True)


def _project(wanted: Standby) -> str:
    return wanted.project or credential(wanted.provider or "vercel", "standby_project", operation=START)


def _vendor(wanted: Standby) -> str:
    return (wanted.provider or "vercel").capitalize()


def _shows_ready(deployments: DeploymentProvider, project: Project, deadline: Deadline) -> bool:
    if not project.current:
        return False
    return deployments.deployment(project.current, deadline=deadline).readiness is Readiness.READY


def _show_another(deployments: DeploymentProvider, project: Project, context: Context) -> Facts:
    """The newest that is ready; where none is, the newest of all is built once more."""
    ready = deployments.deployments(project.name, ready_only=True, limit=1, deadline=context.deadline)
    if not ready:
        return _build(deployments, project, context)
    if _is_under_way(deployments, project.name, ready[0].id, context.deadline):
        return {"did": "promote", "deployment": ready[0].id}
    acceptance = deployments.promote(project.name, ready[0].id, deadline=context.deadline)
    return {"did": "promote", "deployment": ready[0].id, "acceptance": acceptance.value}


def _is_under_way(deployments: DeploymentProvider, project: str, id: str, deadline: Deadline) -> bool:
    switch = deployments.last_switch(project, deadline=deadline)
    return switch is not None and switch.to == id and switch.state in (SwitchState.WAITING, SwitchState.UNDER_WAY)


def _build(deployments: DeploymentProvider, project: Project, context: Context) -> Facts:
    """Unless one with our token is there already: then an earlier answer was lost."""
    made = deployments.redeployed(project.name, reference=context.token, deadline=context.deadline)
    if made is None:
        known = deployments.deployments(project.name, limit=LOOKED_THROUGH, deadline=context.deadline)
        built = [each for each in known if each.readiness is Readiness.READY] or known
        if not built:
            said = f"{project.name} has no deployment that could be built again"
            raise ProviderError("Vercel", START, Problem.NOT_FOUND, said=said, permanent=True)
        made = deployments.redeploy(built[0].id, reference=context.token, deadline=context.deadline)
    return {"did": "build", "deployment": made.id}


def _said(seen: Seen) -> Sentence:
    if seen.project.paused:
        return sentence(_("%(project)s is paused."), project=seen.project.name)
    if not seen.is_shown:
        return sentence(_("%(project)s shows no deployment that is ready."), project=seen.project.name)
    if not seen.is_well:
        return asking.said_of(seen.answers)
    return sentence(_("%(project)s shows a deployment that is ready, and answers well."), project=seen.project.name)


def _planned_call(wanted: Standby, seen: Seen) -> tuple[tuple[str, str, str] | None, float]:
    vendor, project = _vendor(wanted), seen.project.name
    if wanted.force:
        return ("POST", vendor, f"deployments?forceNew=1 name={project} target={wanted.environment}"), 120.0
    if seen.project.paused:
        return ("POST", vendor, f"projects/{project}/unpause"), 2.0
    if not seen.is_shown:
        return ("POST", vendor, f"projects/{project}/promote/…"), 15.0
    return None, 1.0


def _warnings(wanted: Standby, seen: Seen, deadline: Deadline) -> list[Warning]:
    found = []
    if seen.is_shown and not seen.is_well:
        found.append(Warning(asking.said_of(seen.answers), blocks=True))
    if seen.project.rolled_back:
        text = _("An instant rollback is in force at %(project)s: new deployments are not shown there.")
        found.append(Warning(sentence(text, project=seen.project.name)))
    primary = _primary(wanted, deadline)
    if primary and seen.current and primary.created_at - seen.current.created_at > OLDER_BY:
        hours = round((primary.created_at - seen.current.created_at).total_seconds() / 3600)
        text = _("What the standby shows is older than what the primary shows: by %(hours)s h.")
        found.append(Warning(sentence(text, hours=hours)))
    return found


def _primary(wanted: Standby, deadline: Deadline) -> Deployment | None:
    """What the primary shows. It may well be out of reach now, which is no reason to show no preview."""
    try:
        name = credential(wanted.provider or "vercel", "project", operation=START)
        return providers.deployments(wanted.provider or "").current(name, deadline=deadline)
    except ProviderError:
        return None

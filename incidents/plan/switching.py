"""Failover plans, degradation levels and the stages of data recovery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import Field, ValidationInfo, field_validator, model_validator

from dr_console.plans.problems import Problem, nearest
from dr_console.plans.schema import (
    Count,
    Flag,
    Key,
    NoDoubles,
    Parameters,
    PlanPart,
    Prose,
    Seconds,
    StepName,
    Text,
    Whole,
    refers_to,
    said,
    wrong,
)
from dr_console.runs import registry as steps
from incidents import models


class FailoverStep(PlanPart):
    key: Key = said(_("Key"), _("Name of the step in this plan."))
    title: Text = said(_("Title"), _("What the step does, for people."))
    does: StepName = said(_("Does"), _("Name of the step function that carries it out, such as failover.point_dns."))
    parameters: Parameters = said(_("Parameters"), _("What the step function is told. Never a secret."), default={})
    depends_on: Annotated[list[Key], NoDoubles] = said(
        _("Depends on"),
        _("Keys of steps that have to end first. Steps that do not wait for each other run side by side."),
        default=[],
    )
    runs_on: models.FailoverStep.Condition = said(
        _("When it runs"),
        _("Whether it runs after the success of all that it depends on, after a failure of any of it, or always."),
        default="success",
    )
    timeout_seconds: Seconds = said(_("Time limit (seconds)"), _("How long one attempt may take."), default=60)
    attempts: Count = said(_("Attempts"), _("How often it is tried before it counts as failed."), default=1)
    interval_seconds: Annotated[Whole, Field(ge=0, le=3600)] = said(
        _("Seconds between attempts"), _("How long to wait before the next attempt."), default=0
    )
    needs_approval: Flag = said(
        _("Needs approval"), _("Whether a person has to say yes before it runs."), default=False
    )
    on_failure: models.FailoverStep.OnFailure = said(
        _("On failure"),
        _("Whether the plan stops when it has failed, but for steps that run on a failure, or goes on."),
        default="stop",
    )

    @model_validator(mode="after")
    def _a_branch_needs_something_to_follow(self) -> FailoverStep:
        if self.runs_on != "success" and not self.depends_on:
            raise wrong(
                gettext("depends_on with at least one step, since runs_on is “%(when)s”") % {"when": self.runs_on}
            )
        return self


class FailoverPlan(PlanPart):
    key: Key = said(_("Key"), _("Name of the failover plan in this file."))
    name: Text = said(_("Name"), _("What it is called on a button."))
    description: Prose | None = said(_("Description"), _("When to use it, and what it changes."), default=None)
    service: Annotated[Key, refers_to("services")] = said(_("Service"), _("Key of the service that is switched over."))
    failure: models.Failure = said(
        _("Kind of failure"), _("What it is the answer to; manual when only a person starts it.")
    )
    from_region: Annotated[Key, refers_to("regions")] | None = said(
        _("From region"), _("Key of the region that traffic leaves. Empty when it stays in its region."), default=None
    )
    to_region: Annotated[Key, refers_to("regions")] | None = said(
        _("To region"), _("Key of the region that traffic goes to. Empty when it stays in its region."), default=None
    )
    automatic: Flag = said(
        _("Automatic"), _("Whether the console may start it by itself once the failure is confirmed.")
    )
    approval_seconds: Seconds | None = said(
        _("Waits for approval (seconds)"),
        _("How long the console asks before it starts by itself. Empty: it does not ask."),
        default=None,
    )
    without_approval: models.FailoverPlan.WithoutApproval = said(
        _("Without an answer"), _("What happens when nobody answers within that time."), default="give_up"
    )
    fails_back: Key | None = said(
        _("Fails back"), _("Key of the failover plan whose way back this is. Empty: it is none."), default=None
    )
    steps: Annotated[list[FailoverStep], Field(min_length=1)] = said(_("Steps"), _("What is done, in order."))

    @field_validator("to_region")
    @classmethod
    def _somewhere_else(cls, to_region: str | None, info: ValidationInfo) -> str | None:
        if to_region is not None and to_region == info.data.get("from_region"):
            raise wrong(gettext("another region than from_region"))
        return to_region

    @field_validator("automatic")
    @classmethod
    def _a_person_decides(cls, automatic: bool, info: ValidationInfo) -> bool:
        if automatic and info.data.get("failure") == models.Failure.MANUAL:
            raise wrong(gettext("false, since the kind of failure is “manual”"))
        return automatic


def plans_fit(plans: list[FailoverPlan]) -> Iterator[Problem]:
    """Every way back leads back from a plan that there is, and steps wait for each other in an order."""
    keys = {plan.key for plan in plans}
    for plan in plans:
        if plan.fails_back is not None and (plan.fails_back not in keys or plan.fails_back == plan.key):
            others = ", ".join(sorted(keys - {plan.key}))
            expected = gettext("the key of another failover plan (%s)") % others
            yield Problem(("failover_plans", plan.key, "fails_back"), expected, f"“{plan.fails_back}”")
    yield from steps_in_order(plans)
    yield from steps_are_known(plans)


def steps_are_known(plans: list[FailoverPlan]) -> Iterator[Problem]:
    """There is a step function of each name, and it can be told what it is told."""
    for plan in plans:
        for index, step in enumerate(plan.steps):
            path = ("failover_plans", plan.key, "steps", index)
            if step.does not in steps.names():
                yield Problem((*path, "does"), nearest(step.does, steps.names()), f"“{step.does}”")
                continue
            for wrong_one in steps.function(step.does).check(step.parameters):
                yield Problem((*path, "parameters"), gettext("what %s can be told") % step.does, wrong_one)


def steps_in_order(plans: list[FailoverPlan]) -> Iterator[Problem]:
    """Every step may only wait for steps of its own plan, and none of them for itself by way of others."""
    for plan in plans:
        waits = {step.key: set(step.depends_on) for step in plan.steps}
        for index, step in enumerate(plan.steps):
            path = ("failover_plans", plan.key, "steps", index, "depends_on")
            for place, key in enumerate(step.depends_on):
                if key not in waits:
                    known = ", ".join(waits)
                    yield Problem((*path, place), gettext("the key of a step of this plan (%s)") % known, f"“{key}”")
            circle = _circle(step.key, waits)
            if circle:
                yield Problem(path, gettext("steps that do not wait for themselves"), " → ".join(circle))
                return


def _circle(start: str, waits: dict[str, set[str]]) -> list[str]:
    """The way from a step back to itself, or nothing."""
    ways = [[start, key] for key in sorted(waits[start])]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == start:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [[*way, key] for key in sorted(waits.get(way[-1], ()))]
    return []


class DegradationLevel(PlanPart):
    key: Key = said(_("Key"), _("Name of the level in this file."))
    level: Annotated[Whole, Field(ge=0, le=9)] = said(
        _("Level"), _("0 is normal operation; the higher, the less is left. Each number is used once.")
    )
    name: Text = said(_("Name"), _("What the level is called."))
    features_on: Annotated[list[Key], NoDoubles] = said(
        _("Features on"), _("What users still have; “all” stands for everything."), default=[]
    )
    features_off: Annotated[list[Key], NoDoubles] = said(_("Features off"), _("What is switched off."), default=[])
    cache: models.DegradationLevel.Cache = said(_("Cache"), _("How long the CDN keeps answers."))
    static_only: Flag = said(
        _("Static content only"), _("Whether only files are served, and nothing is computed."), default=False
    )
    message: Prose | None = said(_("Message to users"), _("What users are told while it lasts."), default=None)

    @field_validator("features_off")
    @classmethod
    def _not_both(cls, features_off: list[str], info: ValidationInfo) -> list[str]:
        both = sorted(set(features_off) & set(info.data.get("features_on", [])))
        if both:
            raise wrong(gettext("no feature that is on as well (%s)") % ", ".join(both))
        return features_off


def levels_once(levels: list[DegradationLevel]) -> Iterator[Problem]:
    first: dict[int, str] = {}
    for entry in levels:
        if entry.level in first:
            expected = gettext("a level that no other has; “%s” has this one") % first[entry.level]
            yield Problem(("degradation_levels", entry.key, "level"), expected, str(entry.level))
        first.setdefault(entry.level, entry.key)


class RecoveryTask(PlanPart):
    key: Key = said(_("Key"), _("Name of the task in this stage."))
    text: Text = said(_("Task"), _("What is to be done."))
    does: StepName | None = said(
        _("Does"), _("Name of the step function that carries it out. Empty: a person does it."), default=None
    )


class RecoveryStage(PlanPart):
    key: Key = said(_("Key"), _("Name of the stage in this file."))
    name: Text = said(_("Name"), _("What the stage is called."))
    tasks: list[RecoveryTask] = said(_("Tasks"), _("What is done in this stage, in order."), default=[])

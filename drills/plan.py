"""What this app gives to the plan file: the drill calendar."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _
from pydantic import Field, ValidationInfo, field_validator

from dr_console.plans.registry import Child, Section
from dr_console.plans.schema import (
    Clock,
    Day,
    Key,
    Line,
    Minutes,
    NoDoubles,
    Number,
    Parameters,
    PlanPart,
    Prose,
    StepName,
    Text,
    ZoneName,
    refers_to,
    said,
    wrong,
)
from drills import models, schedule

UNITS = {"recovery_time": "minutes", "recovery_point": "minutes", "records_lost": "records", "alerts_fired": "percent"}


class DrillExercise(PlanPart):
    key: Key = said(_("Key"), _("Name of the exercise in this calendar."))
    name: Text = said(_("Name"), _("What is rehearsed."))
    does: StepName = said(_("Does"), _("Name of the step function that carries it out."))
    parameters: Parameters = said(_("Parameters"), _("What the step function is told. Never a secret."), default={})


class DrillCriterion(PlanPart):
    key: Key = said(_("Key"), _("Name of the criterion in this calendar."))
    name: Text = said(_("Name"), _("What has to be true for the drill to have passed."))
    metric: models.DrillCriterion.Metric = said(_("Metric"), _("What is measured."))
    comparison: models.DrillCriterion.Comparison = said(_("Comparison"), _("How it is compared with the value."))
    value: Number = said(_("Value"), _("The value that it is held to."))
    unit: models.DrillCriterion.Unit = said(_("Unit"), _("Unit of the value."))

    @field_validator("unit")
    @classmethod
    def _its_unit(cls, unit: str, info: ValidationInfo) -> str:
        own = UNITS.get(info.data.get("metric", ""), unit)
        if unit != own:
            raise wrong(gettext("“%(unit)s” for this metric") % {"unit": own})
        return unit


class DrillCalendar(PlanPart):
    key: Key = said(_("Key"), _("Name of the calendar in this file."))
    name: Text = said(_("Name"), _("What the drill is called."))
    description: Prose | None = said(_("Description"), _("What it is for."), default=None)
    starts_on: Day = said(_("Counted from"), _("First day on which there may be a drill; intervals count from it."))
    rule: Annotated[Line, Field(max_length=200)] = said(
        _("Rule"), _("On which days, as in RFC 5545: FREQ=MONTHLY;BYDAY=1WE is every first Wednesday.")
    )
    starts_at: Clock = said(_("Starts at"), _("Time of day in the time zone."))
    time_zone: ZoneName = said(_("Time zone"), _("IANA name of the zone of that time."), default="UTC")
    duration_minutes: Minutes = said(_("Length (minutes)"), _("How long the drill may take."))
    participants: Annotated[list[Annotated[Key, refers_to("contacts")]], NoDoubles] = said(
        _("Participants"), _("Keys of the contacts who take part."), default=[]
    )
    exercises: Annotated[list[DrillExercise], Field(min_length=1)] = said(
        _("Exercises"), _("What is rehearsed, in order.")
    )
    criteria: list[DrillCriterion] = said(_("Success criteria"), _("What decides whether it has passed."), default=[])

    @field_validator("rule")
    @classmethod
    def _comes_true(cls, rule: str, info: ValidationInfo) -> str:
        try:
            schedule.parse(rule, starts_on=info.data.get("starts_on", date(2025, 1, 1)))
        except ValueError:
            raise wrong(gettext("a rule of days that comes true, such as FREQ=MONTHLY;BYDAY=1WE")) from None
        return rule


SECTIONS = [
    Section(
        name="drill_calendar",
        label=gettext_lazy("Drill calendar"),
        singular=gettext_lazy("drill"),
        description=_("When what is rehearsed, by whom, and what counts as success."),
        entry=DrillCalendar,
        model=models.DrillCalendar,
        children={
            "exercises": Child(models.DrillExercise, "calendar"),
            "criteria": Child(models.DrillCriterion, "calendar"),
        },
    )
]

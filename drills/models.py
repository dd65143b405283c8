"""When what is rehearsed, and how each rehearsal went."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry, PlanVersion


class DrillCalendar(PlanEntry):
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    rule = models.CharField(_("rule"), max_length=200, help_text="RFC 5545: FREQ=MONTHLY;BYDAY=1WE.")
    starts_on = models.DateField(_("counted from"))
    starts_at = models.CharField(_("starts at"), max_length=5, help_text="Time of day in the time zone: 02:00.")
    time_zone = models.CharField(_("time zone"), max_length=60)
    duration_minutes = models.PositiveIntegerField(_("length (minutes)"))
    participants = models.JSONField(_("participants"), default=list, help_text="Keys of contacts.")

    def __str__(self) -> str:
        return self.name


class DrillExercise(PlanChild):
    calendar = models.ForeignKey(DrillCalendar, models.CASCADE, related_name="exercises")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    does = models.CharField(_("does"), max_length=100, help_text="Name of the step function.")
    parameters = models.JSONField(_("parameters"), default=dict)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["calendar", "key"], name="drill_exercise_key_once")]

    def __str__(self) -> str:
        return self.name


class DrillCriterion(PlanChild):
    class Metric(models.TextChoices):
        RECOVERY_TIME = "recovery_time", _("Time to recover")
        RECOVERY_POINT = "recovery_point", _("Age of the recovery point")
        RECORDS_LOST = "records_lost", _("Records lost")
        ALERTS_FIRED = "alerts_fired", _("Alerts fired")

    class Comparison(models.TextChoices):
        BELOW = "below", _("under")
        AT_MOST = "at_most", _("at most")
        AT_LEAST = "at_least", _("at least")

    class Unit(models.TextChoices):
        MINUTES = "minutes", _("min")
        RECORDS = "records", _("records")
        PERCENT = "percent", _("%")

    calendar = models.ForeignKey(DrillCalendar, models.CASCADE, related_name="criteria")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    metric = models.CharField(_("metric"), max_length=14, choices=Metric)
    comparison = models.CharField(_("comparison"), max_length=8, choices=Comparison)
    value = models.FloatField(_("value"))
    unit = models.CharField(_("unit"), max_length=7, choices=Unit)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["calendar", "key"], name="drill_criterion_key_once")]

    def __str__(self) -> str:
        return self.name


class Drill(models.Model):
    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        RUNNING = "running", _("Running")
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")
        MISSED = "missed", _("Missed")
        CANCELLED = "cancelled", _("Cancelled")

    calendar = models.ForeignKey(DrillCalendar, models.PROTECT, related_name="drills", verbose_name=_("calendar"))
    plan_version = models.ForeignKey(
        PlanVersion, models.PROTECT, null=True, blank=True, related_name="drills", verbose_name=_("plan")
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.SCHEDULED)
    starts_at = models.DateTimeField(_("starts"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "starts_at"], name="drill_fires_once_for_each_due_time")
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.starts_at:%Y-%m-%d %H:%M}"

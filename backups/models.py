"""What is copied where, how often, for how long; and what was proven to be there."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanEntry


class BackupPolicy(PlanEntry):
    class Category(models.TextChoices):
        REAL_TIME = "real_time", _("Real-time")
        SCHEDULED = "scheduled", _("Scheduled")
        CODE = "code", _("Code")

    class Frequency(models.TextChoices):
        CONTINUOUS = "continuous", _("Continuous")
        INTERVAL = "interval", _("At an interval")
        EVERY_COMMIT = "every_commit", _("Every commit")

    name = models.CharField(_("name"), max_length=200)
    category = models.CharField(_("class"), max_length=10, choices=Category)
    source = models.CharField(_("source"), max_length=200)
    destination = models.CharField(_("destination"), max_length=200)
    frequency = models.CharField(_("frequency"), max_length=12, choices=Frequency)
    interval_seconds = models.PositiveIntegerField(_("interval (seconds)"), null=True)
    retention_days = models.PositiveIntegerField(_("kept for (days)"), null=True, help_text="Empty: for ever.")
    condition = models.CharField(_("condition"), max_length=200, blank=True, help_text="When it applies at all.")
    does = models.CharField(_("does"), max_length=100, blank=True, help_text="Name of the step function.")
    parameters = models.JSONField(_("parameters"), default=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def interval(self) -> timedelta | None:
        return None if self.interval_seconds is None else timedelta(seconds=self.interval_seconds)

    @property
    def retention(self) -> timedelta | None:
        return None if self.retention_days is None else timedelta(days=self.retention_days)


class RecoveryPoint(models.Model):
    """A moment that can be returned to, as the destination itself says."""

    policy = models.ForeignKey(BackupPolicy, models.PROTECT, related_name="recovery_points", verbose_name=_("policy"))
    at = models.DateTimeField(_("state of"), help_text="The newest data that can be brought back from it.")
    recorded_at = models.DateTimeField(_("seen"), default=now)
    evidence = models.JSONField(_("evidence"), default=dict, help_text="What the provider said, word for word.")

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["policy", "at"], name="recovery_point_recorded_once")]

    def __str__(self) -> str:
        return f"{self.policy_id} {self.at:%Y-%m-%d %H:%M:%S}"

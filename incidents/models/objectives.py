"""What the plan is called and who keeps it, and what recovery is held to."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanSingle


class About(PlanSingle):
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    owner = models.CharField(_("owner"), max_length=200)
    reviewed_on = models.DateField(_("reviewed on"))
    review_every_days = models.PositiveIntegerField(_("review every (days)"))

    def __str__(self) -> str:
        return self.name

    @property
    def review_due_on(self) -> date:
        return self.reviewed_on + timedelta(days=self.review_every_days)


class Objectives(PlanSingle):
    rto_minutes = models.PositiveIntegerField(_("recovery time objective (minutes)"))
    rpo_minutes = models.PositiveIntegerField(_("recovery point objective (minutes)"))
    availability_percent = models.FloatField(_("availability objective (%)"))

    def __str__(self) -> str:
        return f"RTO {self.rto_minutes} min, RPO {self.rpo_minutes} min, {self.availability_percent} %"

    @property
    def rto(self) -> timedelta:
        return timedelta(minutes=self.rto_minutes)

    @property
    def rpo(self) -> timedelta:
        return timedelta(minutes=self.rpo_minutes)

    def downtime_allowed(self, period: timedelta) -> timedelta:
        """The error budget: how long the service may be down in a period and still meet the objective."""
        return timedelta(seconds=round(period.total_seconds() * (100 - self.availability_percent) / 100, 6))

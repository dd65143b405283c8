"""The incident itself: what is wrong, how bad, and how far along we are."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanVersion
from incidents.models.service import Service


class Severity(models.TextChoices):
    P0 = "P0", _("P0 – critical")
    P1 = "P1", _("P1 – high")
    P2 = "P2", _("P2 – medium")
    P3 = "P3", _("P3 – low")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> IncidentQuerySet:
        return self.exclude(status=Incident.Status.RESOLVED)

    def real(self) -> IncidentQuerySet:
        return self.filter(is_practice=False)


class Incident(models.Model):
    Severity = Severity

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        MITIGATED = "mitigated", _("Mitigated")
        RESOLVED = "resolved", _("Resolved")

    NEXT_STATUSES = {
        Status.OPEN: {Status.MITIGATED, Status.RESOLVED},
        Status.MITIGATED: {Status.OPEN, Status.RESOLVED},
        Status.RESOLVED: {Status.OPEN},
    }

    reference = models.CharField(_("reference"), max_length=60, unique=True, help_text="For people: INC-2025-001.")
    title = models.CharField(_("title"), max_length=200)
    severity = models.CharField(_("severity"), max_length=2, choices=Severity)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="incidents", verbose_name=_("service")
    )
    plan_version = models.ForeignKey(
        PlanVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="incidents",
        verbose_name=_("plan"),
        help_text="The plan that was in force when it began.",
    )
    commander = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commanded_incidents",
        verbose_name=_("commander"),
    )
    is_practice = models.BooleanField(_("drill"), default=False)
    started_at = models.DateTimeField(_("started"), default=now)
    mitigated_at = models.DateTimeField(_("mitigated"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                name="incident_resolved_exactly_when_it_has_a_time",
                condition=Q(status="resolved", resolved_at__isnull=False)
                | (~Q(status="resolved") & Q(resolved_at__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:detail", args=[self.reference])

    @property
    def topic(self) -> str:
        """The live-progress topic that this incident's page watches."""
        return f"incident-{self.pk}"

    @property
    def duration(self) -> timedelta:
        return (self.resolved_at or now()) - self.started_at

    def can_become(self, status: Status) -> bool:
        return status in self.NEXT_STATUSES[self.Status(self.status)]

"""From which value on a metric is a reason to alert somebody."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanEntry
from incidents.models.contact import ChannelKind
from incidents.models.degradation import DegradationLevel


class Threshold(PlanEntry):
    class Metric(models.TextChoices):
        AVAILABILITY = "availability", _("Availability")
        RESPONSE_TIME_P50 = "response_time_p50", _("Response time, p50")
        RESPONSE_TIME_P95 = "response_time_p95", _("Response time, p95")
        RESPONSE_TIME_P99 = "response_time_p99", _("Response time, p99")
        ERROR_RATE = "error_rate", _("Error rate")
        THROUGHPUT = "throughput", _("Throughput")

    class Comparison(models.TextChoices):
        BELOW = "below", _("under")
        ABOVE = "above", _("over")

    class Unit(models.TextChoices):
        PERCENT = "percent", _("%")
        MILLISECONDS = "milliseconds", _("ms")
        REQUESTS_PER_SECOND = "requests_per_second", _("requests/s")

    name = models.CharField(_("name"), max_length=200)
    metric = models.CharField(_("metric"), max_length=20, choices=Metric)
    comparison = models.CharField(_("comparison"), max_length=5, choices=Comparison)
    value = models.FloatField(_("value"))
    unit = models.CharField(_("unit"), max_length=20, choices=Unit)
    window_seconds = models.PositiveIntegerField(
        _("window (seconds)"), null=True, help_text="Empty: the plan names none, every measurement counts by itself."
    )
    alert_channel = models.CharField(_("alert goes to"), max_length=10, choices=ChannelKind)
    degradation = models.ForeignKey(
        DegradationLevel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("degradation level"),
        help_text="Set while it is crossed, and put back after it. Empty: none.",
    )

    def __str__(self) -> str:
        return self.name

"""What was measured of the service, whether it keeps to the plan's thresholds, and every time it did not."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.people.models import ApiToken
from incidents.models.health import Threshold
from incidents.models.incident import Incident


class Source(models.TextChoices):
    PROBES = "probes", _("Health checks")
    PROMETHEUS = "prometheus", "Prometheus"
    PUSHED = "pushed", _("Pushed through the API")


class Sample(models.Model):
    """One value of a metric, as Prometheus told it or as it was pushed. Health checks keep their own."""

    metric = models.CharField(_("metric"), max_length=20, choices=Threshold.Metric)
    source = models.CharField(_("from"), max_length=10, choices=Source)
    token = models.ForeignKey(ApiToken, models.PROTECT, null=True, related_name="+", help_text="Who pushed it.")
    at = models.DateTimeField(_("measured"), help_text="When it was measured; it may arrive later, and in any order.")
    value = models.FloatField(_("value"), help_text="In the metric's unit: percent, milliseconds, requests a second.")
    count = models.PositiveIntegerField(default=1, help_text="How many observations it stands for: its weight.")
    received_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["at"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="sample_pushed_once", fields=["token", "metric", "at"], condition=Q(token__isnull=False)
            ),
            models.UniqueConstraint(
                name="sample_read_once", fields=["source", "metric", "at"], condition=Q(token__isnull=True)
            ),
        ]
        indexes = [models.Index(fields=["metric", "source", "at"], name="sample_of_a_metric_by_time")]

    def __str__(self) -> str:
        return f"{self.metric} {self.value} at {self.at:%H:%M:%S}"


class ThresholdState(models.Model):
    """A threshold now: the last reading, and since when it has been good. Overwritten; it survives a restart."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", _("Unknown")
        WELL = "well", _("Within the threshold")
        BREACHED = "breached", _("Breached")

    threshold = models.OneToOneField(Threshold, models.CASCADE, related_name="state")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.UNKNOWN)
    since = models.DateTimeField(null=True, help_text="Since when the state has been the same.")
    at = models.DateTimeField(null=True, help_text="When it was last judged.")
    good_since = models.DateTimeField(null=True, help_text="While breached: since when it has been within the limit.")
    clear_since = models.DateTimeField(null=True, help_text="While breached: since when it has been well within it.")
    value = models.FloatField(null=True, help_text="The last reading; empty: it is not known.")
    samples = models.PositiveIntegerField(default=0, help_text="How many observations it was read from.")
    source = models.CharField(max_length=10, choices=Source, blank=True)
    window_seconds = models.PositiveIntegerField(default=0, help_text="What the reading was taken over.")
    gap = models.CharField(max_length=20, blank=True, help_text="Why it is not known: a word of thresholds.Gap.")
    worst_part = models.CharField(max_length=60, blank=True, help_text="Key of the service that does worst.")
    worst_value = models.FloatField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.threshold_id}: {self.state}"


class BreachQuerySet(models.QuerySet["Breach"]):
    def open(self) -> BreachQuerySet:
        return self.filter(cleared_at__isnull=True)


class Breach(models.Model):
    """A time during which a metric was on the wrong side of its threshold. While it lasts there is one."""

    threshold = models.ForeignKey(Threshold, models.PROTECT, related_name="breaches", verbose_name=_("threshold"))
    opened_at = models.DateTimeField(_("began"))
    cleared_at = models.DateTimeField(_("ended"), null=True, blank=True)
    metric = models.CharField(_("metric"), max_length=20, choices=Threshold.Metric)
    comparison = models.CharField(max_length=5, choices=Threshold.Comparison)
    limit = models.FloatField(_("threshold"), help_text="As the plan had it when it began.")
    unit = models.CharField(max_length=20, choices=Threshold.Unit)
    window_seconds = models.PositiveIntegerField(help_text="What the reading was taken over.")
    source = models.CharField(_("from"), max_length=10, choices=Source)
    samples = models.PositiveIntegerField(default=0)
    value = models.FloatField(_("value at first"))
    worst = models.FloatField(_("worst value"))
    last = models.FloatField(_("last value"))
    worst_part = models.CharField(max_length=60, blank=True, help_text="Key of the service that did worst.")
    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="breaches", verbose_name=_("incident")
    )

    objects = BreachQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="breach_one_open_a_threshold", fields=["threshold"], condition=Q(cleared_at__isnull=True)
            )
        ]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="breach_newest_first")]

    def __str__(self) -> str:
        return f"{self.threshold_id} {self.value:g} at {self.opened_at:%Y-%m-%d %H:%M}"

    @property
    def duration(self) -> timedelta:
        return (self.cleared_at or now()) - self.opened_at


class Turn(models.Model):
    """When something that several processes could do was last done, so that one of them does it at a time."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField(null=True)
    trouble = models.JSONField(null=True, help_text="What went wrong that time: the facts of a ProviderError.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"

"""What is switched off so that the rest survives."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanEntry
from incidents.models.incident import Incident


class DegradationLevel(PlanEntry):
    class Cache(models.TextChoices):
        NORMAL = "normal", _("Normal")
        AGGRESSIVE = "aggressive", _("Aggressive")
        MAXIMUM = "maximum", _("Maximum")
        PERMANENT = "permanent", _("Permanent")

    # Not unique in the database: levels may change places from one version to the next. The schema refuses doubles.
    level = models.PositiveSmallIntegerField(_("level"))
    name = models.CharField(_("name"), max_length=200)
    features_on = models.JSONField(_("features on"), default=list)
    features_off = models.JSONField(_("features off"), default=list)
    cache = models.CharField(_("cache"), max_length=10, choices=Cache)
    static_only = models.BooleanField(_("static content only"))
    message = models.TextField(_("message to users"), blank=True)

    class Meta(PlanEntry.Meta):
        ordering = ["level", "key"]

    def __str__(self) -> str:
        return f"{self.level} {self.name}"


class DegradationChange(models.Model):
    """One change of the level. The newest one is what is in force, and what /degradation.json tells; never deleted."""

    class Origin(models.TextChoices):
        PERSON = "person", _("by a person")
        STEP = "step", _("by a step of a plan")
        RULE = "rule", _("by a threshold that is crossed")
        KEPT = "kept", _("the threshold is kept again")
        EXPIRY = "expiry", _("its time was up")
        UNDO = "undo", _("a change was undone")

    level = models.PositiveSmallIntegerField(_("level"))
    previous_level = models.PositiveSmallIntegerField(_("level before"))
    previous_until = models.DateTimeField(null=True, blank=True, help_text="Until when the level before was meant.")
    origin = models.CharField(_("changed"), max_length=8, choices=Origin)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    at = models.DateTimeField(_("since"), default=now)
    until = models.DateTimeField(_("until"), null=True, blank=True, help_text="Put back then. Empty: until changed.")
    run = models.ForeignKey("runs.Run", models.PROTECT, null=True, related_name="degradation_changes")
    incident = models.ForeignKey(Incident, models.PROTECT, null=True, related_name="degradation_changes")
    is_practice = models.BooleanField(_("drill"), default=False)
    token = models.CharField(max_length=120, unique=True, help_text="Of the step that did it: told twice, one change.")
    confirmed_at = models.DateTimeField(
        _("confirmed"), null=True, blank=True, help_text="When the product itself was seen to be at this level."
    )

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.previous_level} → {self.level}"

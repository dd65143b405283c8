"""What is switched off so that the rest survives."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanEntry


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

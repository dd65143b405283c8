"""What users are served, from where, and how its health is asked for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry


class Region(PlanEntry):
    class Role(models.TextChoices):
        PRIMARY = "primary", _("Primary")
        SECONDARY = "secondary", _("Secondary")
        TERTIARY = "tertiary", _("Tertiary")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        STANDBY = "standby", _("Standby")
        COLD_STANDBY = "cold_standby", _("Cold standby")

    name = models.CharField(_("name"), max_length=200)
    # That exactly one is primary is checked by the schema: in the database, two could not change places at once.
    role = models.CharField(_("role"), max_length=10, choices=Role)
    provider = models.CharField(_("provider"), max_length=200)
    provider_region = models.CharField(
        _("provider’s region"), max_length=60, blank=True, help_text="What the provider calls the place: hnd1."
    )
    status = models.CharField(_("status"), max_length=12, choices=Status)

    def __str__(self) -> str:
        return self.key


class Service(PlanEntry):
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    hostnames = models.JSONField(_("host names"), default=list)

    def __str__(self) -> str:
        return self.name


class ServiceEndpoint(PlanChild):
    """An address that says whether a service is well in one region: through the CDN, or past it."""

    class Via(models.TextChoices):
        CDN = "cdn", _("Through the CDN")
        ORIGIN = "origin", _("Straight to the origin")

    service = models.ForeignKey(Service, models.CASCADE, related_name="endpoints")
    region = models.ForeignKey(Region, models.PROTECT, related_name="endpoints")
    via = models.CharField(_("way"), max_length=6, choices=Via)
    url = models.URLField(_("address"), max_length=500)
    expected_status = models.PositiveSmallIntegerField(_("expected status"))

    class Meta(PlanChild.Meta):
        constraints = [
            models.UniqueConstraint(fields=["service", "region", "via"], name="endpoint_one_for_each_region_and_way")
        ]

    def __str__(self) -> str:
        return self.url

"""What health checks found: the present state of every endpoint from everywhere that asks."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.models.service import ServiceEndpoint


class EndpointState(models.Model):
    """One endpoint as one place sees it. Overwritten with each round; the streaks survive a restart."""

    class State(models.TextChoices):
        UNKNOWN = "unknown", _("Unknown")
        UP = "up", _("Up")
        SUSPECT = "suspect", _("Suspect")
        DOWN = "down", _("Down")

    endpoint = models.ForeignKey(ServiceEndpoint, models.CASCADE, related_name="states")
    location = models.CharField(_("asked from"), max_length=60, help_text="DR_PROBE_LOCATION of who asked.")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.UNKNOWN)
    bad_streak = models.PositiveIntegerField(default=0, help_text="Rounds that failed in a row, up to now.")
    good_streak = models.PositiveIntegerField(default=0, help_text="Rounds that were good in a row, up to now.")
    streak_began_at = models.DateTimeField(null=True, help_text="First round of the present streak.")
    since = models.DateTimeField(null=True, help_text="Since when the state has been the same.")
    at = models.DateTimeField(null=True, help_text="The last round.")
    milliseconds = models.FloatField(null=True, help_text="How long the last answer took.")
    status = models.PositiveSmallIntegerField(null=True, help_text="Its HTTP status, if there was one.")
    failure = models.CharField(max_length=20, blank=True, help_text="capabilities.probe.Failure; empty: it was good.")
    phase = models.CharField(max_length=20, blank=True)
    answered_by = models.CharField(max_length=60, blank=True, help_text="Region that answered, where it says so.")

    class Meta:
        constraints = [models.UniqueConstraint(name="endpoint_one_state_a_place", fields=["endpoint", "location"])]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.endpoint_id} from {self.location}: {self.state}"


class ProbeLocation(models.Model):
    """A place that asks, and whether it can reach anything at all: a place that is cut off is no witness."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    at = models.DateTimeField(null=True, help_text="Its last round.")
    canaries_asked = models.PositiveSmallIntegerField(default=0, help_text="Independent hosts it asked last.")
    canaries_good = models.PositiveSmallIntegerField(default=0, help_text="How many of them answered.")
    canaries_at = models.DateTimeField(null=True)
    owner = models.CharField(max_length=120, blank=True, help_text="The process that asks; a second one waits.")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

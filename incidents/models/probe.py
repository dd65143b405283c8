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
    said = models.CharField(max_length=300, blank=True, help_text="The technical detail of the failure.")
    answered_by = models.CharField(max_length=60, blank=True, help_text="Region that answered, where it says so.")
    certificate_expires_at = models.DateTimeField(null=True, help_text="Of the server, as last seen.")

    class Meta:
        constraints = [models.UniqueConstraint(name="endpoint_one_state_a_place", fields=["endpoint", "location"])]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.endpoint_id} from {self.location}: {self.state}"


def is_cut_off(asked: int, good: int) -> bool:
    """Whether so many canaries that did not answer mean that a place reaches nobody. None asked: who knows."""
    return asked > 0 and 2 * good <= asked


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

    @property
    def is_cut_off(self) -> bool:
        """Most of the independent hosts did not answer it last time: what it says of others is worth nothing."""
        return is_cut_off(self.canaries_asked, self.canaries_good)


class ProbeRound(models.Model):
    """Everything that one place found at one time, in one row: incidents.figures packs and unpacks it."""

    class Kind(models.TextChoices):
        ROUND = "round", _("Round")
        CONFIRMATION = "confirmation", _("Confirmation")
        ASKED = "asked", _("Asked for")

    location = models.CharField(max_length=60)
    at = models.DateTimeField(help_text="When the round began.")
    kind = models.CharField(
        max_length=12, choices=Kind, help_text="Only rounds are counted: the others ask what has just failed again."
    )
    canaries_asked = models.PositiveSmallIntegerField(default=0)
    canaries_good = models.PositiveSmallIntegerField(default=0)
    samples = models.BinaryField(help_text="One record an endpoint.")

    class Meta:
        indexes = [models.Index(fields=["at", "location"], name="probe_round_by_time")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.location} at {self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def is_cut_off(self) -> bool:
        return is_cut_off(self.canaries_asked, self.canaries_good)


class ProbeRollup(models.Model):
    """The rounds of one minute or hour of one place, added up. Made again from what is below, it is the same."""

    class Length(models.IntegerChoices):
        MINUTE = 60
        HOUR = 3600

    location = models.CharField(max_length=60)
    seconds = models.PositiveSmallIntegerField(choices=Length)
    at = models.DateTimeField(help_text="Its beginning.")
    counts = models.BinaryField(help_text="For each endpoint how many checks there were, and how many failed.")
    times = models.BinaryField(help_text="For each endpoint how long good answers took, as a histogram.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="probe_rollup_one_a_place_and_time", fields=["seconds", "at", "location"])
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.location} at {self.at:%Y-%m-%d %H:%M}, {self.seconds} s"

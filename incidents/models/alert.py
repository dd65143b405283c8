"""What other programs tell of: who may tell, what came, the alerts that it made, and what is done with them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.web.sentences import spoken
from incidents.models.decision import MaintenanceWindow
from incidents.models.incident import Incident, Severity
from incidents.models.service import Service


class AlertSourceQuerySet(models.QuerySet["AlertSource"]):
    def listening(self) -> AlertSourceQuerySet:
        """Neither paused nor removed."""
        return self.filter(paused_at__isnull=True, removed_at__isnull=True)


class AlertSource(models.Model):
    """A program that may tell of alerts, and how it shows that it is the one."""

    class Kind(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
        GRAFANA = "grafana", "Grafana"
        PAGERDUTY = "pagerduty", "PagerDuty"
        WEBHOOK = "webhook", _("Signed webhook")
        HEARTBEAT = "heartbeat", _("Heartbeat")

    class Opens(models.TextChoices):
        """From which severity on an alert opens an incident."""

        P0 = "P0", _("P0 alone")
        P1 = "P1", _("P1 and worse")
        P2 = "P2", _("P2 and worse")
        P3 = "P3", _("Any")
        NEVER = "never", _("None: alerts are only listed")

    # These sign what they send, so that the secret itself has to be kept; of the others a sum of the token is enough.
    SIGNING = (Kind.PAGERDUTY, Kind.WEBHOOK)

    key = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the token.")
    sealed = models.TextField(blank=True, help_text="The signing secret, encrypted with a key derived from SECRET_KEY.")
    hint = models.CharField(_("begins with"), max_length=12, blank=True)
    old_digest = models.CharField(max_length=64, blank=True)
    old_sealed = models.TextField(blank=True)
    old_until = models.DateTimeField(null=True, blank=True, help_text="So long the secret before this one works too.")
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("service")
    )
    severity = models.CharField(
        _("severity"), max_length=2, choices=Severity, blank=True, help_text="Of alerts that name none that is known."
    )
    opens = models.CharField(_("opens an incident"), max_length=5, choices=Opens, default=Opens.P2)
    mapping = models.JSONField(default=dict, help_text="Of a signed webhook: where in the body each field is found.")
    is_practice = models.BooleanField(_("practice"), default=False)
    every_minutes = models.PositiveIntegerField(_("calls at least every (minutes)"), null=True, blank=True)
    grace_minutes = models.PositiveIntegerField(_("grace (minutes)"), default=1)
    heard_at = models.DateTimeField(_("last heard"), null=True, blank=True, help_text="Its last genuine call.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it is missed. Empty: no call is expected.")
    missed_at = models.DateTimeField(null=True, blank=True, help_text="Since when it has been missed.")
    paused_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(_("made"), default=now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = AlertSourceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        default_permissions = ()
        indexes = [models.Index(name="alert_source_due", fields=["due_at"], condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:alert-source", args=[self.key])

    @property
    def signs(self) -> bool:
        return self.kind in self.SIGNING

    @property
    def has_secret(self) -> bool:
        return bool(self.sealed if self.signs else self.digest)

    @property
    def patience(self) -> timedelta | None:
        """How long after a call the next one is missed; None where none is expected."""
        minutes = self.every_minutes and self.every_minutes + self.grace_minutes
        return timedelta(minutes=minutes) if minutes else None


class AlertPayload(models.Model):
    """One call of a source, as it came, and what became of it. The last ones of each source are kept."""

    class Outcome(models.TextChoices):
        TAKEN = "taken", _("Taken")
        REPEATED = "repeated", _("Known already")
        IGNORED = "ignored", _("Nothing to do")
        PAUSED = "paused", _("The source is paused")
        MALFORMED = "malformed", _("Cannot be read")
        TURNED_AWAY = "turned_away", _("Turned away")
        TOO_BIG = "too_big", _("Too big")

    #: Of whom it is not certain that it was the source.
    STRANGE = (Outcome.TURNED_AWAY, Outcome.TOO_BIG)

    source = models.ForeignKey(AlertSource, models.CASCADE, related_name="payloads")
    at = models.DateTimeField(_("received"), default=now)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    status = models.PositiveSmallIntegerField(_("answered"))
    said = models.JSONField(default=dict, help_text="A sentence: what became of it.")
    body = models.TextField(blank=True, help_text="As it came; cut off where it is long.")
    size = models.PositiveIntegerField(_("bytes"), default=0)
    event_id = models.CharField(max_length=200, blank=True)
    address = models.CharField(_("from"), max_length=45, blank=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(name="alert_payload_newest", fields=["source", "-id"])]

    def __str__(self) -> str:
        return f"{self.source_id} {self.outcome} at {self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def words(self) -> str:
        return spoken(self.said)

    @property
    def is_cut(self) -> bool:
        return len(self.body.encode()) < self.size


class AlertEvent(models.Model):
    """A message that has been taken, by the number that its sender gave it: sent again, it changes nothing."""

    source = models.ForeignKey(AlertSource, models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=200)
    at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="alert_event_taken_once", fields=["source", "event_id"])]

    def __str__(self) -> str:
        return self.event_id


class Matching(models.Model):
    """Conditions on an alert's labels. All of them must hold; without any, every alert is meant."""

    source = models.ForeignKey(
        AlertSource, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    matchers = models.JSONField(
        _("where"), default=list, help_text='[["severity", "=", "critical"]]; = != are exact, ~ !~ take * and ?.'
    )

    class Meta:
        abstract = True

    @property
    def conditions(self) -> str:
        """As they are typed: severity=critical instance~tokyo-*."""
        return "\n".join(f"{name}{sign}{value}" for name, sign, value in self.matchers)


class AlertRule(Matching):
    """What alerts with these labels mean. The first rule that holds decides."""

    class Action(models.TextChoices):
        ROUTE = "route", _("Opens an incident")
        LIST = "list", _("Is only listed")

    position = models.PositiveIntegerField(default=0)
    name = models.CharField(_("name"), max_length=100)
    action = models.CharField(_("what it does"), max_length=5, choices=Action, default=Action.ROUTE)
    severity = models.CharField(
        _("severity"), max_length=2, choices=Severity, blank=True, help_text="Empty: as the alert says."
    )
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("service")
    )

    class Meta:
        ordering = ["position", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class SilenceQuerySet(models.QuerySet["Silence"]):
    def in_force(self, at: datetime) -> SilenceQuerySet:
        return self.filter(starts_at__lte=at, ends_at__gt=at)


class Silence(Matching):
    """A time in which alerts with these labels are listed, and open no incident. What still fires at its end does."""

    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), db_index=True)
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(default=now)

    objects = SilenceQuerySet.as_manager()

    class Meta:
        ordering = ["-ends_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="silence_does_not_end_before_it_starts", condition=Q(ends_at__gte=models.F("starts_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason} until {self.ends_at:%Y-%m-%d %H:%M}"


class AlertQuerySet(models.QuerySet["Alert"]):
    def firing(self) -> AlertQuerySet:
        return self.filter(ended_at__isnull=True)


class Alert(models.Model):
    """Something that a source says is wrong, from its first word of it until it says that it is over."""

    source = models.ForeignKey(AlertSource, models.PROTECT, related_name="alerts", verbose_name=_("source"))
    fingerprint = models.CharField(max_length=200, help_text="By it the source calls the same thing the same.")
    title = models.CharField(_("title"), max_length=200)
    said = models.JSONField(default=dict, help_text="The title as a sentence, where the console itself wrote it.")
    text = models.TextField(_("description"), blank=True)
    link = models.CharField(_("link"), max_length=1000, blank=True)
    labels = models.JSONField(_("labels"), default=dict)
    severity = models.CharField(_("severity"), max_length=2, choices=Severity, blank=True)
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="alerts", verbose_name=_("service")
    )
    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="alerts", verbose_name=_("incident")
    )
    rule = models.ForeignKey(AlertRule, models.SET_NULL, null=True, blank=True, related_name="+")
    silence = models.ForeignKey(
        Silence, models.PROTECT, null=True, blank=True, related_name="alerts", help_text="What held it back last."
    )
    maintenance = models.ForeignKey(MaintenanceWindow, models.PROTECT, null=True, blank=True, related_name="alerts")
    held_until = models.DateTimeField(
        null=True, blank=True, help_text="So long it is held back; then, if it still fires, it is looked at again."
    )
    started_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, help_text="Empty: it fires.")
    said_at = models.DateTimeField(help_text="When the source said what was last believed; older words are not heeded.")
    heard_at = models.DateTimeField(_("last heard"), help_text="When the source last said that it fires, or not.")
    times = models.PositiveIntegerField(_("times told"), default=1, help_text="How often the source has said so.")
    cleared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="alert_one_firing_a_fingerprint",
                fields=["source", "fingerprint"],
                condition=Q(ended_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(name="alert_newest_first", fields=["-started_at", "-id"]),
            models.Index(name="alert_of_a_fingerprint", fields=["source", "fingerprint", "-id"]),
            models.Index(name="alert_of_an_incident", fields=["incident", "-id"]),
            models.Index(
                name="alert_held_back",
                fields=["held_until"],
                condition=Q(ended_at__isnull=True, held_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("incidents:alert", args=[self.pk])

    @property
    def words(self) -> str:
        return spoken(self.said) or self.title

    @property
    def is_firing(self) -> bool:
        return self.ended_at is None

    @property
    def lasted(self) -> timedelta:
        return max(timedelta(), (self.ended_at or now()) - self.started_at)

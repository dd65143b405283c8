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
from dr_console.web.sentences import spoken
from incidents.models.service import Service


class Severity(models.TextChoices):
    P0 = "P0", _("P0 – critical")
    P1 = "P1", _("P1 – high")
    P2 = "P2", _("P2 – medium")
    P3 = "P3", _("P3 – low")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> IncidentQuerySet:
        return self.exclude(status__in=Incident.OVER)

    def real(self) -> IncidentQuerySet:
        return self.filter(is_practice=False)

    def locked(self) -> IncidentQuerySet:
        """Nobody else changes these until the transaction ends; rows that belong to them can be written meanwhile."""
        return self.select_for_update(of=("self",), no_key=True)


class Incident(models.Model):
    class Origin(models.TextChoices):
        BREACH = "breach", _("Noticed by the console")
        PERSON = "person", _("Declared by a person")
        TERMINAL = "terminal", _("Declared by a command")
        API = "api", _("Declared through the API")
        ALERT = "alert", _("Told of by another program")
        DRILL = "drill", _("Part of a drill")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        MITIGATED = "mitigated", _("Mitigated")
        RESOLVED = "resolved", _("Resolved")
        CLOSED = "closed", _("Closed")

    NEXT_STATUSES = {
        Status.OPEN: {Status.MITIGATED, Status.RESOLVED},
        Status.MITIGATED: {Status.OPEN, Status.RESOLVED},
        Status.RESOLVED: {Status.OPEN, Status.CLOSED},
        Status.CLOSED: {Status.OPEN},
    }
    # Nobody works on it any more.
    OVER = (Status.RESOLVED, Status.CLOSED)
    # What an incident is taken for until somebody has said how bad it is: the worse, for nobody is to be paged late.
    ASSUMED = Severity.P1

    reference = models.CharField(_("reference"), max_length=60, unique=True, help_text="For people: INC-2025-001.")
    title = models.CharField(_("title"), max_length=200)
    said_title = models.JSONField(
        default=dict, blank=True, help_text="The title as a sentence, where the console wrote it."
    )
    severity = models.CharField(
        _("severity"), max_length=2, choices=Severity, blank=True, help_text="Empty: nobody has said yet how bad it is."
    )
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
    origin = models.CharField(_("declared"), max_length=10, choices=Origin, default=Origin.PERSON)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    dedup_key = models.CharField(
        max_length=120, blank=True, help_text="What was noticed: while it is open, the same is attached to it."
    )
    client_token = models.CharField(
        max_length=120, blank=True, help_text="Who declares with it again gets the same incident."
    )
    failure = models.CharField(_("kind of failure"), max_length=20, blank=True, help_text="A word of diagnosis.Kind.")
    diagnosis = models.JSONField(default=dict, help_text="What the last diagnosis said, with its reasons.")
    runs = models.ManyToManyField("runs.Run", related_name="incidents")
    started_at = models.DateTimeField(_("started"), default=now, help_text="First failing probe, where one saw it.")
    detected_at = models.DateTimeField(_("detected"), null=True, blank=True, help_text="When it was certain.")
    switched_at = models.DateTimeField(_("switched"), null=True, blank=True, help_text="When traffic was pointed away.")
    recovered_at = models.DateTimeField(
        _("recovered"), null=True, blank=True, help_text="First good probe of those that verified it: RTO stops here."
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True, help_text="Last probe of those.")
    acknowledged_at = models.DateTimeField(
        _("acknowledged"), null=True, blank=True, help_text="When the first person said: I am on it."
    )
    mitigated_at = models.DateTimeField(_("mitigated"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="duplicates", verbose_name=_("duplicate of")
    )
    before_merge = models.JSONField(default=dict, blank=True, help_text="What taking a merge back restores.")
    postmortem_due_at = models.DateTimeField(
        _("postmortem due"), null=True, blank=True, help_text="Empty: none is owed."
    )

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(name="incident_newest_first", fields=["-started_at", "-id"])]
        constraints = [
            models.CheckConstraint(
                name="incident_resolved_exactly_when_it_has_a_time",
                condition=Q(status__in=["resolved", "closed"], resolved_at__isnull=False)
                | (~Q(status__in=["resolved", "closed"]) & Q(resolved_at__isnull=True)),
            ),
            models.UniqueConstraint(
                name="incident_one_open_for_what_was_noticed",
                fields=["dedup_key"],
                condition=Q(status__in=["open", "mitigated"]) & ~Q(dedup_key=""),
            ),
            models.UniqueConstraint(
                name="incident_declared_once_with_a_token", fields=["client_token"], condition=~Q(client_token="")
            ),
        ]
        permissions = [
            ("declare_incident", "Can declare an incident"),
            ("command_incident", "Can take command, and say how bad and how far it is"),
            ("respond_to_incident", "Can work the checklist, write notes, take tasks"),
            ("publish_update", "Can tell managers and customers how it goes"),
            ("change_alert_source", "Can say what other programs may alert of"),
            ("start_failover", "Can preview and start a failover"),
            ("change_degradation_level", "Can set the degradation level"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.words}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:detail", args=[self.reference])

    @property
    def words(self) -> str:
        """The title: as a person wrote it, or the console’s in the reader’s language."""
        return spoken(self.said_title) or self.title

    @property
    def is_over(self) -> bool:
        return self.status in self.OVER

    @property
    def assumed_severity(self) -> Severity:
        """How bad it is taken for, also while nobody has said."""
        return Severity(self.severity) if self.severity else self.ASSUMED

    @property
    def topic(self) -> str:
        """The live-progress topic that this incident's page watches."""
        return f"incident-{self.pk}"

    @property
    def duration(self) -> timedelta:
        return (self.resolved_at or now()) - self.started_at

    @property
    def recovery_time(self) -> timedelta | None:
        """From the first failing probe to the first good one; None while it has not recovered."""
        return self.recovered_at - self.started_at if self.recovered_at else None

    def can_become(self, status: Status) -> bool:
        return status in self.NEXT_STATUSES[self.Status(self.status)]


class ReferenceCounter(models.Model):
    """The last number given in a year, so that references have no gap."""

    year = models.PositiveSmallIntegerField(unique=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"

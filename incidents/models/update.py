"""What people are told of how it goes: who hears what how often, what was said, and where the public page stands."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry
from dr_console.web.sentences import in_language
from incidents.models.incident import Incident, Severity
from incidents.models.service import Service


class Audience(models.TextChoices):
    RESPONDERS = "responders", _("Responders")
    MANAGERS = "managers", _("Managers")
    CUSTOMERS = "customers", _("Customers")


class Stage(models.TextChoices):
    """How far it is, in the words that readers of status pages know."""

    INVESTIGATING = "investigating", _("Investigating")
    IDENTIFIED = "identified", _("Identified")
    MONITORING = "monitoring", _("Monitoring")
    RESOLVED = "resolved", _("Resolved")


class Impact(models.TextChoices):
    """What users notice of a service, the mildest first."""

    OPERATIONAL = "operational", _("Operational")
    MAINTENANCE = "under_maintenance", _("Under maintenance")
    DEGRADED = "degraded_performance", _("Degraded performance")
    PARTIAL = "partial_outage", _("Partial outage")
    MAJOR = "major_outage", _("Major outage")


class UpdatePolicy(PlanEntry):
    """Who of an audience is told by what, and how often."""

    # Not unique in the database: audiences may change places from one version to the next. The schema refuses doubles.
    audience = models.CharField(_("audience"), max_length=10, choices=Audience)
    name = models.CharField(_("name"), max_length=200)
    targets = models.JSONField(_("who"), default=list, help_text="“rotation:key” or “contact:key”.")
    channels = models.JSONField(_("by"), default=list, help_text="Empty: by no message.")

    def __str__(self) -> str:
        return self.name


class UpdateCadence(PlanChild):
    """How often an audience hears of an incident of this severity."""

    policy = models.ForeignKey(UpdatePolicy, models.CASCADE, related_name="cadences")
    severity = models.CharField(_("severity"), max_length=2, choices=Severity)
    every_minutes = models.PositiveIntegerField(_("every (minutes)"))

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["policy", "severity"], name="cadence_once_for_each_severity")]

    def __str__(self) -> str:
        return f"{self.policy_id}/{self.severity}"


class UpdateWording(PlanChild):
    """The words that an update of one stage starts from; {service} and the like are filled in."""

    policy = models.ForeignKey(UpdatePolicy, models.CASCADE, related_name="wordings")
    stage = models.CharField(_("stage"), max_length=13, choices=Stage)
    headline = models.CharField(_("headline"), max_length=200)
    conditions = models.TextField(_("conditions"), blank=True)
    actions = models.TextField(_("actions"), blank=True)
    needs = models.TextField(_("needs"), blank=True)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["policy", "stage"], name="wording_once_for_each_stage")]

    def __str__(self) -> str:
        return f"{self.policy_id}/{self.stage}"


class StatusUpdateQuerySet(models.QuerySet["StatusUpdate"]):
    def standing(self) -> StatusUpdateQuerySet:
        return self.filter(withdrawn_at__isnull=True)

    def public(self) -> StatusUpdateQuerySet:
        """What customers may read: never of an exercise, never what was withdrawn."""
        return self.standing().filter(audience=Audience.CUSTOMERS, incident__is_practice=False)


class StatusUpdate(models.Model):
    """One update to one audience, as it was published. Its words never change; it can be withdrawn."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="updates")
    audience = models.CharField(_("audience"), max_length=10, choices=Audience)
    stage = models.CharField(_("stage"), max_length=13, choices=Stage)
    headline = models.JSONField(default=dict, help_text="By language, and so are the others. One may be missing.")
    conditions = models.JSONField(default=dict)
    actions = models.JSONField(default=dict)
    needs = models.JSONField(default=dict)
    impact = models.JSONField(default=dict, help_text="To customers: a word of Impact by the key of the service.")
    next_at = models.DateTimeField(_("next update"), null=True, blank=True, help_text="Promised. Empty: none is.")
    at = models.DateTimeField(_("published"), default=now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    token = models.CharField(max_length=80, unique=True, help_text="Published twice with it: one update.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField(_("reason"), max_length=500, blank=True)

    objects = StatusUpdateQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        indexes = [models.Index(name="update_newest_of_incident", fields=["incident", "audience", "-at"])]

    def __str__(self) -> str:
        return f"{self.audience} at {self.at:%Y-%m-%d %H:%M}"

    @property
    def words(self) -> str:
        """Its headline in the reader's language, else in the one that it has."""
        return in_language(self.headline)


class UpdateDue(models.Model):
    """When an audience is owed the next word about an incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates_due")
    audience = models.CharField(_("audience"), max_length=10, choices=Audience)
    at = models.DateTimeField(_("due"), null=True, blank=True, help_text="Empty: none is owed.")
    armed_at = models.DateTimeField(default=now, help_text="Since when it is counted down.")
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="When it was about to fall due.")
    overdue_told_at = models.DateTimeField(null=True, blank=True, help_text="When it had fallen due, and nobody wrote.")
    snoozed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    snooze_reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(name="update_due_once_for_each_audience", fields=["incident", "audience"])
        ]
        indexes = [models.Index(name="update_due_first", fields=["at"])]

    def __str__(self) -> str:
        return f"{self.audience} at {self.at}"


class MaintenanceNotice(models.Model):
    """Planned work that customers are told of beforehand."""

    title = models.JSONField(default=dict, help_text="By language.")
    text = models.JSONField(default=dict, help_text="By language.")
    services = models.ManyToManyField(Service, related_name="+", blank=True, verbose_name=_("services"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    at = models.DateTimeField(_("published"), default=now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    token = models.CharField(max_length=80, unique=True, help_text="Published twice with it: one notice.")
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="When it was called off.")
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-starts_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="maintenance_notice_ends_after_it_starts", condition=Q(ends_at__gt=models.F("starts_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} {self.words}"

    @property
    def words(self) -> str:
        return in_language(self.title)


class StatusPage(models.Model):
    """The public page as it is to be. The table has one row; whoever changes what the page says raises `wanted`."""

    ONLY = 1

    number = models.PositiveSmallIntegerField(unique=True, default=ONLY)
    wanted = models.PositiveBigIntegerField(default=1, help_text="Which state of the page everybody is to see.")
    changed_at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"state {self.wanted} since {self.changed_at:%Y-%m-%d %H:%M:%S}"


class StatusStore(models.Model):
    """A place that the public page is pushed to, and which state of it stands there."""

    name = models.CharField(_("place"), max_length=60, unique=True, help_text="A word of queries.status_stores.")
    pushed = models.PositiveBigIntegerField(default=0, help_text="The state that stands there. 0: none.")
    pushed_at = models.DateTimeField(_("last pushed"), null=True, blank=True)
    digests = models.JSONField(default=dict, help_text="Of each file that stands there, by its name.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="While somebody is pushing.")
    fence = models.PositiveBigIntegerField(default=0, help_text="Only one of those who read this one can raise it.")
    not_before = models.DateTimeField(default=now, help_text="After a failure, the next try.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    failed_since = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When people were told that it fails.")
    error = models.JSONField(null=True, blank=True, help_text="The facts of a ProviderError.")

    class Meta:
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

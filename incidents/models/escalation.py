"""Who is told how fast when nobody answers."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.audit.append_only import AppendOnlyModel, AppendOnlyQuerySet
from dr_console.plans.models import PlanChild, PlanEntry, PlanVersion
from dr_console.web.sentences import spoken
from incidents.models.contact import Contact
from incidents.models.incident import Incident, Severity


class EscalationPolicy(PlanEntry):
    # Not unique in the database: severities may change places from one version to the next. The schema refuses doubles.
    severity = models.CharField(_("severity"), max_length=2, choices=Severity)
    name = models.CharField(_("name"), max_length=200)
    respond_within_minutes = models.PositiveIntegerField(_("respond within (minutes)"))
    rounds = models.PositiveSmallIntegerField(_("rounds"), help_text="How often the whole ladder is climbed.")
    reserved_minutes = models.PositiveIntegerField(
        _("reserved for recovery (minutes)"),
        help_text="Part of the RTO that paging people must leave for the recovery.",
    )
    acknowledgement_minutes = models.PositiveIntegerField(
        _("acknowledgement lasts (minutes)"), null=True, help_text="Empty: it does not expire."
    )
    snooze_minutes = models.PositiveIntegerField(_("longest snooze (minutes)"))
    fallback = models.ForeignKey(
        Contact,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("last resort"),
        help_text="Paged when the last round has ended without an answer.",
    )

    def __str__(self) -> str:
        return self.name

    @property
    def respond_within(self) -> timedelta:
        return timedelta(minutes=self.respond_within_minutes)


class EscalationLevel(PlanChild):
    policy = models.ForeignKey(EscalationPolicy, models.CASCADE, related_name="levels")
    key = models.SlugField(_("key"), max_length=60)
    wait_minutes = models.PositiveIntegerField(
        _("wait (minutes)"), help_text="How long somebody at this level has to answer before the next level is paged."
    )
    targets = models.JSONField(_("who"), default=list, help_text="“rotation:key” or “contact:key”.")
    channels = models.JSONField(_("by"), default=list)
    required_acknowledgements = models.PositiveSmallIntegerField(_("acknowledgements needed"))

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["policy", "key"], name="escalation_level_key_once_in_a_policy")]

    def __str__(self) -> str:
        return f"{self.policy_id}/{self.key}"


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def open(self) -> EscalationQuerySet:
        return self.exclude(status=Escalation.Status.STOPPED)


class Escalation(models.Model):
    """One climb of the ladder for one incident. An incident that gets worse, or fails again, starts another one."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Paging")
        ACKNOWLEDGED = "acked", _("Acknowledged")
        SNOOZED = "snoozed", _("Put off")
        EXHAUSTED = "exhausted", _("Nobody answered")
        EXHAUSTED_NOBODY = "exhausted_nobody", _("Nobody could be reached")
        STOPPED = "stopped", _("Over")

    # What the next tick may change.
    DUE = (Status.ACTIVE, Status.ACKNOWLEDGED, Status.SNOOZED)

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="escalations")
    number = models.PositiveSmallIntegerField(help_text="1 for the incident's first, and so on.")
    severity = models.CharField(max_length=2, choices=Severity)
    snapshot = models.JSONField(help_text="The policy as it was when this began: what is edited later changes nothing.")
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    round = models.PositiveSmallIntegerField(default=0)
    level = models.SmallIntegerField(default=-1, help_text="Index of the level that was paged last; -1: none yet.")
    next_at = models.DateTimeField(null=True, blank=True, help_text="When something has to happen next, if anything.")
    last_step_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0, help_text="Whoever changes it raises this: others change nothing.")
    started_at = models.DateTimeField(default=now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    acknowledged_via = models.CharField(max_length=20, blank=True)
    acknowledgements = models.JSONField(
        default=list, help_text="Of this level: who (key and name), when, by which way."
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When an acknowledgement without progress ends.")
    reminded_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(name="escalation_due", fields=["status", "next_at"])]
        constraints = [
            models.UniqueConstraint(
                name="escalation_one_open_for_an_incident", fields=["incident"], condition=~Q(status="stopped")
            ),
            models.UniqueConstraint(name="escalation_numbered_once", fields=["incident", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}/{self.number}: {self.status}"

    @property
    def group(self) -> str:
        """What its messages are known by."""
        return f"escalation:{self.pk}"


class EscalationEvent(AppendOnlyModel):
    """What happened on the ladder, and why."""

    class Kind(models.TextChoices):
        ARMED = "armed", _("Began")
        LEVEL_STARTED = "level_started", _("Level paged")
        NOBODY_AT_LEVEL = "nobody_at_level", _("Nobody at this level")
        NO_CHANNEL = "no_channel", _("No way to reach somebody")
        ROUND_STARTED = "round_started", _("Next round")
        EXHAUSTED = "exhausted", _("Ladder ran out")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        REMINDED = "reminded", _("Reminded")
        ACK_EXPIRED = "ack_expired", _("Acknowledgement expired")
        ESCALATED = "escalated", _("Escalated by a person")
        SNOOZED = "snoozed", _("Put off")
        RESUMED = "resumed", _("Goes on")
        REARMED = "rearmed", _("Began anew")
        STOPPED = "stopped", _("Ended")

    # What people must see although nobody asked for it.
    RED = (Kind.NOBODY_AT_LEVEL, Kind.NO_CHANNEL, Kind.EXHAUSTED, Kind.ACK_EXPIRED)

    escalation = models.ForeignKey(Escalation, models.PROTECT, related_name="events")
    at = models.DateTimeField(default=now)
    kind = models.CharField(max_length=16, choices=Kind)
    round = models.PositiveSmallIntegerField(default=0)
    level = models.SmallIntegerField(default=-1)
    said = models.JSONField(help_text="A sentence.")
    facts = models.JSONField(default=dict, help_text="people (key, name, channels), why_none, by, via, until.")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        indexes = [models.Index(name="escalation_event_in_order", fields=["escalation", "id"])]

    def __str__(self) -> str:
        return f"{self.escalation_id}: {self.kind}"

    @property
    def words(self) -> str:
        return spoken(self.said)


class PolicyAcceptance(AppendOnlyModel):
    """Somebody knows that a ladder may take longer than the recovery can wait, and takes it so, by name.

    It holds for that ladder and every quicker one, as long as the recovery gets no less time.
    """

    policy_key = models.SlugField(max_length=60)
    severity = models.CharField(_("severity"), max_length=2, choices=Severity)
    last_level_minutes = models.PositiveIntegerField(
        help_text="When the last level of the first round is paged, if nobody answers."
    )
    within_minutes = models.IntegerField(help_text="RTO less what is reserved for the recovery, as it was then.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200, help_text="As they wrote it under the warning.")
    plan_version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(name="acceptance_of_policy", fields=["policy_key", "-id"])]

    def __str__(self) -> str:
        return f"{self.policy_key}: {self.name}"

"""Who is told how fast when nobody answers."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry
from incidents.models.contact import Contact
from incidents.models.incident import Severity


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

"""What nobody may forget while recovering: the lists of the plan, and what an incident's own list has come to."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry
from dr_console.web.sentences import in_language, spoken
from incidents.models.incident import Incident


class ItemAction(models.TextChoices):
    """What an item leads to, and what ticks it by itself."""

    ACTIVATE_TEAM = "activate_team", _("Page the response team")
    FAIL_OVER = "fail_over", _("Preview and start a failover")
    VERIFY_STANDBY = "verify_standby", _("Check the standby")
    PUBLISH_UPDATE = "publish_update", _("Write a status update")
    RECORD_DETAILS = "record_details", _("Ticked by itself once all is recorded")
    ANALYSE_CAUSE = "analyse_cause", _("Open the report")


class ItemCondition(models.TextChoices):
    """When an item is to be done. Whether data is lost is asked of people; the rest the console knows."""

    DATA_LOST = "data_lost", _("Only if data is lost")
    SWITCHED_OVER = "switched_over", _("Only once traffic was switched over")
    DEGRADED = "degraded", _("Only while a degradation level is in force")
    REAL = "real", _("Not in a drill")


class ChecklistTemplate(PlanEntry):
    name = models.CharField(_("name"), max_length=200)
    severities = models.JSONField(_("severities"), default=list, help_text="Empty: all of them.")
    failures = models.JSONField(_("kinds of failure"), default=list, help_text="Empty: all of them.")

    def __str__(self) -> str:
        return self.name


class ChecklistTemplateItem(PlanChild):
    class Role(models.TextChoices):
        COMMANDER = "commander", _("Incident commander")
        OPERATIONS = "operations", _("Operations")
        COMMUNICATIONS = "communications", _("Communications")
        SCRIBE = "scribe", _("Scribe")

    checklist = models.ForeignKey(ChecklistTemplate, models.CASCADE, related_name="items")
    key = models.SlugField(_("key"), max_length=60)
    text = models.CharField(_("text"), max_length=500)
    role = models.CharField(_("role"), max_length=14, choices=Role)
    due_minutes = models.PositiveIntegerField(
        _("due after (minutes)"), null=True, help_text="Counted from the beginning. Empty: no time is set."
    )
    action = models.CharField(_("leads to"), max_length=16, choices=ItemAction, blank=True)
    condition = models.CharField(_("condition"), max_length=16, choices=ItemCondition, blank=True)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["checklist", "key"], name="checklist_item_key_once_in_a_list")]

    def __str__(self) -> str:
        return self.text


class ChosenChecklist(models.Model):
    """Which list of the plan an incident follows; the row that whoever rearranges the items holds."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="chosen_checklist")
    template = models.ForeignKey(ChecklistTemplate, models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.template.name


class ChecklistItem(models.Model):
    """One thing to do in one incident: copied from the plan, or added by a person while it went on."""

    Role = ChecklistTemplateItem.Role
    Action = ItemAction
    Condition = ItemCondition

    class State(models.TextChoices):
        OPEN = "open", _("To do")
        DONE = "done", _("Done")
        NOT_APPLICABLE = "not_applicable", _("Does not apply")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="checklist")
    key = models.SlugField(max_length=60, help_text="That of the plan’s item, the same in all of its lists.")
    position = models.PositiveIntegerField(help_text="Place in the list; only the order counts.")
    texts = models.JSONField(default=dict, help_text="What is to be done, in every language that it is written in.")
    role = models.CharField(_("role"), max_length=14, choices=Role, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    action = models.CharField(max_length=16, choices=ItemAction, blank=True)
    condition = models.CharField(max_length=16, choices=ItemCondition, blank=True)
    state = models.CharField(_("state"), max_length=14, choices=State, default=State.OPEN)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it was done, or said not to apply.")
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the console ticked it.",
    )
    settled_for = models.CharField(
        max_length=120, blank=True, help_text="What the console ticked it for: the same fact ticks it once."
    )
    reason = models.CharField(_("why it does not apply"), max_length=500, blank=True)
    note = models.TextField(_("note"), blank=True)
    evidence_url = models.URLField(_("evidence"), max_length=500, blank=True)
    finding = models.JSONField(default=dict, help_text="What its action found last, as a sentence.")
    finding_is_good = models.BooleanField(null=True, blank=True)
    found_at = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: the plan."
    )
    version = models.PositiveIntegerField(default=0, help_text="Of its details: who changes them has seen this one.")
    dropped_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was taken off the list, untouched. Nothing is deleted."
    )

    class Meta:
        ordering = ["position", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["incident", "key"], name="checklist_key_once_in_an_incident"),
            models.CheckConstraint(
                name="checklist_item_settled_exactly_when_it_has_a_time",
                condition=Q(state="open", settled_at__isnull=True) | (~Q(state="open") & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="checklist_item_does_not_apply_for_a_reason",
                condition=~Q(state="not_applicable") | ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        return in_language(self.texts)

    @property
    def found(self) -> str:
        """What its action found last, in the reader’s language."""
        return spoken(self.finding)

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_own(self) -> bool:
        """Added by a person: no list of the plan brings it back."""
        return self.added_by_id is not None

    @property
    def is_touched(self) -> bool:
        """Somebody has done something about it: it stays, whatever list the incident follows."""
        return bool(not self.is_open or self.owner_id or self.note or self.evidence_url or self.found_at or self.is_own)

    def is_overdue(self, at: datetime) -> bool:
        return self.is_open and self.due_at is not None and self.due_at <= at


class ChecklistAnswer(models.Model):
    """What a person said about a condition that the console cannot know: is data lost?"""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="checklist_answers")
    condition = models.CharField(max_length=16, choices=ItemCondition)
    holds = models.BooleanField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["incident", "condition"], name="checklist_answer_once_for_a_condition")
        ]

    def __str__(self) -> str:
        return f"{self.condition}: {self.holds}"

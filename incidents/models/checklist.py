"""What nobody may forget while recovering: the list that an incident starts from."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry


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
        _("due after (minutes)"), null=True, help_text="Counted from the declaration. Empty: no time is set."
    )

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["checklist", "key"], name="checklist_item_key_once_in_a_list")]

    def __str__(self) -> str:
        return self.text

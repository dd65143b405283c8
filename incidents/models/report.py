"""How an incident is numbered, and what its report has to tell."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanSingle
from incidents.models.incident import Severity


class ReportTemplate(PlanSingle):
    name = models.CharField(_("name"), max_length=200)
    reference_pattern = models.CharField(
        _("pattern of the reference"), max_length=60, help_text="INC-{year}-{number:03} gives INC-2025-001."
    )

    def __str__(self) -> str:
        return self.name

    def reference(self, *, year: int, number: int) -> str:
        return self.reference_pattern.format(year=year, number=number)


class ReportSection(PlanChild):
    class FilledBy(models.TextChoices):
        MEASURED = "measured", _("Measured by the console")
        PEOPLE = "people", _("Written by people")

    template = models.ForeignKey(ReportTemplate, models.CASCADE, related_name="sections")
    key = models.SlugField(_("key"), max_length=60)
    heading = models.CharField(_("heading"), max_length=200)
    body = models.TextField(_("text to start from"), blank=True)
    filled_by = models.CharField(_("filled in by"), max_length=8, choices=FilledBy)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["template", "key"], name="report_section_key_once")]

    def __str__(self) -> str:
        return self.heading


class PostmortemRule(PlanChild):
    """By when a postmortem is owed for incidents of a severity; one that no rule names owes none."""

    template = models.ForeignKey(ReportTemplate, models.CASCADE, related_name="postmortems")
    severity = models.CharField(_("severity"), max_length=2, choices=Severity)
    days = models.PositiveSmallIntegerField(_("days"), help_text="Counted from when the incident is resolved.")
    working_days_only = models.BooleanField(_("working days only"), default=False)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["template", "severity"], name="postmortem_rule_severity_once")]

    def __str__(self) -> str:
        return f"{self.severity}: {self.days}"

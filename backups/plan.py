"""What this app gives to the plan file: backup policies."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _
from pydantic import ValidationInfo, field_validator

from backups import models
from dr_console.plans.registry import Section
from dr_console.plans.schema import Days, Key, Parameters, PlanPart, Seconds, StepName, Text, said, wrong


class BackupPolicy(PlanPart):
    key: Key = said(_("Key"), _("Name of the policy in this file."))
    name: Text = said(_("Name"), _("What is kept safe, for people."))
    category: models.BackupPolicy.Category = said(_("Class"), _("Real-time, scheduled or code."))
    source: Text = said(_("Source"), _("Where the data is."))
    destination: Text = said(_("Destination"), _("Where the copy goes."))
    frequency: models.BackupPolicy.Frequency = said(
        _("Frequency"), _("All the time, at an interval, or with every commit.")
    )
    interval_seconds: Seconds | None = said(
        _("Interval (seconds)"),
        _("How long from one copy to the next, where the frequency is interval."),
        default=None,
        validate_default=True,
    )
    retention_days: Days | None = said(
        _("Kept for (days)"), _("After how many days a copy may be deleted. Empty: kept for ever."), default=None
    )
    condition: Text | None = said(_("Condition"), _("When it applies at all, such as “if there is one”."), default=None)
    does: StepName | None = said(
        _("Does"),
        _("Name of the step function that makes the copy. Empty: it is made outside the console."),
        default=None,
    )
    parameters: Parameters = said(_("Parameters"), _("What the step function is told. Never a secret."), default={})

    @field_validator("interval_seconds")
    @classmethod
    def _exactly_when_it_has_one(cls, seconds: int | None, info: ValidationInfo) -> int | None:
        frequency = info.data.get("frequency")
        if frequency == "interval" and seconds is None:
            raise wrong(gettext("a number of seconds, since the frequency is “interval”"))
        if frequency not in ("interval", None) and seconds is not None:
            raise wrong(gettext("no interval, since the frequency is “%(frequency)s”") % {"frequency": frequency})
        return seconds


SECTIONS = [
    Section(
        name="backup_policies",
        label=gettext_lazy("Backup policies"),
        singular=gettext_lazy("backup policy"),
        description=_("What is copied where, how often, and for how long it is kept."),
        entry=BackupPolicy,
        model=models.BackupPolicy,
    )
]

"""Whose turn it is to be called first."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanEntry


class Rotation(PlanEntry):
    class Period(models.TextChoices):
        DAILY = "daily", _("Daily")
        WEEKLY = "weekly", _("Weekly")

    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(_("time zone"), max_length=60)
    period = models.CharField(_("period"), max_length=6, choices=Period)
    hand_over_at = models.CharField(_("hand-over at"), max_length=5, help_text="Time of day in the time zone: 09:00.")
    starts_on = models.DateField(_("starts on"), help_text="The first participant's first day.")
    participants = models.JSONField(_("participants"), default=list, help_text="Keys of contacts, in order of turn.")

    def __str__(self) -> str:
        return self.name

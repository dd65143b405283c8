"""The stages in which lost data is brought back."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry


class RecoveryStage(PlanEntry):
    name = models.CharField(_("name"), max_length=200)

    def __str__(self) -> str:
        return self.name


class RecoveryTask(PlanChild):
    stage = models.ForeignKey(RecoveryStage, models.CASCADE, related_name="tasks")
    key = models.SlugField(_("key"), max_length=60)
    text = models.CharField(_("task"), max_length=500)
    does = models.CharField(
        _("does"), max_length=100, blank=True, help_text="Name of the step function. Empty: a person does it."
    )

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["stage", "key"], name="recovery_task_key_once_in_a_stage")]

    def __str__(self) -> str:
        return self.text

"""What is switched over when something fails, step by step."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry
from incidents.models.service import Region, Service


class Failure(models.TextChoices):
    """Kinds of failure that the plan has an answer for."""

    API_ERRORS = "api_errors", _("API errors")
    CDN_FAILURE = "cdn_failure", _("CDN failure")
    REGION_FAILURE = "region_failure", _("Region failure")
    MANUAL = "manual", _("A person decides")


class FailoverPlan(PlanEntry):
    class WithoutApproval(models.TextChoices):
        GO_AHEAD = "go_ahead", _("Go ahead")
        GIVE_UP = "give_up", _("Give up")

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    service = models.ForeignKey(Service, models.PROTECT, related_name="failover_plans", verbose_name=_("service"))
    failure = models.CharField(_("kind of failure"), max_length=20, choices=Failure)
    from_region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="+", verbose_name=_("from region"))
    to_region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="+", verbose_name=_("to region"))
    automatic = models.BooleanField(
        _("automatic"), help_text="Whether the console may start it without a person once the failure is confirmed."
    )

    approval_seconds = models.PositiveIntegerField(
        _("waits for approval (seconds)"),
        null=True,
        help_text="How long the console asks before it starts by itself. Empty: it does not ask.",
    )
    without_approval = models.CharField(
        _("without an answer"), max_length=8, choices=WithoutApproval, default=WithoutApproval.GIVE_UP
    )
    fails_back = models.SlugField(
        _("fails back"), max_length=60, blank=True, help_text="Key of the failover plan whose way back this is."
    )

    def __str__(self) -> str:
        return self.name


class FailoverStep(PlanChild):
    class Condition(models.TextChoices):
        SUCCESS = "success", _("After success")
        FAILURE = "failure", _("After a failure")
        ALWAYS = "always", _("In any case")

    class OnFailure(models.TextChoices):
        STOP = "stop", _("Stop the plan")
        CONTINUE = "continue", _("Go on")

    plan = models.ForeignKey(FailoverPlan, models.CASCADE, related_name="steps")
    key = models.SlugField(_("key"), max_length=60)
    title = models.CharField(_("title"), max_length=200)
    does = models.CharField(_("does"), max_length=100, help_text="Name of the step function: failover.point_dns.")
    parameters = models.JSONField(_("parameters"), default=dict)
    depends_on = models.JSONField(_("depends on"), default=list, help_text="Keys of steps of the same plan.")
    runs_on = models.CharField(_("runs"), max_length=8, choices=Condition)
    timeout_seconds = models.PositiveIntegerField(_("time limit (seconds)"))
    attempts = models.PositiveSmallIntegerField(_("attempts"))
    interval_seconds = models.PositiveIntegerField(_("seconds between attempts"))
    needs_approval = models.BooleanField(_("needs approval"))
    on_failure = models.CharField(_("on failure"), max_length=8, choices=OnFailure)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="failover_step_key_once_in_a_plan")]

    def __str__(self) -> str:
        return self.title

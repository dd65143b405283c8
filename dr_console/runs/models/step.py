"""The steps of a run, and the log of what happened to them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dr_console.runs.models.run import Run
from dr_console.web.sentences import in_language, spoken


class Step(models.Model):
    """One step of a run: observe, act, verify. Any worker may carry it out, at any time, again."""

    class State(models.TextChoices):
        PENDING = "pending", _("Not started")
        WAITING_APPROVAL = "waiting_approval", _("Needs approval")
        READY = "ready", _("Next")
        RUNNING = "running", _("Running")
        RETRY_WAIT = "retry_wait", _("Waiting to try again")
        UNKNOWN = "unknown", _("Unknown whether it happened")
        SUCCEEDED = "succeeded", _("Done")
        FAILED = "failed", _("Failed")
        TIMED_OUT = "timed_out", _("Out of time")
        FAILED_IGNORED = "failed_ignored", _("Failed, went on")
        SKIPPED = "skipped", _("Skipped")
        CANCELLED = "cancelled", _("Not carried out")
        ROLLED_BACK = "rolled_back", _("Undone")
        ROLLBACK_FAILED = "rollback_failed", _("Could not be undone")

    # Nothing more will be done about these unless a person says so.
    ENDED = (
        State.SUCCEEDED,
        State.FAILED,
        State.TIMED_OUT,
        State.FAILED_IGNORED,
        State.SKIPPED,
        State.CANCELLED,
        State.ROLLED_BACK,
        State.ROLLBACK_FAILED,
    )

    class Phase(models.TextChoices):
        OBSERVE = "observe", _("looking")
        ACT = "act", _("acting")
        VERIFY = "verify", _("verifying")

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    key = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    does = models.CharField(max_length=100, help_text="Name of the step function: failover.point_dns.")
    titles = models.JSONField(_("title"), default=dict, help_text="By language.")
    parameters = models.JSONField(default=dict)
    depends_on = models.JSONField(default=list, help_text="Keys of steps of the same run.")
    runs_on = models.CharField(max_length=8, default="success", help_text="success, failure or always.")
    on_failure = models.CharField(max_length=8, default="stop", help_text="stop or continue.")
    needs_approval = models.BooleanField(default=False)
    undoes = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="undone_by", help_text="The step that it undoes."
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PENDING)
    phase = models.CharField(max_length=8, choices=Phase, blank=True)
    fence = models.PositiveIntegerField(default=0, help_text="Grows with every claim; later writes must quote it.")
    owner = models.CharField(max_length=120, blank=True, help_text="host:process that holds the lease.")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=1)
    takeovers = models.PositiveSmallIntegerField(default=0, help_text="How often its owner was gone in the middle.")
    interval_seconds = models.PositiveIntegerField(default=0, help_text="Between attempts.")
    timeout_seconds = models.PositiveIntegerField(default=60, help_text="For one attempt.")
    not_before = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    token = models.CharField(max_length=120, blank=True, help_text="run:step:generation, the same over all attempts.")
    intent_at = models.DateTimeField(null=True, blank=True, help_text="When it was last decided to act, before acting.")
    acted_at = models.DateTimeField(null=True, blank=True, help_text="When a vendor said yes. Never acted again after.")
    before = models.JSONField(null=True, blank=True, help_text="What was, to be put back.")
    after = models.JSONField(null=True, blank=True, help_text="What is now.")
    effect = models.JSONField(null=True, blank=True, help_text="What the vendor answered to the act.")
    said = models.JSONField(default=dict, help_text="A sentence: what it is at, or how it ended.")
    error = models.JSONField(null=True, blank=True, help_text="The facts of a ProviderError, or {'text': …}.")
    is_noop = models.BooleanField(default=False, help_text="It was found as wanted; nothing was done.")
    expected_seconds = models.FloatField(null=True, help_text="Median of earlier times.")
    ready_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run_id", "position"]
        constraints = [models.UniqueConstraint(name="step_key_once_in_a_run", fields=["run", "key"])]
        indexes = [models.Index(name="step_due", fields=["state", "not_before", "lease_until"])]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.run_id}/{self.key}"

    @property
    def title(self) -> str:
        return in_language(self.titles)

    @property
    def words(self) -> str:
        return spoken(self.said)

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED


class StepEvent(models.Model):
    """One line of a run's log. Never changed: each holds the hash of the one before."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    step = models.CharField(max_length=80, blank=True, help_text="Key of the step; empty: of the run itself.")
    fence = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=40, help_text="claimed, observed, intended, acted, call, succeeded, failed, …")
    said = models.JSONField(default=dict, help_text="A sentence.")
    data = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["run_id", "seq"]
        constraints = [models.UniqueConstraint(name="event_number_once_in_a_run", fields=["run", "seq"])]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.run_id}#{self.seq} {self.kind}"

    @property
    def words(self) -> str:
        return spoken(self.said)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("What happened in a run is kept.")

"""Runs, their steps, and everything that happened to them. The database is the only truth: see docs/runs.md."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.web.sentences import in_language, spoken

# A run in one of these works on its subject, and no other does.
ACTIVE_STATES = (
    "planned running waiting_approval pausing paused_by_operator paused_by_failed_step aborting rolling_back".split()
)


def new_code() -> str:
    """Eight hexadecimal digits that name a run to vendors and to people."""
    return secrets.token_hex(4)


class RunQuerySet(models.QuerySet["Run"]):
    def active(self) -> RunQuerySet:
        return self.filter(state__in=Run.ACTIVE)


class Run(models.Model):
    """Steps that are carried out, watched, stopped, resumed and undone. One engine for all kinds."""

    class Kind(models.TextChoices):
        FAILOVER = "failover", _("Failover")
        FAILBACK = "failback", _("Failback")
        DEGRADATION = "degradation", _("Degradation")
        BACKUP = "backup", _("Backup")
        RESTORE = "restore", _("Restore")
        DRILL = "drill", _("Drill")

    class Verb(models.TextChoices):
        """How much is checked before it starts."""

        GRACEFUL = "graceful", _("Graceful: every check must pass, and the preview must still be true")
        RECOVER = "recover", _("Recover: a failure was detected; looks again and goes on")
        FORCE = "force", _("Force: only the rule of one run at a time holds")

    class Trigger(models.TextChoices):
        AUTOMATIC = "automatic", _("the console")
        PERSON = "person", _("a person")
        TERMINAL = "terminal", _("a command")
        API = "api", _("the API")
        DRILL = "drill", _("a drill")

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RUNNING = "running", _("Running")
        WAITING_APPROVAL = "waiting_approval", _("Waiting for approval")
        PAUSING = "pausing", _("Pausing")
        PAUSED_BY_OPERATOR = "paused_by_operator", _("Paused")
        PAUSED_BY_FAILED_STEP = "paused_by_failed_step", _("Stopped by a failed step")
        ABORTING = "aborting", _("Aborting")
        ROLLING_BACK = "rolling_back", _("Being undone")
        SUCCEEDED = "succeeded", _("Succeeded")
        SUCCEEDED_WITH_EXCEPTIONS = "succeeded_with_exceptions", _("Succeeded, with exceptions")
        NOT_NEEDED = "not_needed", _("Ended: not needed")
        ABORTED = "aborted", _("Aborted")
        TIMED_OUT = "timed_out", _("Out of time")
        FAILED = "failed", _("Failed")
        ROLLED_BACK = "rolled_back", _("Undone")
        ROLLBACK_FAILED = "rollback_failed", _("Undoing failed")

    ACTIVE = tuple(map(State, ACTIVE_STATES))

    code = models.CharField(max_length=8, unique=True, default=new_code)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    titles = models.JSONField(_("title"), default=dict, help_text="By language.")
    subject = models.CharField(
        _("subject"), max_length=100, help_text="What it works on, service:api: one active run at a time."
    )
    verb = models.CharField(max_length=10, choices=Verb, default=Verb.GRACEFUL)
    trigger = models.CharField(max_length=10, choices=Trigger)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    mode = models.CharField(max_length=8, help_text="sandbox or live; never carried out in the other.")
    is_practice = models.BooleanField(_("drill"), default=False)
    plan_version = models.PositiveIntegerField(null=True, help_text="Number of the plan that it follows.")
    plan_key = models.CharField(max_length=60, blank=True, help_text="Key of the entry of the plan.")
    context = models.JSONField(default=dict, help_text="What whoever started it wants its steps to know.")
    topics = models.JSONField(default=list, help_text="Live topics that are told of changes beside its own.")
    client_token = models.CharField(max_length=100, unique=True, help_text="Asked for twice with it: one run.")
    generation = models.PositiveIntegerField(help_text="Counts the runs of its subject; written with every effect.")
    state = models.CharField(_("state"), max_length=26, choices=State, default=State.RUNNING)
    version = models.PositiveIntegerField(default=0, help_text="Grows with each change that a command could miss.")
    said = models.JSONField(default=dict, help_text="A sentence: why it is in this state.")
    ends_as = models.CharField(max_length=26, blank=True, help_text="What it becomes once nothing runs any more.")
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="run_one_active_for_a_subject",
                fields=["subject"],
                condition=Q(state__in=ACTIVE_STATES),
            ),
        ]
        default_permissions = ()
        permissions = [
            ("view_run", "Can watch runs"),
            ("control_run", "Can pause, resume, abort, retry, skip and undo"),
            ("approve_step", "Can approve or decline a step"),
            ("change_interlock", "Can set and release the kill switch"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("runs:detail", args=[self.code])

    @property
    def title(self) -> str:
        return in_language(self.titles)

    @property
    def topic(self) -> str:
        """The live-progress topic that watches only this run."""
        return f"run-{self.code}"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def duration(self) -> timedelta:
        return (self.ended_at or now()) - self.created_at

    @property
    def words(self) -> str:
        return spoken(self.said)


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


class Approval(models.Model):
    """A step that waits for somebody's yes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Expired")

    class OnExpiry(models.TextChoices):
        GO_AHEAD = "go_ahead", _("goes ahead")
        GIVE_UP = "give_up", _("gives up")

    step = models.OneToOneField(Step, models.CASCADE, related_name="approval")
    permission = models.CharField(max_length=100, default="runs.approve_step", help_text="Who may say yes.")
    needed = models.PositiveSmallIntegerField(default=1, help_text="How many people have to.")
    votes = models.JSONField(default=list, help_text="[{'by': id, 'name': …, 'at': …, 'yes': true, 'reason': …}]")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField(default=now)
    expires_seconds = models.PositiveIntegerField(null=True, blank=True, help_text="From the question on.")
    expires_at = models.DateTimeField(null=True, blank=True)
    on_expiry = models.CharField(max_length=8, choices=OnExpiry, default=OnExpiry.GIVE_UP)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.step}: {self.state}"


class Command(models.Model):
    """What a person told a run to do. Asked for twice with the same token, it is done once."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="commands")
    step = models.ForeignKey(Step, models.CASCADE, null=True, blank=True, related_name="+")
    verb = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=now)
    client_token = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.run_id}: {self.verb}"


class ResourceLock(models.Model):
    """One thing in the world that one step at a time may change: dns:api.example.com."""

    name = models.CharField(max_length=200, unique=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="locks")
    step_key = models.CharField(max_length=80)
    at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Interlock(models.Model):
    """The kill switch: nothing acts while the one called "all", or the one of the run's subject, is on."""

    name = models.CharField(max_length=100, unique=True, help_text="“all”, or the subject of runs: service:api.")
    is_on = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {'on' if self.is_on else 'off'}"


class Outbox(models.Model):
    """What others have to be told, written in the transaction that made it so, and handed over at least once."""

    topic = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    dedup_key = models.CharField(max_length=200, unique=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=now)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(name="outbox_due", fields=["done_at", "not_before"])]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.topic} {self.dedup_key}"


class StoredPreview(models.Model):
    """A dry run that somebody looked at. Starting gracefully quotes it; an hour later it is forgotten."""

    KEPT = timedelta(hours=1)

    code = models.CharField(max_length=8, unique=True, default=new_code)
    subject = models.CharField(max_length=100)
    plan_version = models.PositiveIntegerField(null=True)
    plan_key = models.CharField(max_length=60, blank=True)
    sum = models.CharField(max_length=64, help_text="SHA-256 over the plan and everything that was found.")
    found = models.JSONField(default=dict, help_text="By step: what was, and what would be.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.code} of {self.subject}"

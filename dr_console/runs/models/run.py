"""Runs: steps that are carried out, watched, stopped, resumed and undone."""

from __future__ import annotations

import secrets
from datetime import timedelta

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
        FORCE = "force", _("Force: only the kill switch and the rule of one run at a time hold")

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
    last_look_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last looked whether all is still so."
    )
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

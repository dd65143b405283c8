"""What people say to runs, and what keeps runs from acting."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.runs.models.run import Run
from dr_console.runs.models.step import Step


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

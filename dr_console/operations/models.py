"""Signs of life of the console's own processes, and what the vendors' checks found."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.timezone import now

from dr_console.errors import ProviderError
from dr_console.providers.checking import Finding, State


class Heartbeat(models.Model):
    """When a process, or a worker that listens to a queue, was last heard of. One row each; it is overwritten."""

    class Kind(models.TextChoices):
        WEB = "web"
        WORKER = "worker"
        BEAT = "beat"
        WATCH = "watch"
        QUEUE = "queue"

    kind = models.CharField(max_length=20, choices=Kind)
    process = models.CharField(max_length=100, help_text="The name before its log lines; of a queue, the queue's.")
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="heartbeat_one_row_a_process", fields=["kind", "process", "host"]),
        ]

    def __str__(self) -> str:
        return f"{self.process} on {self.host}"


class EngineTick(models.Model):
    """When the engine of escalations last came round, and who does its work while it does not. There is one row."""

    at = models.DateTimeField(null=True, blank=True, help_text="End of its last own round. Empty: never.")
    process = models.CharField(max_length=300, blank=True, help_text="Whose round that was, as 4711@console-1.")
    stand_in = models.CharField(max_length=300, blank=True, help_text="The web process that does its work meanwhile.")
    stand_in_since = models.DateTimeField(null=True, blank=True)
    stand_in_at = models.DateTimeField(null=True, blank=True, help_text="Begin of that process's last round.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Came round at {self.at}"


class HeartbeatOut(models.Model):
    """What became of the sign of life to the dead man's switch outside. There is one row."""

    looked_at = models.DateTimeField(help_text="When it was last decided whether to send one. Claims the minute.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When one was last taken.")
    withheld = models.JSONField(default=list, help_text="Sentences: what was overdue, so that none was sent.")
    error = models.JSONField(null=True, blank=True, help_text="The facts of a ProviderError.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Last sent at {self.sent_at}"


class CheckRound(models.Model):
    """The last time that all vendors were checked. There is one row."""

    running_since = models.DateTimeField(null=True, blank=True, help_text="Empty while nobody checks.")
    ended_at = models.DateTimeField(null=True, blank=True)
    sources = models.JSONField(
        default=dict, help_text="Where each setting of a vendor came from: environment, secret, sandbox, default."
    )

    def __str__(self) -> str:
        return f"Checked at {self.ended_at}"


class ProviderCheck(models.Model):
    """What one read-only check of a vendor found last. Replaced by the next round."""

    vendor = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=200)
    names = models.JSONField(default=dict, help_text="What is filled into the subject and what was said.")
    state = models.CharField(max_length=10, choices=[(state.value, state.value) for state in State])
    said = models.TextField(blank=True)
    error = models.JSONField(null=True, blank=True, help_text="The facts of a ProviderError.")
    at = models.DateTimeField(default=now)
    since = models.DateTimeField(default=now, help_text="Since when its state has been the same.")

    class Meta:
        ordering = ["vendor", "position"]
        constraints = [
            models.UniqueConstraint(name="provider_check_one_row_a_place", fields=["vendor", "position"]),
        ]
        default_permissions = ()
        permissions = [("check_providers", "May have the vendors checked at once")]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.finding}"

    @property
    def finding(self) -> Finding:
        """With its words in the language of the moment."""
        error: dict[str, Any] | None = self.error
        return Finding(
            vendor=self.vendor,
            subject=self.subject,
            state=State(self.state),
            said=self.said,
            names=self.names,
            error=ProviderError.from_facts(error) if error else None,
        )

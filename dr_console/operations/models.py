"""Signs of life of the console's own processes."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import now


class Heartbeat(models.Model):
    """When a process, or a worker that listens to a queue, was last heard of. One row each; it is overwritten."""

    class Kind(models.TextChoices):
        WEB = "web"
        WORKER = "worker"
        BEAT = "beat"
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

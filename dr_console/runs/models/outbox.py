"""What others have to be told of runs."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import now


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

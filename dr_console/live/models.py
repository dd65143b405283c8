"""What happened on each topic, numbered without gaps, for as long as a page may ask for what it missed."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import now


class Topic(models.Model):
    """Something that pages watch. Whoever changes its `seq` holds its row, so numbers become visible in their order."""

    name = models.CharField(max_length=100, unique=True)
    seq = models.PositiveBigIntegerField(default=0, help_text="Number of its last event; stays when events are pruned.")

    def __str__(self) -> str:
        return f"{self.name} at {self.seq}"


class Event(models.Model):
    # The unique constraint's index begins with the topic: another of its own would only cost writes.
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    name = models.CharField(max_length=50, help_text="What changed: the id of the element that refreshes.")
    at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        ordering = ["topic", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "seq"], name="live_event_has_a_number_of_its_own_in_its_topic")
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.name}"

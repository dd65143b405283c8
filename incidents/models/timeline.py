"""What happened in an incident, beside what its runs and deliveries tell of themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.web.sentences import spoken
from incidents.models.incident import Incident


class TimelineEntry(models.Model):
    """A fact that the console recorded (`said`), or a note that a person wrote (`text`). Never changed."""

    class Kind(models.TextChoices):
        NOTICED = "noticed", _("Noticed")
        DECLARED = "declared", _("Declared")
        DECIDED = "decided", _("Decided")
        ACTED = "acted", _("Acted")
        RECOVERED = "recovered", _("Recovered")
        ALERTED = "alerted", _("Alerted")
        CHANGED = "changed", _("Changed")
        NOTE = "note", _("Note")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=now, help_text="When it happened, which may be before it was recorded.")
    kind = models.CharField(max_length=10, choices=Kind)
    said = models.JSONField(default=dict, help_text="A sentence.")
    text = models.TextField(blank=True, help_text="As a person wrote it.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    dedup_key = models.CharField(max_length=120, blank=True, help_text="Recorded twice with it: one entry.")

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="timeline_fact_once",
                fields=["incident", "dedup_key"],
                condition=~models.Q(dedup_key=""),
            )
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        return self.text or spoken(self.said)

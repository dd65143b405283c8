"""Dry runs that somebody looked at."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from dr_console.runs.models.run import new_code


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

"""Addresses at which calendar programs read who is on call, without a login."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class OnCallFeedQuerySet(models.QuerySet["OnCallFeed"]):
    def open(self) -> OnCallFeedQuerySet:
        """Those that still answer."""
        return self.filter(revoked_at=None)


class OnCallFeed(models.Model):
    """The turns of one rotation, or those of one person. Its address is shown once, to whoever makes it."""

    rotation_key = models.CharField(max_length=60, blank=True, help_text="Empty: of a person.")
    contact_key = models.CharField(max_length=60, blank=True, help_text="Empty: of a rotation.")
    name = models.CharField(_("name"), max_length=100, help_text=_("What reads it: my telephone."))
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of what is secret in its address.")
    hint = models.CharField(_("begins with"), max_length=12, help_text="To tell it from others.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made"), default=now)
    read_at = models.DateTimeField(_("last read"), null=True, blank=True, help_text="To the hour.")
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = OnCallFeedQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="oncall_feed_of_a_rotation_or_of_a_person",
                condition=(Q(rotation_key="") & ~Q(contact_key="")) | (~Q(rotation_key="") & Q(contact_key="")),
            )
        ]

    def __str__(self) -> str:
        return self.name

"""Messages to people: each row is one message to one address, and what became of it."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """The words are those of the plan's contacts."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    SLACK = "slack", _("Slack")
    PAGERDUTY = "pagerduty", _("PagerDuty")
    WEBHOOK = "webhook", _("Webhook")


class Delivery(models.Model):
    """The database is the queue: what is due is sent by whoever claims the row first."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Accepted")
        UNKNOWN = "unknown", _("Perhaps sent")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    address = models.CharField(_("address"), max_length=200, blank=True, help_text="Empty: the one in the settings.")
    recipient = models.CharField(_("to"), max_length=200, blank=True, help_text="Name of the person or team.")
    language = models.CharField(max_length=10, default="en")
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"), blank=True)
    payload = models.JSONField(default=dict, help_text="What the channel needs beside the text: severity, dedup key.")
    about = models.CharField(_("about"), max_length=100, blank=True, help_text="Reference of an incident.")
    dedup_key = models.CharField(max_length=200, unique=True, help_text="Asked for twice with it: one message.")
    is_practice = models.BooleanField(_("drill"), default=False)
    topics = models.JSONField(default=list, help_text="Live topics that are told what became of it.")
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Written before the channel is spoken to. Empty: nothing can have arrived.",
    )
    not_before = models.DateTimeField(default=now)
    give_up_at = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=200, blank=True)
    error = models.JSONField(null=True, blank=True, help_text="The facts of a ProviderError.")
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(name="delivery_due", fields=["state", "not_before"]),
            models.Index(name="delivery_about", fields=["about", "-created_at"]),
        ]
        default_permissions = ()
        permissions = [
            ("view_delivery", "Can see what was sent to whom"),
            ("send_again", "Can send a message again, or keep it from being sent"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.recipient or self.address}"

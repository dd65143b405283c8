"""Messages to people: each row is one message to one address, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.audit.append_only import AppendOnlyModel, AppendOnlyQuerySet

# What the key of a message that says others begins with.
BUNDLE = "bundle:"


class Channel(models.TextChoices):
    """The words are those of the plan's contacts."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    SLACK = "slack", _("Slack")
    PAGERDUTY = "pagerduty", _("PagerDuty")
    WEBHOOK = "webhook", _("Webhook")
    FEISHU = "feishu", _("Feishu")
    DINGTALK = "dingtalk", _("DingTalk")
    WECOM = "wecom", _("WeCom")
    TEAMS = "teams", _("Microsoft Teams")
    MATTERMOST = "mattermost", _("Mattermost")


class Delivery(models.Model):
    """The database is the queue: what is due is sent by whoever claims the row first."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Accepted")
        DELIVERED = "delivered", _("Delivered")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
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
    purpose = models.CharField(
        max_length=20, blank=True, help_text="Name in the purposes' registry of who is asked and told about it."
    )
    group = models.CharField(
        max_length=60, blank=True, help_text="What is cancelled together, as escalation:12. Empty: it stands alone."
    )
    person = models.CharField(
        max_length=80, blank=True, help_text="Whom it is for, as contact:cto or user:wei. Empty: a channel or a team."
    )
    alternatives = models.JSONField(
        default=list, help_text="Further ways to the same person, tried in turn as soon as this one fails."
    )
    stands_in_for = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="stand_ins", help_text="The way that failed."
    )
    bundled_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="bundle", help_text="The message it was said in."
    )
    priority = models.PositiveSmallIntegerField(default=5, help_text="0 is sent first, 9 last.")
    may_wait = models.BooleanField(
        default=True, help_text="Whether throttles and bundles may hold it. Never the first page of a P0."
    )
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
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
    provider_seq = models.BigIntegerField(default=0, help_text="Of the newest report of the vendor's: never goes back.")
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=200, blank=True, help_text="Who acknowledged it, in words.")
    error = models.JSONField(null=True, blank=True, help_text="The facts of a ProviderError.")
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(name="delivery_due", fields=["state", "not_before"]),
            models.Index(name="delivery_about", fields=["about", "-created_at"]),
            models.Index(name="delivery_next", fields=["channel", "state", "priority", "id"]),
            models.Index(name="delivery_lately", fields=["channel", "address", "handed_over_at"]),
            models.Index(name="delivery_group", fields=["group"]),
            models.Index(name="delivery_person", fields=["person", "-id"]),
            models.Index(name="delivery_vendors_name", fields=["channel", "provider_ref"]),
        ]
        default_permissions = ()
        permissions = [
            ("view_delivery", "Can see what was sent to whom"),
            ("send_again", "Can send a message again, or keep it from being sent"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.recipient or self.address}"

    @property
    def is_bundle(self) -> bool:
        """Whether it says others, which point to it."""
        return self.dedup_key.startswith(BUNDLE)


class DeliveryEvent(AppendOnlyModel):
    """One thing that happened to a message: a try and its answer, a report of the vendor's, what a person did."""

    class Kind(models.TextChoices):
        TRIED = "tried", _("Tried")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")
        LOST = "lost", _("Answer lost")
        HELD = "held", _("Held back for a while")
        BUNDLED = "bundled", _("Said together with others")
        REPORTED = "reported", _("Reported by the vendor")
        DELIVERED = "delivered", _("Delivered")
        ANSWERED = "answered", _("Answered")
        PASSED_ON = "passed_on", _("Next channel tried")
        CANCELLED = "cancelled", _("Cancelled")
        SENT_AGAIN = "sent_again", _("Sent again")

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="events")
    at = models.DateTimeField(default=now)
    kind = models.CharField(max_length=10, choices=Kind)
    attempt = models.PositiveSmallIntegerField(default=0)
    said = models.JSONField(default=dict, help_text="A sentence, or the facts of a ProviderError.")
    by = models.CharField(max_length=200, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.kind}"


class CallbackEvent(models.Model):
    """Something a vendor has told us, kept for a few days: told again, it is known."""

    vendor = models.CharField(max_length=20)
    event_id = models.CharField(max_length=200, help_text="The vendor’s own name of it.")
    kind = models.CharField(max_length=60, blank=True, help_text="The vendor’s word for what happened.")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vendor", "event_id"], name="callback_taken_once")]
        indexes = [models.Index(name="callback_newest", fields=["vendor", "-at"])]
        default_permissions = ()
        permissions = [("set_up_channels", "Can have vendors tell the console what people answer")]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.kind}"


class VendorSubscription(models.Model):
    """A vendor tells one of our addresses what happens there, and signs with a secret that it showed only once."""

    vendor = models.CharField(max_length=20)
    vendor_id = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    sealed = models.TextField(help_text="The secret, sealed (operations.sealing).")
    made_at = models.DateTimeField(default=now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When another took its place.")

    class Meta:
        ordering = ["-made_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.vendor}: {self.url}"


class MessageEdit(models.Model):
    """A message in a chat that is to say something else: who has answered, and that there is nothing more to press.

    The row is the queue, as that of a message is. One that is asked for again takes the place of the one before.
    """

    delivery = models.OneToOneField(Delivery, models.PROTECT, related_name="edit")
    said = models.JSONField(default=dict, help_text="A sentence: what has become of it.")
    may_be_answered = models.BooleanField(default=False, help_text="Whether its buttons stay.")
    version = models.PositiveIntegerField(default=1, help_text="Raised by each who asks for another text.")
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=now, help_text="While somebody is at it, when the next may take it.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was changed, or given up.")
    error = models.JSONField(null=True, blank=True, help_text="The facts of a ProviderError.")

    class Meta:
        indexes = [models.Index(name="edit_due", fields=["not_before"], condition=models.Q(ended_at=None))]
        default_permissions = ()

    def __str__(self) -> str:
        return f"edit of {self.delivery_id}"

"""Whether an address has been tried: a test message that somebody answered, or what a person was told."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.notifications.models import Delivery
from incidents.models.contact import ChannelKind


class ChannelTest(models.Model):
    """One try of one address. It belongs to the address, not to the plan's row: a new number is an untested one."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for the answer")
        ANSWERED = "answered", _("Answered")
        FAILED = "failed", _("Did not arrive")

    whom = models.CharField(max_length=80, help_text="“contact:key”, or “vendor:key” of the plan.")
    kind = models.CharField(_("channel"), max_length=10, choices=ChannelKind)
    address = models.CharField(_("address"), max_length=200)
    mode = models.CharField(max_length=10, help_text="DR_MODE then: what the sandbox answered proves nothing in live.")
    sent_at = models.DateTimeField(_("sent at"), default=now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who tried it.",
    )
    delivery = models.OneToOneField(
        Delivery,
        models.PROTECT,
        null=True,
        related_name="channel_test",
        help_text="Empty: the console sent nothing, a person tried it by themselves.",
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    answered_by = models.CharField(max_length=200, blank=True, help_text="Who answered, in words.")
    answered_via = models.CharField(
        max_length=20, blank=True, help_text="A channel, “link”, “page” or “hand”: word of mouth."
    )

    class Meta:
        ordering = ["-sent_at", "-pk"]
        default_permissions = ()
        permissions = [("test_channel", "Can send test messages to contacts, and write down what they answered")]
        indexes = [models.Index(name="channel_test_newest", fields=["whom", "-sent_at"])]
        constraints = [
            models.CheckConstraint(
                name="channel_test_answered_exactly_when_it_has_a_time",
                condition=Q(state="answered", answered_at__isnull=False)
                | (~Q(state="answered") & Q(answered_at__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.whom} by {self.kind}: {self.state}"

"""What became of a message, as a badge and in words."""

from __future__ import annotations

from datetime import UTC

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.errors import ProviderError
from dr_console.notifications.models import Delivery
from dr_console.web import badges

State = Delivery.State
LOOKS: dict[str, str] = {
    State.QUEUED: "todo",
    State.SENDING: "running",
    State.SENT: "ok",
    State.UNKNOWN: "unknown",
    State.FAILED: "failed",
    State.CANCELLED: "skipped",
}


def delivery_state(delivery: Delivery) -> SafeString:
    if delivery.state == State.QUEUED and delivery.error:
        return badges.state("waiting", _("Is tried again"))
    return badges.state(LOOKS[delivery.state], delivery.get_state_display())


def trouble(delivery: Delivery) -> SafeString | str:
    """What went wrong, and what follows; empty where nothing did."""
    if not delivery.error or delivery.state == State.SENT:
        return ""
    words = str(ProviderError.from_facts(delivery.error))
    if delivery.state != State.QUEUED or delivery.not_before <= now():
        return words
    again = _("Next try: %(when)s") % {"when": f"{delivery.not_before.astimezone(UTC):%H:%M:%S} UTC"}
    return format_html("{}<br>{}", words, again)

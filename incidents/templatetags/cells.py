"""Words for stored lists of choices."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils.safestring import SafeString

from dr_console.notifications.models import Delivery
from dr_console.web import badges
from incidents.cells import choice_words
from incidents.models import ChannelKind

register = template.Library()


@register.filter
def channel_words(kinds: list[str]) -> str:
    """Phone, Slack for ["phone", "slack"]."""
    return choice_words(ChannelKind, kinds)


DELIVERY_LOOKS = {
    Delivery.State.QUEUED: "todo",
    Delivery.State.SENDING: "running",
    Delivery.State.SENT: "ok",
    Delivery.State.UNKNOWN: "waiting",
    Delivery.State.FAILED: "failed",
}


@register.simple_tag
def delivery_state(delivery: Delivery) -> SafeString:
    """{% delivery_state one %}: what became of a message."""
    return badges.state(DELIVERY_LOOKS[Delivery.State(delivery.state)], delivery.get_state_display())


@register.filter
def day(when: datetime) -> str:
    """{{ when|day }}: 2026-11-22 (UTC)."""
    return f"{when.astimezone(UTC):%Y-%m-%d}"

"""Words for stored lists of choices."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils.safestring import SafeString

from dr_console.notifications import looks
from dr_console.notifications.models import Delivery
from incidents.cells import channel_address, choice_words
from incidents.models import ChannelKind, ContactChannel, VendorChannel

register = template.Library()


@register.filter
def channel_words(kinds: list[str]) -> str:
    """Phone, Slack for ["phone", "slack"]."""
    return choice_words(ChannelKind, kinds)


@register.simple_tag
def delivery_state(delivery: Delivery) -> SafeString:
    """{% delivery_state one %}: what became of a message."""
    return looks.delivery_state(delivery)


@register.filter
def day(when: datetime) -> str:
    """{{ when|day }}: 2026-11-22 (UTC)."""
    return f"{when.astimezone(UTC):%Y-%m-%d}"


@register.filter
def address(channel: ContactChannel | VendorChannel) -> SafeString:
    """{{ channel|address }}: with a link that calls or writes, where there is one."""
    return channel_address(channel)

"""Words for stored lists of choices."""

from __future__ import annotations

from django import template

from incidents.cells import choice_words
from incidents.models import ChannelKind

register = template.Library()


@register.filter
def channel_words(kinds: list[str]) -> str:
    """Phone, Slack for ["phone", "slack"]."""
    return choice_words(ChannelKind, kinds)

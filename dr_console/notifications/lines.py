"""The line to one person by one channel: how much has been said on it lately, and one at a time who adds to it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from dr_console.live.publish import hold
from dr_console.notifications import limits, patience
from dr_console.notifications.models import Delivery


def may_be_held(delivery: Delivery) -> bool:
    """A room or a machine hears everything, and so does whoever is paged first of all for a P0."""
    return delivery.may_wait and bool(delivery.person) and delivery.channel in limits.RULES


def hold_line(delivery: Delivery) -> None:
    """Until the end of this transaction nobody else counts, or adds to, what was said on the line."""
    if may_be_held(delivery):
        address = hashlib.sha256(f"{delivery.channel} {delivery.address}".encode()).hexdigest()[:32]
        hold(f"line-{address}")


def free_at(delivery: Delivery, at: datetime) -> datetime:
    """When it may be said: `at`, or later."""
    if not may_be_held(delivery) or delivery.attempts:  # a second try says nothing more
        return at
    rules = limits.RULES[delivery.channel]
    same_line = Delivery.objects.filter(channel=delivery.channel, address=delivery.address, bundled_into=None)
    lately = same_line.filter(handed_over_at__gt=at - limits.longest(rules)).exclude(pk=delivery.pk)
    return limits.free_at(rules, list(lately.values_list("handed_over_at", flat=True)), at)  # type: ignore[arg-type]


def give_up_at(delivery: Delivery, until: datetime) -> datetime:
    """What is held back is given up no sooner after than it would have been."""
    later = patience.give_up_at(until)
    return max(delivery.give_up_at or later, later)

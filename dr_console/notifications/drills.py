"""What of a drill is sent for real. DR_MODE decides between sandbox and live for everything; this is about live."""

from __future__ import annotations

from django.conf import settings

from dr_console.notifications.models import Delivery

VENDOR = "vendor:"


def is_simulated(delivery: Delivery) -> bool:
    """Whether it is only written down, as DR_DRILL_CHANNELS asks for its channel."""
    return delivery.is_practice and settings.DR_DRILL_CHANNELS.get(delivery.channel) == "simulate"


def addresses_a_vendor(delivery: Delivery) -> bool:
    """A drill never does: their people are no part of it."""
    return delivery.is_practice and delivery.person.startswith(VENDOR)

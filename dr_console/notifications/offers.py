"""What can be answered to a message, and the words for it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import Wish, purpose
from dr_console.vendors import is_loopback

KEYS = {"1": Wish.ACKNOWLEDGE, "2": Wish.ESCALATE}


def wishes(delivery: Delivery) -> tuple[Wish, ...]:
    """What somebody who gets it may ask for; nothing where nobody would hear it.

    Its payload names them in `wishes`; without that, all.
    """
    if purpose(delivery.purpose) is None or delivery.payload.get("action") in ("resolve", "acknowledge"):
        return ()
    named = delivery.payload.get("wishes")
    return tuple(Wish) if named is None else tuple(wish for wish in Wish if wish.value in named)


def is_reachable() -> bool:
    """Whether a vendor can reach us: in live mode not where DR_PUBLIC_URL is an address of this machine."""
    return settings.DR_MODE == "sandbox" or not is_loopback(urlsplit(settings.DR_PUBLIC_URL).hostname or "")


def label(wish: Wish, language: str) -> str:
    """What a button says."""
    with translation.override(language):
        return {Wish.ACKNOWLEDGE: _("Acknowledge"), Wish.ESCALATE: _("Escalate")}[wish]


def question(delivery: Delivery) -> str:
    """What is asked on the telephone: the payload’s `question`, or our own; empty where nothing can be answered."""
    offered = wishes(delivery)
    if not offered or delivery.payload.get("question"):
        return str(delivery.payload["question"]) if offered else ""
    with translation.override(delivery.language):
        if Wish.ESCALATE not in offered:
            return _("Press 1 to acknowledge.")
        return _("Press 1 to acknowledge, 2 to escalate.")

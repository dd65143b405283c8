"""Telephone: the subject and the text are said three times. That a call was completed is no acknowledgement."""

from __future__ import annotations

from dr_console.notifications.models import Channel, Delivery
from dr_console.providers import registry
from dr_console.providers.capabilities.phone import Announcement, PhoneProvider
from dr_console.providers.credentials import credential_or_none
from dr_console.providers.deadlines import Deadline

WEBHOOK = "webhook"


class PhoneChannel:
    def may_repeat(self) -> bool:
        """By the voice webhook, whose receiver is given our key with every request."""
        return _vendor() == WEBHOOK

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        call = _phone().call(delivery.address, _announcement(delivery), key=delivery.dedup_key, deadline=deadline)
        return call.id

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        since = delivery.handed_over_at or delivery.created_at
        call = _phone().find(delivery.address, since=since, deadline=deadline)
        if call is None:
            return ""
        # Another message may have rung the same telephone a moment ago.
        others = Delivery.objects.filter(channel=Channel.PHONE, provider_ref=call.id).exclude(pk=delivery.pk)
        return "" if others.exists() else call.id


def _phone() -> PhoneProvider:
    return registry.phone(_vendor())


def _vendor() -> str:
    """The first of the settings' unless only the voice webhook has been set up; "" is the first."""
    by_webhook = credential_or_none("voice", "url") and not credential_or_none("twilio", "account_sid")
    return WEBHOOK if by_webhook else ""


def _announcement(delivery: Delivery) -> Announcement:
    said = ". ".join(part.rstrip(".。") for part in (delivery.subject, delivery.body) if part) + "."
    return Announcement(
        text=said,
        question=str(delivery.payload.get("question", "")),
        language=delivery.language,
        keys_url=str(delivery.payload.get("keys_url", "")),
        status_url=str(delivery.payload.get("status_url", "")),
    )

"""Telephone: the subject and the text are said three times. Only a key that was pressed acknowledges."""

from __future__ import annotations

from dr_console.notifications import offers, tokens
from dr_console.notifications.models import Channel, Delivery, DeliveryEvent
from dr_console.providers import registry
from dr_console.providers.capabilities.phone import Announcement, PhoneProvider
from dr_console.providers.credentials import credential_or_none
from dr_console.providers.deadlines import Deadline

WEBHOOK = "webhook"
TWILIO = "twilio"
# What the addresses that each of them calls back begin with.
CALLS_BACK = {WEBHOOK: "voice", TWILIO: "twilio"}


class PhoneChannel:
    def may_repeat(self) -> bool:
        """By the voice webhook, whose receiver is given our key with every request."""
        return _vendor() == WEBHOOK

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        vendor = _vendor()
        announcement = announcement_of(delivery, vendor)
        phone = _phone(vendor)
        call = phone.call(delivery.address, announcement, key=key_of(delivery), deadline=deadline)
        return call.id

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        since = delivery.handed_over_at or delivery.created_at
        call = _phone(_vendor()).find(delivery.address, since=since, deadline=deadline)
        if call is None:
            return ""
        # Another message may have rung the same telephone a moment ago.
        others = Delivery.objects.filter(channel=Channel.PHONE, provider_ref=call.id).exclude(pk=delivery.pk)
        return "" if others.exists() else call.id


def key_of(delivery: Delivery) -> str:
    """A repeat has the same, and does not ring; a call that somebody asked for once more has another."""
    again = delivery.events.filter(kind=DeliveryEvent.Kind.SENT_AGAIN).count()
    return f"{delivery.dedup_key}:{again}" if again else delivery.dedup_key


def announcement_of(delivery: Delivery, vendor: str) -> Announcement:
    """What is said, and where its answer goes: addresses that belong to this one message.

    Nothing is asked where the vendor could not tell us of the answer.
    """
    said = ". ".join(part.rstrip(".。") for part in (delivery.subject, delivery.body) if part) + "."
    calls_back = CALLS_BACK.get(vendor, "")
    if not calls_back or not offers.is_reachable():
        return Announcement(text=said, language=delivery.language)
    question = offers.question(delivery)
    return Announcement(
        text=said,
        question=question,
        language=delivery.language,
        keys_url=tokens.keys_url(calls_back, delivery.pk) if question else "",
        status_url=tokens.status_url(calls_back, delivery.pk),
    )


def _phone(vendor: str) -> PhoneProvider:
    return registry.phone(vendor)


def _vendor() -> str:
    """The first of the settings' unless only the voice webhook has been set up."""
    by_webhook = credential_or_none("voice", "url") and not credential_or_none("twilio", "account_sid")
    return WEBHOOK if by_webhook else registry.first("phone")

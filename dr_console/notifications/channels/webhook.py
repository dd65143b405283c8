"""A webhook: an address of somebody's own, signed with DR_WEBHOOK_SECRET so that it can believe us."""

from __future__ import annotations

from django.conf import settings

from dr_console.errors import Problem, ProviderError
from dr_console.notifications import offers, tokens
from dr_console.notifications.models import Delivery
from dr_console.providers import registry
from dr_console.providers.capabilities.webhook import Message
from dr_console.providers.deadlines import Deadline
from dr_console.providers.webhook import SEND, VENDOR


class WebhookChannel:
    def may_repeat(self) -> bool:
        return True

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        if not settings.DR_WEBHOOK_SECRET:
            raise ProviderError(VENDOR, SEND, Problem.SETTINGS, said="DR_WEBHOOK_SECRET", permanent=True)
        message = Message(
            id=delivery.dedup_key,
            type=f"alert.{delivery.payload.get('event') or 'notice'}",
            at=delivery.created_at.isoformat(),
            data=told(delivery),
        )
        secrets = [settings.DR_WEBHOOK_SECRET]
        status = registry.webhook().send(delivery.address, message, secrets=secrets, deadline=deadline)
        return str(status)

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        return None


def told(delivery: Delivery) -> dict[str, object]:
    """What the receiver is sent as `data`."""
    payload = delivery.payload
    return {
        "subject": delivery.subject,
        "text": delivery.body,
        "facts": dict(payload.get("facts", [])),
        "url": payload.get("url", ""),
        "about": delivery.about,
        "urgency": payload.get("urgency", ""),
        # Pages that ask a person before they act; whoever has the address may answer.
        "answers": {wish.value: tokens.answer_url(delivery.pk, wish) for wish in offers.wishes(delivery)},
        "is_practice": delivery.is_practice,
        "is_sandbox": settings.DR_MODE == "sandbox",
    }

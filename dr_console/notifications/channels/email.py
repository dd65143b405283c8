"""Mail. All letters about one incident are one thread in whatever mailbox they arrive in."""

from __future__ import annotations

import hashlib
from email.utils import parseaddr

from django.conf import settings

from dr_console.notifications.models import Delivery
from dr_console.providers import registry
from dr_console.providers.capabilities.mail import Letter
from dr_console.providers.deadlines import Deadline

IMPORTANT = {"X-Priority": "1", "Importance": "high"}


class EmailChannel:
    def may_repeat(self) -> bool:
        return False

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        mailed = registry.mail().send(_letter(delivery), deadline=deadline)
        return mailed.id

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        """SMTP has no question for it."""
        return None


def _letter(delivery: Delivery) -> Letter:
    # The first of the thread needs not exist: mailboxes put together what names the same one.
    thread = (_message_id(f"about {delivery.about}"),) if delivery.about else ()
    return Letter(
        id=_message_id(delivery.dedup_key),
        to=(delivery.address,),
        subject=" ".join(delivery.subject.split()),
        text=_text(delivery),
        answers=thread,
        headers=IMPORTANT if delivery.payload.get("urgency") == "critical" else {},
    )


def _text(delivery: Delivery) -> str:
    facts = "\n".join(f"{name}: {value}" for name, value in delivery.payload.get("facts", []))
    link = " ".join(part for part in (delivery.payload.get("url_text"), delivery.payload.get("url")) if part)
    return "\n\n".join(part for part in (delivery.body or delivery.subject, facts, link) if part) + "\n"


def _message_id(name: str) -> str:
    """The same for the same name, so that a mailbox can show a repeat as one."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
    return f"<dr.{hashlib.sha256(name.encode()).hexdigest()[:40]}@{domain}>"

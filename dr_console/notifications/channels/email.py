"""Mail. All letters about one incident are one thread in whatever mailbox they arrive in.

Text and HTML say the same. What can be answered is a link to a page that asks before it acts, since programs on the way
open every link they see.
"""

from __future__ import annotations

import hashlib
from email.utils import parseaddr

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from dr_console.notifications import offers, tokens
from dr_console.notifications.models import Delivery
from dr_console.providers import registry
from dr_console.providers.capabilities.mail import Letter
from dr_console.providers.deadlines import Deadline

IMPORTANT = {"X-Priority": "1", "Importance": "high"}
HTML = "notifications/letter.html"


class EmailChannel:
    def may_repeat(self) -> bool:
        return False

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        mailed = registry.mail().send(letter_of(delivery), deadline=deadline)
        return mailed.id

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        """SMTP has no question for it."""
        return None


def letter_of(delivery: Delivery) -> Letter:
    # The first of the thread needs not exist: mailboxes put together what names the same one.
    thread = (_message_id(f"about {delivery.about}"),) if delivery.about else ()
    links = [
        (offers.label(wish, delivery.language), tokens.answer_url(delivery.pk, wish))
        for wish in offers.wishes(delivery)
    ]
    return Letter(
        id=_message_id(delivery.dedup_key),
        to=(delivery.address,),
        subject=" ".join(delivery.subject.split()),
        text=_text(delivery, links),
        html=_html(delivery, links),
        answers=thread,
        headers=IMPORTANT if delivery.payload.get("urgency") == "critical" else {},
    )


def _text(delivery: Delivery, links: list[tuple[str, str]]) -> str:
    facts = "\n".join(f"{name}: {value}" for name, value in delivery.payload.get("facts", []))
    answers = "\n".join(f"{label}: {url}" for label, url in links)
    link = " ".join(part for part in (delivery.payload.get("url_text"), delivery.payload.get("url")) if part)
    return "\n\n".join(part for part in (delivery.body or delivery.subject, facts, answers, link) if part) + "\n"


def _html(delivery: Delivery, links: list[tuple[str, str]]) -> str:
    payload = delivery.payload
    shown = {
        "delivery": delivery,
        "facts": payload.get("facts", []),
        "links": links,
        "url": payload.get("url", ""),
        "url_text": payload.get("url_text") or payload.get("url", ""),
    }
    with translation.override(delivery.language):
        return render_to_string(HTML, shown)


def _message_id(name: str) -> str:
    """The same for the same name, so that a mailbox can show a repeat as one."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
    return f"<dr.{hashlib.sha256(name.encode()).hexdigest()[:40]}@{domain}>"

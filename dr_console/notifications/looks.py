"""What became of a message, as a badge and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.errors import ProviderError
from dr_console.notifications.models import Delivery, DeliveryEvent
from dr_console.web import badges
from dr_console.web.sentences import spoken

State, Kind = Delivery.State, DeliveryEvent.Kind
ARRIVED = (State.SENT, State.DELIVERED, State.ACKNOWLEDGED)
LOOKS: dict[str, str] = {
    State.QUEUED: "todo",
    State.SENDING: "running",
    State.SENT: "ok",
    State.DELIVERED: "ok",
    State.ACKNOWLEDGED: "ok",
    State.UNKNOWN: "unknown",
    State.FAILED: "failed",
    State.CANCELLED: "skipped",
}


EVENT_LOOKS: dict[str, str] = {
    Kind.ACCEPTED: "ok",
    Kind.DELIVERED: "ok",
    Kind.ANSWERED: "ok",
    Kind.REFUSED: "failed",
    Kind.LOST: "unknown",
    Kind.CANCELLED: "skipped",
}


@dataclass(frozen=True)
class Happening:
    """One line of a message's log. `attempt`: of which try, 0 of none."""

    at: datetime
    look: SafeString
    words: str
    by: str
    attempt: int


def happening(event: DeliveryEvent) -> Happening:
    """A line of the log in the language of the moment."""
    look = badges.state(EVENT_LOOKS.get(event.kind, "todo"), event.get_kind_display())
    tried = event.attempt if event.kind == Kind.TRIED else 0
    return Happening(event.at, look, _words(event.said), event.by, tried)


def _words(said: dict[str, Any] | None) -> str:
    """Of a sentence, or of the facts of a ProviderError."""
    if not said or "text" in said:
        return spoken(said)
    return str(ProviderError.from_facts(said))


def delivery_state(delivery: Delivery) -> SafeString:
    if delivery.state == State.QUEUED and delivery.bundled_into_id:
        return badges.state("todo", _("Said together with others"))
    if delivery.state == State.QUEUED and delivery.error:
        return badges.state("waiting", _("Is tried again"))
    return badges.state(LOOKS[delivery.state], delivery.get_state_display())


def trouble(delivery: Delivery) -> SafeString | str:
    """What went wrong, and what follows; empty where nothing did."""
    words = "" if delivery.state in ARRIVED else _words(delivery.error)
    if delivery.state != State.QUEUED or delivery.bundled_into_id or delivery.not_before <= now():
        return words
    next_try = _("Next try: %(when)s") if delivery.error else _("Not before %(when)s")
    again = next_try % {"when": f"{delivery.not_before.astimezone(UTC):%H:%M:%S} UTC"}
    return format_html("{}<br>{}", words, again) if words else again


def relation(one: Delivery, shown: Delivery) -> str:
    """What `one` is to the message that a page shows."""
    if one.pk == shown.bundled_into_id:
        return _("Said in this message, with others")
    if one.bundled_into_id == shown.pk:
        return _("Said in it")
    return _("Stands in for this one, which failed") if one.pk == shown.stands_in_for_id else _("Stands in for it")

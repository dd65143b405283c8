"""Robots in chat rooms: Feishu, DingTalk, WeCom, Microsoft Teams, Mattermost.

The room is that of the address in the settings; whoever is named is so in the text. What can be answered is a link to
a page that asks before it acts.
"""

from __future__ import annotations

from collections.abc import Iterator

from dr_console.notifications import offers, tokens
from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import Wish
from dr_console.providers import registry
from dr_console.providers.capabilities.robot import RoomLink, RoomMessage
from dr_console.providers.deadlines import Deadline


class RobotChannel:
    """`vendor`: one of settings.DR_PROVIDERS["robots"]."""

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor

    def may_repeat(self) -> bool:
        return False

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        registry.robot(self._vendor).post(message_of(delivery), deadline=deadline)
        return ""

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        """A room cannot be asked what stands in it."""
        return None


def message_of(delivery: Delivery) -> RoomMessage:
    payload = delivery.payload
    named = f"{delivery.recipient}: " if delivery.recipient else ""
    return RoomMessage(
        title=delivery.subject,
        text=f"{named}{delivery.body or delivery.subject}" if named or delivery.body else "",
        facts=[(str(name), str(value)) for name, value in payload.get("facts", [])],
        links=tuple(_links(delivery)),
        urgency=str(payload.get("urgency", "")),
    )


def _links(delivery: Delivery) -> Iterator[RoomLink]:
    for wish in offers.wishes(delivery):
        url = tokens.answer_url(delivery.pk, wish)
        yield RoomLink(offers.label(wish, delivery.language), url, is_main=wish is Wish.ACKNOWLEDGE)
    url = delivery.payload.get("url")
    if url:
        yield RoomLink(delivery.payload.get("url_text") or url, url)

"""Slack: by the bot, whose messages can be found again, or where there is none by an incoming webhook."""

from __future__ import annotations

from dr_console.notifications.models import Delivery
from dr_console.providers import registry
from dr_console.providers.capabilities.chat import Button, ChatMessage
from dr_console.providers.credentials import credential, credential_or_none
from dr_console.providers.deadlines import Deadline
from dr_console.providers.slack import SlackWebhook
from dr_console.providers.slack.blocks import escape
from dr_console.providers.slack.bot import POST

OPEN = "open"


class SlackChannel:
    def may_repeat(self) -> bool:
        return False

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        message = _message(delivery)
        if not _has_bot():
            SlackWebhook().post(message, deadline=deadline)
            return ""
        posted = registry.chat().post(_channel(delivery), message, key=delivery.dedup_key, deadline=deadline)
        return f"{posted.channel} {posted.id}"

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        if not _has_bot():
            return None
        since = delivery.handed_over_at or delivery.created_at
        found = registry.chat().find(_channel(delivery), delivery.dedup_key, since=since, deadline=deadline)
        return f"{found.channel} {found.id}" if found else ""


def _has_bot() -> bool:
    return bool(credential_or_none("slack", "token")) or not credential_or_none("slack", "webhook_url")


def _channel(delivery: Delivery) -> str:
    return delivery.address or credential("slack", "channel", operation=POST)


def _message(delivery: Delivery) -> ChatMessage:
    payload = delivery.payload
    url = payload.get("url")
    button = (Button(payload.get("url_text") or url, OPEN, url=url),) if url else ()
    text = f"{delivery.subject}: {delivery.body}" if delivery.body else delivery.subject
    mention = f"{escape(delivery.recipient)}: " if delivery.recipient and not delivery.address else ""
    return ChatMessage(
        text=mention + escape(text),
        heading=delivery.subject,
        paragraphs=[escape(delivery.body)] if delivery.body else [],
        facts=[(escape(name), escape(value)) for name, value in payload.get("facts", [])],
        buttons=button,
    )

"""Slack: by the bot, whose messages can be found again, or where there is none by an incoming webhook.

All messages about one incident are one thread in a channel; what pages somebody stands in the channel as well. Where
Slack can tell us what was pressed, pages have buttons: https://docs.slack.dev/interactivity
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dr_console.errors import Problem, ProviderError
from dr_console.notifications import offers
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Wish
from dr_console.operations.clock import shared_now
from dr_console.providers import registry
from dr_console.providers.capabilities.chat import Button, ChatMessage, Posted
from dr_console.providers.credentials import credential, credential_or_none
from dr_console.providers.deadlines import Deadline
from dr_console.providers.slack import SlackWebhook
from dr_console.providers.slack.blocks import escape
from dr_console.providers.slack.bot import POST

OPEN = "open"
STYLES = {Wish.ACKNOWLEDGE: "primary", Wish.ESCALATE: "danger"}


class SlackChannel:
    def may_repeat(self) -> bool:
        return False

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        if not _has_bot():
            SlackWebhook().post(message_of(delivery), deadline=deadline)
            return ""
        root = _root(delivery)
        try:
            return _reference(_post(delivery, root, deadline))
        except ProviderError as error:
            if root is None or error.problem is not Problem.NOT_FOUND:
                raise
        return _reference(_post(delivery, None, deadline))  # somebody has deleted what the thread began with

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        if not _has_bot():
            return None
        since, root = delivery.handed_over_at or delivery.created_at, _root(delivery)
        channel = root.channel if root else _channel(delivery)
        # Where the thread had lost its beginning, it stands in the channel.
        for thread in [root.id, ""] if root else [""]:
            found = registry.chat().find(channel, delivery.dedup_key, since=since, thread=thread, deadline=deadline)
            if found:
                return _reference(found)
        return ""


def change(delivery: Delivery, said: str, *, may_be_answered: bool, deadline: Deadline) -> None:
    """Make a message that stands there say also what became of it. Raises ProviderError."""
    posted = place_of(delivery)
    if posted is None:
        return
    message = message_of(delivery, said=said, may_be_answered=may_be_answered)
    registry.chat().change(posted, message, key=delivery.dedup_key, deadline=deadline)


def place_of(delivery: Delivery) -> Posted | None:
    """Where it stands; None for what an incoming webhook has written, which nobody can find again."""
    channel, _space, ids = delivery.provider_ref.partition(" ")
    id, _space, thread = ids.partition(" ")
    return Posted(channel, id, thread) if id else None


def message_of(delivery: Delivery, *, said: str = "", may_be_answered: bool = True) -> ChatMessage:
    """`said`: what became of it, shown above everything else."""
    payload = delivery.payload
    text = f"{delivery.subject}: {delivery.body}" if delivery.body else delivery.subject
    mention = f"{escape(delivery.recipient)}: " if delivery.recipient and not delivery.address else ""
    return ChatMessage(
        text=" — ".join(part for part in (escape(said), mention + escape(text)) if part),
        heading=delivery.subject,
        paragraphs=[part for part in (f"*{escape(said)}*" if said else "", escape(delivery.body)) if part],
        facts=[(escape(name), escape(value)) for name, value in payload.get("facts", [])],
        buttons=tuple(_buttons(delivery, shared_now(), may_be_answered=may_be_answered)),
    )


def pressed_at(value: str) -> tuple[int, datetime] | None:
    """Number of the message and when its buttons were made, from the value of a button; None if it is none of ours."""
    number, _space, made_at = value.partition(" ")
    try:
        return int(number), datetime.fromisoformat(made_at)
    except ValueError:
        return None


def _buttons(delivery: Delivery, at: datetime, *, may_be_answered: bool) -> Iterator[Button]:
    """The value says when they were made: what has happened since then, whoever presses has not read of."""
    if may_be_answered and _hears_buttons():
        for wish in offers.wishes(delivery):
            text, value = offers.label(wish, delivery.language), f"{delivery.pk} {at.isoformat()}"
            yield Button(text, wish.value, value, STYLES[wish])
    url = delivery.payload.get("url")
    if url:
        yield Button(delivery.payload.get("url_text") or url, OPEN, url=url)


def _post(delivery: Delivery, root: Posted | None, deadline: Deadline) -> Posted:
    return registry.chat().post(
        root.channel if root else _channel(delivery),
        message_of(delivery),
        key=delivery.dedup_key,
        thread=root.id if root else "",
        broadcast=bool(delivery.purpose),
        deadline=deadline,
    )


def _root(delivery: Delivery) -> Posted | None:
    """What the thread about this incident began with in this channel; None where nothing was written there yet."""
    if not delivery.about:
        return None
    same = Delivery.objects.filter(about=delivery.about, channel=Channel.SLACK, address=delivery.address)
    first = same.exclude(provider_ref="").exclude(pk=delivery.pk).order_by("pk").first()
    posted = place_of(first) if first else None
    if posted is None or not (delivery.address or posted.channel == _channel(delivery)):
        return None  # the channel in the settings is another one since
    return Posted(posted.channel, posted.thread or posted.id)


def _reference(posted: Posted) -> str:
    return " ".join(part for part in (posted.channel, posted.id, posted.thread) if part)


def _has_bot() -> bool:
    return bool(credential_or_none("slack", "token")) or not credential_or_none("slack", "webhook_url")


def _hears_buttons() -> bool:
    return _has_bot() and bool(credential_or_none("slack", "signing_secret"))


def _channel(delivery: Delivery) -> str:
    return delivery.address or credential("slack", "channel", operation=POST)

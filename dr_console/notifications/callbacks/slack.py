"""What was pressed in Slack: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from dr_console.errors import ProviderError
from dr_console.notifications import offers, services
from dr_console.notifications.callbacks.taken import is_new
from dr_console.notifications.channels.slack import pressed_at
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer, Wish
from dr_console.providers import registry
from dr_console.providers.deadlines import Deadline

log = structlog.get_logger(__name__)

VENDOR = "slack"
# Slack waits three seconds for all of it.
LOOK_UP_SECONDS = 1.2
MOST_NAME = 200


@dataclass(frozen=True)
class Press:
    """One button. `made_at`: when it was put there, which is what whoever presses has read of."""

    delivery_id: int
    wish: Wish
    made_at: datetime
    event_id: str


@dataclass(frozen=True)
class Presser:
    name: str
    user_id: int | None = None


def take(payload: Any) -> str:
    """Act on what was pressed: "taken", "known", or "ignored" for what is no button of ours.

    The message itself then says what came of it (edits.py). Raises what the database raises.
    """
    presses = list(_presses(payload))
    if not presses:
        return "ignored"
    presser = _presser(payload.get("user"))
    return [_answer(press, presser) for press in presses][-1]


@transaction.atomic
def _answer(press: Press, presser: Presser) -> str:
    if not is_new(VENDOR, press.event_id, press.wish.value):
        return "known"
    delivery = Delivery.objects.filter(pk=press.delivery_id, channel=Channel.SLACK).first()
    if delivery is None or press.wish not in offers.wishes(delivery):
        return "ignored"
    answer = Answer(press.wish, presser.name, Channel.SLACK, press.made_at, presser.user_id)
    services.answer(delivery, answer)
    return "taken"


def _presses(payload: Any) -> Iterator[Press]:
    if not isinstance(payload, Mapping) or payload.get("type") != "block_actions":
        return
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else []:
        button = pressed_at(str(action.get("value", ""))) if isinstance(action, Mapping) else None
        if button is not None and action.get("action_id") in set(Wish):
            event_id = f"{action.get('action_ts', '')} {action['action_id']} {button[0]}"
            yield Press(button[0], Wish(action["action_id"]), button[1], event_id)


def _presser(user: Any) -> Presser:
    """Who it was, by the name that Slack shows of them, and who that is here."""
    given = user if isinstance(user, Mapping) else {}
    name = str(given.get("name") or given.get("username") or given.get("id") or "Slack")[:MOST_NAME]
    try:
        found = registry.chat().person(str(given.get("id", "")), deadline=Deadline.after(LOOK_UP_SECONDS))
    except ProviderError as error:
        log.info("Slack does not say who pressed a button", error=str(error))
        return Presser(name)
    theirs = User.objects.filter(email__iexact=found.email or "-", is_active=True).values_list("pk", flat=True)[:2]
    return Presser(found.name[:MOST_NAME] or name, theirs[0] if len(theirs) == 1 else None)

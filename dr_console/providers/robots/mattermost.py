"""Mattermost: an incoming webhook of a channel.

https://developers.mattermost.com/integrate/webhooks/incoming/
"""

from __future__ import annotations

from typing import Any

from dr_console.errors import Problem
from dr_console.providers.capabilities.robot import RoomMessage
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Words
from dr_console.providers.robots.markup import link, plain
from dr_console.providers.robots.wire import cut, post

VENDOR = "mattermost"
A_MINUTE = 60
TITLE_BYTES, TEXT_BYTES, FACT_BYTES, MOST_FACTS = 500, 12_000, 500, 12
COLOURS = {"critical": "#c62828", "error": "#c62828", "warning": "#b26a00"}
# How the ids of its noes begin.
KINDS = {"web.incoming_webhook.invalid.app_error": Problem.NOT_FOUND, "store.sql_webhooks": Problem.NOT_FOUND}


class MattermostRobot:
    def post(self, message: RoomMessage, *, deadline: Deadline) -> None:
        post(
            VENDOR,
            body(message),
            refusal=_refusal,
            deadline=deadline,
            kinds=KINDS,
            a_minute=A_MINUTE,
            takes_any_answer=True,  # "ok"
        )


def body(message: RoomMessage) -> dict[str, Any]:
    """Buttons of Mattermost's own would have to lead back into its network: these are links."""
    title, links = plain(cut(message.title, TITLE_BYTES)), "  ·  ".join(link(one) for one in message.links)
    text = plain(cut(message.text, TEXT_BYTES))
    facts = [
        {"short": len(value) < 40, "title": plain(name), "value": plain(cut(value, FACT_BYTES))}
        for name, value in list(message.facts)[:MOST_FACTS]
    ]
    attachment = {
        "fallback": title,
        "color": COLOURS.get(message.urgency, "#1c6ea4"),
        "text": "\n\n".join(part for part in (text, links) if part),
        "fields": facts,
    }
    return {"text": f"**{title}**", "attachments": [attachment]}


def _refusal(status: int, body: Any) -> Words | None:
    if status < 400:
        return None
    found = body if isinstance(body, dict) else {}
    return Words(str(found.get("id", "")), str(found.get("message", "")))

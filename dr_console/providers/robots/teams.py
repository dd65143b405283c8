"""Microsoft Teams: a workflow of a channel that is started “when a Teams webhook request is received”.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
"""

from __future__ import annotations

from typing import Any

from dr_console.errors import Problem
from dr_console.providers.capabilities.robot import RoomMessage
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Words
from dr_console.providers.robots.markup import plain
from dr_console.providers.robots.wire import cut, post

VENDOR = "teams"
A_MINUTE = 100  # four a second, at most
TITLE_BYTES, TEXT_BYTES, FACT_BYTES, MOST_FACTS = 500, 12_000, 500, 12  # a request may have 28 KB in all
COLOURS = {"critical": "attention", "error": "attention", "warning": "warning"}
FAILED = "Webhook message delivery failed"
THROTTLED = "throttled"
KINDS = {THROTTLED: Problem.THROTTLED}


class TeamsRobot:
    def post(self, message: RoomMessage, *, deadline: Deadline) -> None:
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
        body = {"type": "message", "attachments": [attachment | {"content": card(message)}]}
        post(
            VENDOR,
            body,
            refusal=_refusal,
            deadline=deadline,
            kinds=KINDS,
            a_minute=A_MINUTE,
            takes_any_answer=True,  # a workflow answers 202 with nothing, or with whatever its owner has put there
        )


def card(message: RoomMessage) -> dict[str, Any]:
    title = {
        "type": "TextBlock",
        "text": plain(cut(message.title, TITLE_BYTES)),
        "weight": "Bolder",
        "size": "Medium",
        "wrap": True,
        "color": COLOURS.get(message.urgency, "default"),
    }
    body: list[dict[str, Any]] = [title]
    if message.text:
        body.append({"type": "TextBlock", "text": plain(cut(message.text, TEXT_BYTES)), "wrap": True})
    if message.facts:
        facts = [
            {"title": plain(name), "value": plain(cut(value, FACT_BYTES))}
            for name, value in list(message.facts)[:MOST_FACTS]
        ]
        body.append({"type": "FactSet", "facts": facts})
    actions = [{"type": "Action.OpenUrl", "title": link.text, "url": link.url} for link in message.links]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    }


def _refusal(status: int, body: Any) -> Words | None:
    """The older connectors say with status 200 that it came to nothing."""
    text = body if isinstance(body, str) else ""
    if text.startswith(FAILED):
        return Words(THROTTLED if "429" in text else "", text[:200])
    if status < 400:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return Words(str(error.get("code", "")), str(error.get("message", ""))) if isinstance(error, dict) else Words()

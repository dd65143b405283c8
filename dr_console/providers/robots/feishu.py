"""Feishu (and Lark): a custom bot of a group chat.

https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

from django.utils.timezone import now

from dr_console.errors import Problem
from dr_console.providers.capabilities.robot import RoomMessage
from dr_console.providers.deadlines import Deadline
from dr_console.providers.robots.wire import by_code, cut, post, secret_of

VENDOR = "feishu"
A_MINUTE = 100
# A request may have 20 KB in all.
TITLE_BYTES, TEXT_BYTES, FACT_BYTES, MOST_FACTS = 400, 8_000, 500, 12
COLOURS = {"critical": "red", "error": "orange", "warning": "yellow"}
# 9499 and 11232: too often; 19001: there is no such bot; 19021 signature, 19022 address of the sender, 19024 keyword.
KINDS = {
    "9499": Problem.THROTTLED,
    "11232": Problem.THROTTLED,
    "19001": Problem.NOT_FOUND,
    "19021": Problem.CREDENTIALS,
    "19022": Problem.CREDENTIALS,
    "19024": Problem.CREDENTIALS,
}


class FeishuRobot:
    def post(self, message: RoomMessage, *, deadline: Deadline) -> None:
        body = {**_signed(int(now().timestamp())), "msg_type": "interactive", "card": card(message)}
        refusal = by_code("code", "msg")
        post(VENDOR, body, refusal=refusal, deadline=deadline, kinds=KINDS, a_minute=A_MINUTE)


def card(message: RoomMessage) -> dict[str, Any]:
    """Plain text throughout: in Feishu's own markup, a tag in an alert could call everybody."""
    header = {"title": _plain(cut(message.title, TITLE_BYTES)), "template": COLOURS.get(message.urgency, "blue")}
    return {"config": {"wide_screen_mode": True}, "header": header, "elements": list(_elements(message))}


def _elements(message: RoomMessage) -> Iterator[dict[str, Any]]:
    if message.text or not (message.facts or message.links):
        yield {"tag": "div", "text": _plain(cut(message.text or message.title, TEXT_BYTES))}
    for name, value in list(message.facts)[:MOST_FACTS]:
        yield {"tag": "div", "text": _plain(cut(f"{name}: {value}", FACT_BYTES))}
    if message.links:
        buttons = [
            {
                "tag": "button",
                "text": _plain(link.text),
                "type": "primary" if link.is_main else "default",
                "url": link.url,
            }
            for link in message.links
        ]
        yield {"tag": "action", "actions": buttons}


def _plain(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}


def _signed(timestamp: int) -> dict[str, str]:
    """Where the bot is set to ask for it: HMAC-SHA256 of nothing, by time and secret as the key."""
    secret = secret_of(VENDOR)
    if not secret:
        return {}
    signature = hmac.new(f"{timestamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
    return {"timestamp": str(timestamp), "sign": base64.b64encode(signature).decode()}

"""DingTalk: a custom robot of a group.

https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from django.utils.timezone import now

from dr_console.errors import Problem
from dr_console.providers.capabilities.robot import RoomMessage
from dr_console.providers.deadlines import Deadline
from dr_console.providers.robots.markup import lines
from dr_console.providers.robots.wire import by_code, cut, post, secret_of

VENDOR = "dingtalk"
A_MINUTE = 20
TITLE_BYTES, TEXT_BYTES = 200, 15_000  # a request may have 20 KB in all
# 130101, 130102 and 410100: too often; 300001 and 300005: no such token; 310000: signature, keyword or address.
KINDS = {
    "130101": Problem.THROTTLED,
    "130102": Problem.THROTTLED,
    "410100": Problem.THROTTLED,
    "300001": Problem.NOT_FOUND,
    "300005": Problem.NOT_FOUND,
    "310000": Problem.CREDENTIALS,
}


class DingTalkRobot:
    def post(self, message: RoomMessage, *, deadline: Deadline) -> None:
        params = _signed(int(now().timestamp() * 1000))
        refusal, said = by_code("errcode", "errmsg"), body(message)
        post(VENDOR, said, refusal=refusal, deadline=deadline, kinds=KINDS, a_minute=A_MINUTE, params=params)


def body(message: RoomMessage) -> dict[str, Any]:
    """A card with buttons, or text where there is nothing to press."""
    title, text = cut(message.title, TITLE_BYTES), cut(lines(message, heading="### "), TEXT_BYTES)
    if not message.links:
        return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    buttons = [{"title": link.text, "actionURL": link.url} for link in message.links]
    return {
        "msgtype": "actionCard",
        "actionCard": {"title": title, "text": text, "btnOrientation": "0", "btns": buttons},
    }


def _signed(timestamp: int) -> dict[str, str]:
    """Where the robot is set to ask for it."""
    secret = secret_of(VENDOR)
    if not secret:
        return {}
    signature = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": str(timestamp), "sign": base64.b64encode(signature).decode()}

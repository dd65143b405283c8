"""WeCom: a message push (“group robot”) of a group chat. It signs nothing: its address alone is the key.

https://developer.work.weixin.qq.com/document/path/91770
"""

from __future__ import annotations

from dr_console.errors import Problem
from dr_console.providers.capabilities.robot import RoomMessage
from dr_console.providers.deadlines import Deadline
from dr_console.providers.robots.markup import lines, link
from dr_console.providers.robots.wire import by_code, cut, post

VENDOR = "wecom"
A_MINUTE = 20
MOST_BYTES = 4_096
# 45009: too often; 93000: the address is none, or the robot was removed from the group.
KINDS = {"45009": Problem.THROTTLED, "93000": Problem.NOT_FOUND}


class WeComRobot:
    def post(self, message: RoomMessage, *, deadline: Deadline) -> None:
        body = {"msgtype": "markdown", "markdown": {"content": text(message)}}
        post(VENDOR, body, refusal=by_code("errcode", "errmsg"), deadline=deadline, kinds=KINDS, a_minute=A_MINUTE)


def text(message: RoomMessage) -> str:
    """What is cut is the text, never what can be pressed."""
    links = "\n".join(link(one) for one in message.links)
    room = MOST_BYTES - len(links.encode()) - 2
    return "\n\n".join(part for part in (cut(lines(message, heading="### "), max(200, room)), links) if part)

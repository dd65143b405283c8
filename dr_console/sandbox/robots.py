"""Robots of chat rooms: Feishu, DingTalk, WeCom, Microsoft Teams, Mattermost. What they are sent stands in the outbox.

Each refuses in its vendor's own way: a wrong signature, a body of another shape, too many messages a minute.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dr_console.sandbox.rates import Bucket
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

ROOM = "#incidents"
FEISHU_SECRET, DINGTALK_SECRET = "sandbox-feishu-secret", "sandbox-dingtalk-secret"


@dataclass
class Said:
    """What stands in the room: everything that can be read, and the addresses that can be opened by their words."""

    text: str
    links: dict[str, str]


class Refuses(Exception):
    """`code`, `said`: the vendor's own words for no."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code, self.said = code, said


Read = Callable[[Request, dict[str, Any]], Said]
Answer = Callable[[int, str], Response]


def robots(world: World) -> Vendor:
    rooms = {name: _Room(world, name, read, answer, a_minute) for name, (read, answer, a_minute) in TABLE.items()}
    routes: list[BaseRoute] = [
        *(Route(f"/{name}/hook/{{key}}", room.take, methods=["POST"]) for name, room in rooms.items()),
        Route("/{path:path}", _nothing),
    ]
    return Vendor(name="robots", prefix="/robots", complain=_complain, routes=routes)


class _Room:
    def __init__(self, world: World, name: str, read: Read, answer: Answer, a_minute: int) -> None:
        self._world, self._name, self._read, self._answer = world, name, read, answer
        self._posted = Bucket(world.clock, a_minute / 60, a_minute)

    async def take(self, request: Request) -> Response:
        if request.path_params["key"] != f"sandbox-{self._name}":
            return self._answer(*UNKNOWN_KEY[self._name])
        if not self._posted.take("").allowed:
            return self._answer(*TOO_OFTEN[self._name])
        try:
            body = json.loads(await request.body())
            said = self._read(request, body)
        except Refuses as no:
            return self._answer(no.code, no.said)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return self._answer(*MALFORMED[self._name])
        self._world.outbox.add(self._name, ROOM, said.text, "posted", links=said.links)
        self._world.truth.effect(self._name, "robot.post", ROOM, text=said.text)
        return self._answer(0, "")


UNKNOWN_KEY = {
    "feishu": (19001, "param invalid: incoming webhook access token invalid"),
    "dingtalk": (300001, "token is not exist"),
    "wecom": (93000, "invalid webhook url"),
    "teams": (404, "The workflow does not exist."),
    "mattermost": (400, "Invalid webhook."),
}
TOO_OFTEN = {
    "feishu": (11232, "frequency limited psm"),
    "dingtalk": (130101, "send too fast, exceed 20 times per minute"),
    "wecom": (45009, "api freq out of limit"),
    "teams": (429, "Rate limit is exceeded."),
    "mattermost": (429, "Too many requests"),
}
MALFORMED = {
    "feishu": (9499, "Bad Request"),
    "dingtalk": (40035, "invalid parameter: the body is not valid"),
    "wecom": (40058, "invalid parameter"),
    "teams": (400, "The card is not valid."),
    "mattermost": (400, "Unable to parse incoming data"),
}


def _feishu(request: Request, body: dict[str, Any]) -> Said:
    key = f"{body.get('timestamp', '')}\n{FEISHU_SECRET}".encode()
    _signed(str(body.get("sign", "")), key, b"", 19021)
    card = body["card"]
    texts: list[str] = [card["header"]["title"]["content"]]
    links: dict[str, str] = {}
    for element in card["elements"]:
        if element["tag"] == "div":
            texts.append(element["text"]["content"])
        elif element["tag"] == "action":
            links |= {button["text"]["content"]: button["url"] for button in element["actions"]}
        else:
            raise ValueError(element["tag"])
    return Said("\n".join(texts), links)


def _dingtalk(request: Request, body: dict[str, Any]) -> Said:
    timestamp = request.query_params.get("timestamp", "")
    text = f"{timestamp}\n{DINGTALK_SECRET}".encode()
    _signed(request.query_params.get("sign", ""), DINGTALK_SECRET.encode(), text, 310000)
    if body["msgtype"] == "actionCard":
        card = body["actionCard"]
        return Said(card["text"], {button["title"]: button["actionURL"] for button in card["btns"]})
    return Said(body["markdown"]["text"], {}) if body["markdown"]["title"] else _no_title()


def _wecom(request: Request, body: dict[str, Any]) -> Said:
    content = body["markdown"]["content"]
    if body["msgtype"] != "markdown" or not content:
        raise ValueError(body["msgtype"])
    if len(content.encode()) > 4_096:
        raise Refuses(40058, "markdown.content exceed max length 4096")
    return Said(content, _links_in(content))


def _teams(request: Request, body: dict[str, Any]) -> Said:
    [attachment] = body["attachments"]
    card = attachment["content"]
    if (body["type"], card["type"]) != ("message", "AdaptiveCard"):
        raise ValueError(body["type"])
    texts: list[str] = []
    for block in card["body"]:
        facts = block.get("facts", ())
        texts += [f"{fact['title']}: {fact['value']}" for fact in facts] if facts else [block["text"]]
    return Said("\n".join(texts), {action["title"]: action["url"] for action in card["actions"]})


def _mattermost(request: Request, body: dict[str, Any]) -> Said:
    [attachment] = body["attachments"]
    fields = [f"{field['title']}: {field['value']}" for field in attachment["fields"]]
    return Said("\n".join([body["text"], attachment["text"], *fields]), _links_in(attachment["text"]))


def _signed(given: str, key: bytes, text: bytes, code: int) -> None:
    """When it was signed is not looked at: the console goes by its own clock, and the world's may be elsewhere."""
    expected = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise Refuses(code, "sign match fail or timestamp is not within one hour from current time")


def _links_in(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split("[")[1:]:
        words, bracket, rest = part.partition("](")
        if bracket:
            found[words] = rest.partition(")")[0]
    return found


def _no_title() -> Said:
    raise ValueError("title")


def _feishu_answer(code: int, said: str) -> Response:
    return JSONResponse({"code": code, "msg": said or "success", "data": {}})


def _chinese_answer(code: int, said: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": said or "ok"})


def _teams_answer(code: int, said: str) -> Response:
    return JSONResponse({"error": {"code": str(code), "message": said}}, code) if code else Response(status_code=202)


def _mattermost_answer(code: int, said: str) -> Response:
    if not code:
        return Response("ok", media_type="text/plain")
    id = "web.incoming_webhook.invalid.app_error" if said == "Invalid webhook." else "web.incoming_webhook.app_error"
    return JSONResponse({"id": id, "message": said, "status_code": code}, code)


TABLE: dict[str, tuple[Read, Answer, int]] = {
    "feishu": (_feishu, _feishu_answer, 100),
    "dingtalk": (_dingtalk, _chinese_answer, 20),
    "wecom": (_wecom, _chinese_answer, 20),
    "teams": (_teams, _teams_answer, 240),
    "mattermost": (_mattermost, _mattermost_answer, 600),
}


async def _nothing(request: Request) -> Response:
    return JSONResponse({"error": "there is no such room"}, 404)


def _complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    headers = {"Retry-After": str(int(retry_after))} if retry_after else None
    return JSONResponse({"error": {"code": str(status), "message": "sandbox fault"}}, status, headers)

"""Slack as one vendor of the sandbox, and what only people can do there: press a button, type a command, write."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dr_console.sandbox import forms, loopback
from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.slack.calls import Front, Given, Method, No, Throttled, complain, throttled_answer
from dr_console.sandbox.slack.chat import Chat, parts
from dr_console.sandbox.slack.conversations import Conversations
from dr_console.sandbox.slack.interactions import Interactions, buttons_of
from dr_console.sandbox.slack.workspace import BOT_USER, Channel, Message, Person, Workspace, channel_shown
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

WEBHOOK_CHANNEL = "C0INCIDENTS"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Addresses(Strict):
    """The app's request URLs, as its owner sets them at Slack."""

    request_url: str = ""
    command_url: str = ""


class Press(Strict):
    """Press the button `action` (of `value`, where several have the same) of the newest message that has it."""

    action: str
    value: str = ""
    ts: str = ""
    by: str = "U0ONCALL"
    url: str = ""


class Command(Strict):
    command: str
    text: str = ""
    channel: str = "C0INCIDENTS"
    by: str = "U0ONCALL"
    url: str = ""


class Says(Strict):
    text: str
    channel: str = "C0INCIDENTS"
    thread: str = ""
    by: str = "U0ONCALL"


def slack(world: World) -> Vendor:
    workspace = Workspace(world)
    chat, interactions = Chat(workspace), Interactions(workspace)
    return Vendor(
        name="slack",
        prefix="/slack",
        complain=complain,
        routes=_routes(workspace, chat, interactions),
        control=_Controls(workspace, interactions).routes(),
        state=lambda: _state(workspace),
    )


def _routes(workspace: Workspace, chat: Chat, interactions: Interactions) -> list[BaseRoute]:
    front = Front(workspace)
    methods = _methods(chat, Conversations(workspace, chat))
    routes: list[BaseRoute] = [
        Route(f"/api/{name}", front.view(name, method, tier), methods=["GET", "POST"])
        for name, (method, tier) in methods.items()
    ]

    def unknown(given: Given) -> dict[str, Any]:
        raise No("unknown_method")

    async def webhook(request: Request) -> Response:
        return await _webhook(workspace, chat, request)

    async def respond(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _words("invalid_payload", 400)
        wrong = interactions.respond(request.path_params["id"], body)
        return JSONResponse({"ok": False, "error": wrong}, 404) if wrong else JSONResponse({"ok": True})

    return [
        *routes,
        Route("/api/{method:path}", front.view("unknown", unknown, 0), methods=["GET", "POST"]),
        Route("/services/{team}/{bot}/{secret}", webhook, methods=["POST"]),
        Route("/actions/{team}/{bot}/{id}", respond, methods=["POST"]),
    ]


def _methods(chat: Chat, conversations: Conversations) -> dict[str, tuple[Method, int]]:
    """Each method and its tier; 0 is one with a limit of its own, or none that matters here."""
    return {
        "api.test": (conversations.api_test, 4),
        "auth.test": (conversations.test, 0),
        "bots.info": (conversations.bot, 3),
        "chat.postMessage": (chat.post, 0),
        "chat.postEphemeral": (chat.ephemeral, 4),
        "chat.update": (chat.update, 3),
        "chat.delete": (chat.delete, 3),
        "chat.getPermalink": (chat.permalink, 0),
        "conversations.archive": (conversations.archive, 2),
        "conversations.create": (conversations.create, 2),
        "conversations.history": (conversations.history, 3),
        "conversations.info": (conversations.info, 3),
        "conversations.invite": (conversations.invite, 3),
        "conversations.join": (conversations.join, 3),
        "conversations.list": (conversations.all, 2),
        "conversations.members": (conversations.members, 4),
        "conversations.open": (conversations.open, 3),
        "conversations.replies": (conversations.replies, 3),
        "conversations.setPurpose": (conversations.set_purpose, 2),
        "conversations.setTopic": (conversations.set_topic, 2),
        "pins.add": (chat.pin, 2),
        "pins.list": (chat.pins, 2),
        "pins.remove": (chat.unpin, 2),
        "reactions.add": (chat.add_reaction, 3),
        "reactions.get": (chat.reactions, 3),
        "reactions.remove": (chat.remove_reaction, 2),
        "team.info": (conversations.team, 3),
        "users.info": (conversations.user, 4),
        "users.list": (conversations.users, 2),
        "users.lookupByEmail": (conversations.by_email, 3),
    }


async def _webhook(workspace: Workspace, chat: Chat, request: Request) -> Response:
    """An incoming webhook: JSON, or a form with the JSON in `payload`; answers are plain words."""
    try:
        made, channel = await _webhook_message(workspace, request)
        chat.take(channel, made.thread)
    except ValueError:
        return _words("invalid_payload", 400)
    except No as no:
        return _words(
            no.error, {"no_team": 404, "channel_not_found": 404, "channel_is_archived": 410}.get(no.error, 400)
        )
    except Throttled as throttled:
        return throttled_answer(throttled.seconds)
    workspace.post(channel, made)
    workspace.world.truth.effect("slack", "webhook", channel.id, text=made.text)
    return _words("ok", 200)


async def _webhook_message(workspace: Workspace, request: Request) -> tuple[Message, Channel]:
    # A form has it in `payload`; many a script sends bare JSON and calls it a form, and is understood.
    payload = dict(await forms.fields(request)).get("payload")
    body = json.loads(await request.body() if payload is None else payload)
    given = Given(body if isinstance(body, dict) else {})
    blocks, attachments, metadata = parts(given)
    path = request.path_params
    if not (path["team"].startswith("T") and path["bot"].startswith("B")):
        raise No("no_team")
    if not given.text("text") and not blocks and not attachments:
        raise No("no_text")
    channel = workspace.channel(given.text("channel") or WEBHOOK_CHANNEL)
    if channel is None or channel.archived:
        raise No("channel_is_archived" if channel else "channel_not_found")
    ts, thread = workspace.new_ts(), given.text("thread_ts")
    return Message(ts, given.text("text"), BOT_USER, thread, blocks, attachments, metadata), channel


def _words(said: str, status: int) -> Response:
    return Response(said, status, media_type="text/html")


class _Controls:
    """Below /control/slack."""

    def __init__(self, workspace: Workspace, interactions: Interactions) -> None:
        self._workspace, self._interactions = workspace, interactions

    def routes(self) -> list[BaseRoute]:
        table = {"/addresses": self._addresses, "/press": self._press, "/command": self._command, "/say": self._say}
        return [Route(path, answering(view), methods=["POST"]) for path, view in table.items()]

    async def _addresses(self, request: Request) -> Response:
        given = await read_as(request, Addresses)
        self._interactions.request_url = _here("request_url", given.request_url)
        self._interactions.command_url = _here("command_url", given.command_url)
        return JSONResponse({"status": "ok"})

    async def _press(self, request: Request) -> Response:
        given = await read_as(request, Press)
        found = _button(self._workspace, given)
        if found is None:
            raise WrongInput("action", f"action: no message has a button “{given.action}”.", 404)
        url = _here("url", given.url) or self._interactions.request_url
        if not url:
            raise WrongInput("url", "url: give it here or at /control/slack/addresses.")
        person = self._person(given.by)
        return await _sent(self._interactions.press(url, _base(request), person, *found))

    async def _command(self, request: Request) -> Response:
        given = await read_as(request, Command)
        url = _here("url", given.url) or self._interactions.command_url
        if not url:
            raise WrongInput("url", "url: give it here or at /control/slack/addresses.")
        person, channel = self._person(given.by), self._channel(given.channel)
        sent = self._interactions.command(url, _base(request), person, channel, given.command, given.text)
        return await _sent(sent)

    async def _say(self, request: Request) -> Response:
        given = await read_as(request, Says)
        person, channel = self._person(given.by), self._channel(given.channel)
        ts = self._workspace.new_ts()
        self._workspace.post(channel, Message(ts, given.text, person.id, given.thread, by_bot=False))
        return JSONResponse({"channel": channel.id, "ts": ts})

    def _person(self, id: str) -> Person:
        found = self._workspace.people.get(id)
        if found is None:
            raise WrongInput("by", f"by: there is nobody “{id}”.")
        return found

    def _channel(self, named: str) -> Channel:
        found = self._workspace.channel(named)
        if found is None:
            raise WrongInput("channel", f"channel: there is none “{named}”.")
        return found


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/").removesuffix("/control/slack")


def _here(field: str, url: str) -> str:
    if url and not loopback.is_here(url):
        raise WrongInput(field, f"{field}: {url} is not on this machine, and the sandbox sends nowhere else.")
    return url


async def _sent(sending: Any) -> Response:
    try:
        status, said = await sending
    except (OSError, TimeoutError) as error:
        return JSONResponse({"status": 0, "said": str(error) or type(error).__name__})
    return JSONResponse({"status": status, "said": said})


def _button(workspace: Workspace, given: Press) -> tuple[Channel, Message, dict[str, Any]] | None:
    pairs = [(channel, message) for channel in workspace.channels.values() for message in channel.messages.values()]
    for channel, message in sorted(pairs, key=lambda pair: pair[1].ts, reverse=True):
        elements = [element for block in message.blocks for element in buttons_of(block)]
        for element in elements if given.ts in ("", message.ts) else ():
            if element.get("action_id") == given.action and given.value in ("", element.get("value")):
                return channel, message, element
    return None


def _state(workspace: Workspace) -> dict[str, Any]:
    channels = workspace.channels.values()
    return {"channels": [{**channel_shown(one), "messages": len(one.messages)} for one in channels]}

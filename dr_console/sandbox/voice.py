"""A telephone service of one's own, as the generic voice webhook asks it: docs/clouds.md describes the protocol."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dr_console.sandbox import loopback
from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.callbacks import Callbacks
from dr_console.sandbox.outbox import Message
from dr_console.sandbox.telephones import UNANSWERED, Does, Habit, number_of
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

SECRET = "sandbox-voice-secret"
WINDOW_SECONDS = 5 * 60
RING_SECONDS = 30.0
TALK_SECONDS = 20.0
ANSWER_WITHIN_SECONDS = 10.0


class Asked(BaseModel):
    """What is posted to ask for a call."""

    model_config = ConfigDict(extra="forbid", strict=True)

    key: str = Field(min_length=1, max_length=255)
    to: str
    text: str = Field(min_length=1)
    question: str = ""
    language: str = "en"
    times: int = Field(1, ge=1, le=10)
    keys_url: str = ""
    status_url: str = ""


class Answers(BaseModel):
    """Somebody answers the newest call to `to` (or this `call`), and presses `digits` if there are any."""

    model_config = ConfigDict(extra="forbid", strict=True)

    call: str = ""
    to: str = ""
    does: Does = "press"
    digits: str = Field("", pattern=r"^[0-9*#]*$")


@dataclass
class Call:
    id: str
    asked: Asked
    to: str
    arrived: Message
    status: str = "queued"
    answered_by: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    digits: str = ""

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    def shown(self) -> dict[str, Any]:
        seconds = int(self.ended_at - (self.started_at or self.ended_at)) if self.ended_at else None
        return {
            "id": self.id,
            "key": self.asked.key,
            "to": self.to,
            "status": self.status,
            "answered_by": self.answered_by,
            "seconds": seconds,
        }


def voice(world: World) -> Vendor:
    service = _Service(world)
    routes: list[BaseRoute] = [
        Route("/calls", service.create, methods=["POST"]),
        Route("/calls/{id}", service.get, methods=["GET"]),
        Route("/{path:path}", service.nothing),
    ]
    control: list[BaseRoute] = [Route("/answer", answering(service.answer), methods=["POST"])]
    return Vendor(
        name="voice",
        prefix="/voice",
        complain=_complain,
        routes=routes,
        control=control,
        state=lambda: {"calls": [call.shown() for call in service.calls.values()]},
    )


class _Service:
    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: dict[str, Call] = {}
        self._callbacks = Callbacks()

    async def create(self, request: Request) -> Response:
        body = await request.body()
        if not self._is_signed(request, body):
            return _no(401, "unsigned", "X-DR-Signature is missing, wrong or too old")
        try:
            asked = Asked.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            return _no(400, "invalid", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        to = number_of(asked.to)
        if not to:
            return _no(400, "invalid_number", f"{asked.to} is no telephone number")
        for url in (asked.keys_url, asked.status_url):
            if url and not loopback.is_here(url):
                return _no(400, "invalid_url", f"{url} is not on this machine, and the sandbox sends nowhere else")
        known = next((call for call in self.calls.values() if call.asked.key == asked.key), None)
        if known:
            return JSONResponse(known.shown(), 200)
        return JSONResponse(self._call(asked, to).shown(), 201)

    async def get(self, request: Request) -> Response:
        if not self._is_signed(request, b""):
            return _no(401, "unsigned", "X-DR-Signature is missing, wrong or too old")
        call = self.calls.get(request.path_params["id"])
        return JSONResponse(call.shown()) if call else _no(404, "not_found", "there is no such call")

    async def nothing(self, request: Request) -> Response:
        return _no(404, "not_found", "there is no such thing")

    async def answer(self, request: Request) -> Response:
        given = await read_as(request, Answers)
        calls = [call for call in self.calls.values() if not call.is_over]
        wanted = [call for call in calls if call.id == given.call or call.to == number_of(given.to)]
        if not wanted:
            raise WrongInput("call", "call: no such call is under way.", 404)
        self._picked_up(wanted[-1], Habit(given.does, given.digits, 0.0, 1.0))
        return JSONResponse(wanted[-1].shown())

    def _call(self, asked: Asked, to: str) -> Call:
        words = " ".join(part for part in (asked.text, asked.question) if part)
        arrived = self.world.outbox.add("phone", to, words, "queued", key=asked.key)
        id = f"call-{self.world.random.getrandbits(64):016x}"
        arrived.detail["call"] = id
        call = self.calls[id] = Call(id, asked, to, arrived)
        self.world.truth.effect("voice", "call.create", to, key=asked.key)
        habit = self.world.telephones.habit(to)
        self.world.clock.later(1.0, lambda: self._becomes(call, "ringing"))
        if habit.does == "ring" or habit.does in UNANSWERED:
            ends = UNANSWERED.get(habit.does, "no-answer")
            wait = RING_SECONDS if ends == "no-answer" else 2.0
            self.world.clock.later(wait, lambda: self._not_taken(call, ends))
        else:
            self.world.clock.later(1.0 + habit.after, lambda: self._picked_up(call, habit))
        return call

    def _picked_up(self, call: Call, habit: Habit) -> None:
        if call.is_over:
            return
        if habit.does in UNANSWERED:
            self._ends(call, UNANSWERED[habit.does])
            return
        call.started_at = call.started_at or self.world.clock.now()
        call.answered_by = "machine" if habit.does == "voicemail" else "human"
        self._becomes(call, "in-progress")
        if habit.digits:
            self.world.clock.later(habit.thinks, lambda: self._pressed(call, habit.digits))
        self.world.clock.later(TALK_SECONDS, lambda: self._ends(call, "completed"))

    def _pressed(self, call: Call, digits: str) -> None:
        if call.is_over:
            return
        call.digits += digits
        call.arrived.detail["digits"] = call.digits
        self.world.truth.effect("voice", "key", call.to, digits=digits, key=call.asked.key)
        if call.asked.keys_url:
            self._send(call.asked.keys_url, {"id": call.id, "key": call.asked.key, "to": call.to, "digits": digits})
        self._ends(call, "completed")

    def _not_taken(self, call: Call, status: str) -> None:
        if call.started_at is None:
            self._ends(call, status)

    def _ends(self, call: Call, status: str) -> None:
        if not call.is_over:
            call.ended_at = self.world.clock.now()
            self._becomes(call, status)

    def _becomes(self, call: Call, status: str) -> None:
        call.status = call.arrived.state = status
        if call.asked.status_url:
            self._send(call.asked.status_url, call.shown())

    def _send(self, url: str, what: dict[str, Any]) -> None:
        body = json.dumps(what).encode()
        # By our own clock, as Slack's: the world's may run faster.
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-DR-Signature": f"t={timestamp},v1={_signed(timestamp, body)}",
        }
        self._callbacks.call("POST", url, headers, body, within=ANSWER_WITHIN_SECONDS, queue=url)

    def _is_signed(self, request: Request, body: bytes) -> bool:
        """The console signs by its own clock, so that the world's is not held against it."""
        parts = dict(part.split("=", 1) for part in request.headers.get("x-dr-signature", "").split(",") if "=" in part)
        return hmac.compare_digest(parts.get("v1", "").encode(), _signed(parts.get("t", ""), body).encode())


def _signed(timestamp: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _no(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    return _no(status, {401: "unsigned", 403: "unsigned", 429: "too_many"}.get(status, "error"), "sandbox fault")
